"""Saying a thing once, however often a camera is opened again."""

from __future__ import annotations

import functools
import logging

log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=1000)
def warn_once(message: str) -> None:
    """Log a warning the first time that it is given; of the last thousand different ones."""
    log.warning("%s", message)
