"""Passwords as scrypt hashes: `scrypt$n$r$p$salt$hash`, salt and hash in base64."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from typing import Self

SHORTEST = 8
LONGEST = 1024
"""Characters of a password; NIST SP 800-63B asks for at least 8, and for room for long ones."""

_N, _R, _P = 2**14, 8, 5
"""What scrypt costs: 128 * n * r bytes, here 16 MB, p times over. Of the settings that OWASP's Password Storage Cheat Sheet holds for equal
this is the one whose memory a Raspberry Pi with 512 MB has to spare while it watches."""

_SALT = 16
_MEMORY = 128 * 2**20
"""Bytes that the check of a stored hash may take: those of OWASP's figures, and no more, whoever wrote the hash."""

_turn = threading.Lock()
"""One check at a time, as each takes its memory."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is kept of a password. n, r, p: scrypt's costs."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str, n: int = _N) -> Self:
        """Hash a password with a new salt."""
        salt = secrets.token_bytes(_SALT)
        return cls(n, _R, _P, salt, _scrypt(password, salt, n, _R, _P, 32))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gives. ValueError: it is something else, or would cost more than 128 MB."""
        try:
            name, *costs, salt, digest = text.split("$")
            n, r, p = (int(cost) if cost.isascii() and cost.isdigit() else 0 for cost in costs)
            found = cls(n, r, p, base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True))
        except ValueError:
            raise _refused() from None
        power_of_two = found.n > 1 and not found.n & (found.n - 1)
        affordable = 1 <= found.r <= 32 and 1 <= found.p <= 16 and 128 * found.n * found.r <= _MEMORY
        if name != "scrypt" or not power_of_two or not affordable or not 8 <= len(found.salt) <= 64 or not 16 <= len(found.digest) <= 64:
            raise _refused()
        return found

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(data).decode() for data in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"

    def fits(self, password: str) -> bool:
        """Tell whether it is the hash of this password; takes as long for a wrong one."""
        if len(password) > LONGEST:
            return False
        with _turn:
            return hmac.compare_digest(_scrypt(password, self.salt, self.n, self.r, self.p, len(self.digest)), self.digest)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    # OpenSSL counts a little more than the 128 * n * r bytes. A form may bring half of a surrogate pair, which UTF-8 has no bytes for.
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=2 * _MEMORY, dklen=length)


def _refused() -> ValueError:
    return ValueError("must be a line that `monitor hash-password` printed: scrypt$n$r$p$salt$hash")
