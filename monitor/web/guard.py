"""Who is let in, to what. Asked before every request; whoever is not let in gets no further than here.

In this order: is it us who is asked for (Host), does a page of another site ask (Origin), and may this caller have it (session, token, or
an open page that only this machine can reach).
"""

from __future__ import annotations

import hmac
import math

import flask
from flask.typing import ResponseReturnValue

from monitor.clock import Clock
from monitor.config.address import split_listen
from monitor.config.schema import WebSettings
from monitor.web.answers import refuse
from monitor.web.caller import Caller, caller, crosses_sites
from monitor.web.hosts import is_ours, own_names
from monitor.web.sessions import Attempts, Session, Sessions

COOKIE = "session"
UNGUARDED = frozenset({"/login", "/static/style.css", "/healthz"})
"""What anybody gets, once a password is set."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_SMALL_BODY = 65_536
"""Bytes that a request may bring unless it brings a picture."""

_TOKENS_TRIED = 1000
"""How many wrong tokens in all, in the time of `sessions.WINDOW`, before none is looked at: far more than one at each address of a home, so
that none of them keeps the scripts of the others out."""


class Guard:
    """Judges requests by the settings. What it found out is in `flask.g`: `caller`, `csrf` ("" unless signed in)."""

    def __init__(self, settings: WebSettings, clock: Clock) -> None:
        self.sessions = Sessions(clock)
        self._names = own_names([*settings.allowed_hosts, split_listen(settings.listen)[0]])
        self._tokens = [token.get_secret_value().encode() for token in settings.tokens]
        self._attempts = Attempts(clock, _TOKENS_TRIED)
        self._has_password = settings.password_hash is not None
        self._open = not self._has_password and not self._tokens

    def judge(self) -> ResponseReturnValue | None:
        """Let the present request through (None), or give what it gets instead."""
        request = flask.request
        host = request.headers.get("Host", "")
        if not is_ours(host, self._names):
            refuse(421, f"this page is not asked for as {host[:100]!r}; if that name is right, add it to web.allowed_hosts")
        flask.g.caller = who = caller(request.remote_addr or "", request.headers)
        flask.g.csrf = ""
        if crosses_sites(request.headers, host) and not self._is_link():
            refuse(403, "a page of another site asked for this; open it by its own address")
        if request.path != "/predict":
            request.max_content_length = _SMALL_BODY
        if self._open:
            if not who.local:
                refuse(403, "no password is set, so only this machine is let in; set web.password_hash (`monitor hash-password`)")
            return None
        session = self.sessions.find(request.cookies.get(COOKIE, ""))
        if session is not None:
            self._signed_in(session)
            return None
        if "Authorization" in request.headers:
            self._with_token(who)
            return None
        if request.path in UNGUARDED and (self._has_password or request.path != "/login"):
            return None
        return self._stranger()

    def _is_link(self) -> bool:
        """Tell whether somebody followed a link to here, which shows our page and nothing to the site with the link."""
        headers = flask.request.headers
        followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest", "document") == "document"
        return flask.request.method == "GET" and followed and (not self._open or flask.request.path == "/")

    def _signed_in(self, session: Session) -> None:
        flask.g.csrf = session.csrf
        sent = flask.request.headers.get("X-CSRF-Token", "")
        # Whoever is signed in and signs in again sends a form, which has a token of its own.
        if flask.request.method not in _SAFE and flask.request.path != "/login" and not _same(sent, session.csrf):
            refuse(403, "the header X-CSRF-Token is missing or old; load the page again")

    def _with_token(self, who: Caller) -> None:
        scheme, _, token = flask.request.headers["Authorization"].partition(" ")
        wait = self._attempts.wait(who.address)
        if wait:
            refuse(429, f"too many wrong tokens came from here; try again in {in_words(wait)}", math.ceil(wait))
        # All are compared, and each in constant time.
        known = [hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), ours) for ours in self._tokens]
        if scheme.lower() != "bearer" or not any(known):
            self._attempts.count(who.address)
            refuse(401, "the token is not one of web.tokens; send one as `Authorization: Bearer TOKEN`")
        if flask.request.method not in _SAFE and flask.request.path != "/predict":
            refuse(403, "a token may look and change nothing; sign in on the page instead")

    def _stranger(self) -> ResponseReturnValue:
        if self._has_password and flask.request.path == "/":
            return flask.redirect("/login", 303)
        page = "sign in at /login" if self._has_password else "set web.password_hash (`monitor hash-password`) to sign in on the page"
        return refuse(401, f"{page}, or send one of web.tokens as `Authorization: Bearer TOKEN`")


def in_words(seconds: float) -> str:
    """Say how long somebody has to wait."""
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _same(sent: str, ours: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), ours.encode())
