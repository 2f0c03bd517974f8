"""Answering a camera that asks who is there: HTTP Basic and Digest authentication, which RTSP has taken over (RFC 7616, 7617)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from urllib.request import parse_http_list, parse_keqv_list

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Login:
    """Who we are to one camera, and the challenge that it last put. username: None if there is none to give."""

    def __init__(self, username: str | None, password: str) -> None:
        self._username = username
        self._password = password
        self._challenges: list[str] = []
        self._count = 0

    def take(self, challenges: list[str]) -> bool:
        """Note new `WWW-Authenticate` challenges; tell whether there is an answer to them."""
        self._challenges, self._count = challenges, 0
        return self._username is not None and authorization(challenges, "GET", "/", self._username, self._password) is not None

    def answer(self, method: str, uri: str) -> str | None:
        """Give the Authorization header for the next request; None before there was a challenge. A nonce is used again, and counted."""
        if self._username is None:
            return None
        self._count += 1
        return authorization(self._challenges, method, uri, self._username, self._password, self._count)


def authorization(challenges: Iterable[str], method: str, uri: str, username: str, password: str, count: int = 1) -> str | None:
    """Give the value of the Authorization header for the first of the `WWW-Authenticate` challenges that can be answered, Digest first.

    count: how many requests answer these challenges, this one included.
    """
    # A challenge may be folded over lines (RFC 9112, 5.2); in our answer a line would be a header of the camera's choosing.
    unfolded = (" ".join(challenge.splitlines()).strip() for challenge in challenges)
    offers = [(scheme.lower(), rest) for scheme, _, rest in (challenge.partition(" ") for challenge in unfolded)]
    for scheme, rest in offers:
        if scheme == "digest" and (answer := _digest(_fields(rest), method, uri, username, password, count)):
            return answer
    if any(scheme == "basic" for scheme, _ in offers):
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    return None


def _fields(challenge: str) -> dict[str, str]:
    """The fields of a Digest challenge, none of them if it is garbled."""
    try:
        return parse_keqv_list(parse_http_list(challenge))
    except (ValueError, IndexError):  # the latter for a field without a value
        return {}


def _digest(challenge: dict[str, str], method: str, uri: str, username: str, password: str, count: int) -> str | None:
    algorithm = challenge.get("algorithm", "MD5")
    name = _HASHES.get(algorithm.upper())
    if name is None or "nonce" not in challenge:
        return None

    def digest(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    realm, nonce = challenge.get("realm", ""), challenge["nonce"]
    who, what = digest(username, realm, password), digest(method, uri)
    fields = {"username": username, "realm": realm, "nonce": nonce, "uri": uri}
    if "auth" in challenge.get("qop", "").replace(" ", "").split(","):
        nc, cnonce = f"{count:08x}", secrets.token_hex(8)
        fields["response"] = digest(who, nonce, nc, cnonce, "auth", what)
        extra = f', algorithm={algorithm}, qop=auth, nc={nc}, cnonce="{cnonce}"'
    else:
        fields["response"] = digest(who, nonce, what)
        extra = ""
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    return "Digest " + ", ".join(f'{key}="{_quoted(value)}"' for key, value in fields.items()) + extra


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
