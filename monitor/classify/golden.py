"""The golden input: one picture that every engine must see as the reference model does.

The export carries the reference model's answer to it; an engine that answers otherwise is broken, however it came to be so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import Card

GOLDEN_VALUES = 16
"""How many of the reference model's first logits an export carries."""

EXACT = (1e-3, 1e-3)
"""What fp32 engines may differ by in a logit, relative and absolute: they stay below 1e-5 [measured]; a wrong operator or layout is off
by whole units."""

ROUNDED = (0.05, 0.3)
"""The same for int8, where one value that is rounded the other way moves all that follow: a hundredth [measured]; sums that overflow
are off by whole units."""


def golden_input(card: Card) -> NDArray[np.float32]:
    """Return the card's golden input: 1 x 3 x crop x crop, normalised as its preprocessing says.

    Triangle waves of a few periods per side, another direction for each channel: smooth as a photograph is, and made from
    integers alone, so that it is the same to the last bit on every machine and numpy.
    """
    side = card.preprocessing.crop
    y, x = np.mgrid[0:side, 0:side]
    phases = np.stack([5 * x + 2 * y, 3 * x + 7 * y, 6 * (side - x) + y])
    picture = np.abs(phases % (2 * side) - side) / side
    mean, std = (np.array(values).reshape(3, 1, 1) for values in (card.preprocessing.mean, card.preprocessing.std))
    normalised: NDArray[np.float32] = ((picture - mean) / std).astype(np.float32)
    return normalised[np.newaxis]


def agrees(logits: NDArray[np.float32], reference: NDArray[np.float32], exact: bool = True) -> bool:
    """Tell whether two answers to the golden input are the same model's: same shape, finite, and equal within rounding."""
    if logits.shape != reference.shape or not np.isfinite(logits).all():
        return False
    return bool(np.allclose(logits, reference, *(EXACT if exact else ROUNDED)))
