"""Whether a picture is the one before it once more, to the bit. A living sensor never gives the same picture twice."""

from __future__ import annotations

from zlib import crc32

from monitor.values import Glimpse

_ROWS = 64
"""Rows of the picture that are compared, spread evenly: 0.1 ms at 1080p. The grey picture sees what happens between them."""


class Repeats:
    """Tell repeated pictures from new ones."""

    def __init__(self) -> None:
        self._sum: tuple[int, int] | None = None
        self._began = 0.0
        self.same = False
        self.seconds = 0.0

    def see(self, glimpse: Glimpse) -> None:
        """Take note of a picture. Sets `same`, and `seconds` for which it has been there."""
        image = glimpse.image
        rows = image[:: max(1, image.shape[0] // _ROWS)].tobytes()
        # the shape is part of it: two black pictures of different size are two pictures
        seen = crc32(rows), crc32(glimpse.grey.tobytes(), hash(image.shape) & 0xFFFFFFFF)
        self.same = seen == self._sum
        if not self.same:
            self._sum, self._began = seen, glimpse.at.mono
        self.seconds = glimpse.at.mono - self._began
