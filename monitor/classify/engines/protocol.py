"""What every engine does."""

from __future__ import annotations

import os
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """A card's model, loaded and ready. Used by one thread."""

    @property
    def name(self) -> str:
        """The engine's name, as the configuration has it."""
        ...

    @property
    def version(self) -> str:
        """The version of its library."""
        ...

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, N x classes, of N x 3 x side x side."""
        ...


def threads_for(setting: int | Literal["auto"]) -> int:
    """Return how many threads may compute: as set, else all cores that this process may use but one, which is left for decoding."""
    return max(1, len(os.sched_getaffinity(0)) - 1) if setting == "auto" else setting
