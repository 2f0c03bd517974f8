"""Names that may stand in an MQTT topic."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 64


def slug(text: str) -> str:
    """Turn any text into `[a-z0-9_-]{1,64}`, or "" where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_-]+", "_", plain).strip("_")[:MAX_LENGTH].strip("_")
