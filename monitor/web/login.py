"""Signing in and out."""

from __future__ import annotations

import hmac
import logging
import math
import secrets

import flask
from flask.typing import ResponseReturnValue

from monitor.clock import Clock
from monitor.config.password import PasswordHash
from monitor.config.schema import WebSettings
from monitor.web.guard import COOKIE, Guard, in_words
from monitor.web.sessions import LASTS, Attempts
from monitor.web.window import Window

log = logging.getLogger(__name__)

_FORM_COOKIE = "login"
"""What a form for signing in must bring along: no other site can know it, nor set it."""


def blueprint(window: Window, settings: WebSettings, guard: Guard, clock: Clock) -> flask.Blueprint:
    """Serve /login and /logout. The template `login.html` has `node`, `csrf` and `error` ("" the first time)."""
    routes = flask.Blueprint("login", __name__)
    attempts = Attempts(clock)
    known = _read(settings)

    def page(status: int = 200, error: str = "") -> flask.Response:
        csrf = flask.request.cookies.get(_FORM_COOKIE, "") or secrets.token_urlsafe(32)
        text = flask.render_template("login.html", node=window.config().get("node", ""), csrf=csrf, error=error)
        response = flask.make_response(text, status)
        _set(response, _FORM_COOKIE, csrf, path="/login", max_age=None)
        return response

    @routes.get("/login")
    def form() -> ResponseReturnValue:
        if settings.password_hash is None or flask.g.csrf:
            return flask.redirect("/", 303)
        return page()

    @routes.post("/login")
    def sign_in() -> ResponseReturnValue:
        sent = flask.request.form
        ours = flask.request.cookies.get(_FORM_COOKIE)
        if not ours or not _same(sent.get("csrf", ""), ours):
            return page(403, "This form was too old, or cookies are off. Please try again.")
        address = flask.g.caller.address
        wait = attempts.count(address)
        if wait:
            response = page(429, f"Too many attempts failed. Please try again in {in_words(wait)}.")
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        # Both are judged whatever the other is: how long it takes tells nobody which was wrong.
        right = known is not None and known.fits(sent.get("password", ""))
        if not (_same(sent.get("username", ""), settings.username) and right):
            log.warning("someone at %s could not sign in: wrong name or password", address)
            return page(401, "The name or the password is wrong.")
        attempts.forget(address)
        log.info("someone at %s signed in", address)
        guard.sessions.end(flask.request.cookies.get(COOKIE, ""))
        response = flask.make_response(flask.redirect("/", 303))
        response.delete_cookie(_FORM_COOKIE, path="/login")
        _set(response, COOKIE, guard.sessions.begin(), path="/", max_age=int(LASTS))
        return response

    @routes.post("/logout")
    def sign_out() -> ResponseReturnValue:
        guard.sessions.end(flask.request.cookies.get(COOKIE, ""))
        response = flask.make_response(flask.redirect("/login", 303))
        response.delete_cookie(COOKIE)
        return response

    return routes


def _read(settings: WebSettings) -> PasswordHash | None:
    """Read the hash; one that is none lets nobody in."""
    if settings.password_hash is None:
        return None
    try:
        return PasswordHash.parse(settings.password_hash.get_secret_value())
    except ValueError as error:
        log.error("nobody can sign in on the page: web.password_hash %s", error)
        return None


def _set(response: flask.Response, name: str, value: str, path: str, max_age: int | None) -> None:
    response.set_cookie(name, value, path=path, max_age=max_age, httponly=True, samesite="Strict", secure=flask.g.caller.https)


def _same(sent: str, ours: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), ours.encode("utf-8", "surrogatepass"))
