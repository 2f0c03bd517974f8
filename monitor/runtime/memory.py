"""How the C library keeps memory that was freed."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""The numbers that glibc's malloc.h gives these options."""


def keep_little_memory() -> None:
    """Have freed pictures go back to the system, and threads share two heaps. Does nothing where there is no glibc.

    Frames of megabytes pass from thread to thread. Left to itself glibc keeps what was freed, in a heap for each thread, for pictures
    that come again in another size or thread.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_TRIM_THRESHOLD, 128 * 1024), (_MMAP_THRESHOLD, 128 * 1024), (_ARENA_MAX, 2)):
            mallopt(option, value)
