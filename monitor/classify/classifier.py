"""From squares of pictures to the scores of a card's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import Card
from monitor.classify.engines.protocol import Engine
from monitor.classify.preprocess import Square, to_batch
from monitor.clock import stopwatch
from monitor.errors import ModelFaultError
from monitor.values import Prediction

MAX_BATCH = 4
"""Pictures in one call of an engine. More take memory for good and are no faster."""


class Classifier:
    """A card in an engine.

    engine_reason: why this engine. together: how many pictures one call may take without any being answered later for it; where nobody
    has measured that (`bench --save`) they go one by one, as each more in a call takes 6 to 11 MB for good. fallback_reason: why this is
    not the card that was asked for, or None if it is. inference_ms: what the engine took for the last call of `classify`, all its squares
    together.
    """

    def __init__(self, card: Card, engine: Engine, precision: str = "fp32", engine_reason: str = "as set", together: int = 1) -> None:
        self.card = card
        self.engine = engine
        self.precision = precision
        self.engine_reason = engine_reason
        self.together = together
        self.fallback_reason: str | None = None
        self.inference_ms = 0.0

    def classify(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Return the scores, N x classes, each row adding up to 1. ModelFaultError if the model gives NaN or infinite numbers."""
        scores = np.empty((len(squares), len(self.card.labels)), np.float32)
        size = min(self.together, MAX_BATCH)
        self.inference_ms = 0.0
        for first in range(0, len(squares), size):
            batch = to_batch(squares[first : first + size], self.card.preprocessing)
            start = stopwatch()
            logits = self.engine.run(batch)
            self.inference_ms += (stopwatch() - start) * 1000
            if not np.isfinite(logits).all():
                raise ModelFaultError(f"the model {self.card.name} gave NaN or infinite numbers in {self.engine.name}")
            scores[first : first + size] = softmax(logits)
        return scores


def top_k(scores: NDArray[np.float32], labels: Sequence[str], k: int) -> list[Prediction]:
    """Return the `k` best labels of one row of scores, best first; of equals, the lower class id first."""
    best = np.argsort(-scores, kind="stable")[:k]
    return [Prediction(labels[class_id], int(class_id), float(scores[class_id])) for class_id in best]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits, N x classes, into probabilities; the largest of a row is taken off first, so that none overflows."""
    odds = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = (odds / odds.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities
