"""Making a line of log safe to keep and to look at: no secret in it, and no character that acts on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"

# Escape sequences, line ends of every kind, and the marks that turn the reading direction around: a label or a camera's
# answer could otherwise forge a line of log or rewrite what is on the screen.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_USER_IN_URL = re.compile(r"(?<=://)[^\s/?#]*@")


def escape(text: str) -> str:
    r"""Write control characters as Python would (`\n`, `\x1b`), so that a message stays one harmless line."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Redactor:
    """Replaces known secrets, as they are, percent-encoded in part or whole, or backslash-escaped; and user names in URLs."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known: set[str] = set()
        self._secrets: re.Pattern[str] | None = None
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Replace these, too."""
        self._known |= {secret for secret in secrets if secret}
        # The longest first: one secret may begin another.
        patterns = [_pattern(secret) for secret in sorted(self._known, key=len, reverse=True)]
        self._secrets = re.compile("|".join(patterns)) if patterns else None

    def clean(self, text: str) -> str:
        """Return `text` without what must not be seen, on one line."""
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        return escape(_USER_IN_URL.sub(f"{MASK}@", text))


def _pattern(secret: str) -> str:
    return "".join(_spellings(character) for character in secret)


def _spellings(character: str) -> str:
    r"""A pattern for one character however it may be written: `/`, `%2f`, `%2F`, `\/`."""
    encoded = quote(character, safe="", errors="surrogatepass")
    if encoded == character:
        encoded = f"%{ord(character):02X}"
    plain = re.escape(character) if character.isalnum() else rf"\\?{re.escape(character)}"
    return rf"(?:{plain}|(?i:{encoded})" + (r"|\+" if character == " " else "") + ")"
