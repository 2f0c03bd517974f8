"""From squares of pictures to the scores of a card's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import Card
from monitor.classify.engines.protocol import Engine
from monitor.classify.preprocess import Square, to_input
from monitor.clock import stopwatch
from monitor.errors import ModelFaultError
from monitor.values import Prediction


class Classifier:
    """A card in an engine.

    fallback_reason: why this is not the card that was asked for, or None if it is. inference_ms: what the engine took for the last
    call of `classify`, all its squares together.
    """

    def __init__(self, card: Card, engine: Engine, fallback_reason: str | None = None) -> None:
        self.card = card
        self.engine = engine
        self.fallback_reason = fallback_reason
        self.inference_ms = 0.0

    def classify(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Return the scores, N x classes, each row adding up to 1. ModelFaultError if the model gives NaN or infinite numbers."""
        scores = np.empty((len(squares), len(self.card.labels)), np.float32)
        self.inference_ms = 0.0
        # One at a time: a batch is no faster on a CPU and takes more memory, and a square's score must not depend on its neighbours.
        for row, square in zip(scores, squares, strict=True):
            image = to_input(square, self.card.preprocessing)
            start = stopwatch()
            logits = self.engine.run(image)[0]
            self.inference_ms += (stopwatch() - start) * 1000
            if not np.isfinite(logits).all():
                raise ModelFaultError(f"the model {self.card.name} gave NaN or infinite numbers in {self.engine.name}")
            row[:] = softmax(logits)
        return scores


def top_k(scores: NDArray[np.float32], labels: Sequence[str], k: int) -> list[Prediction]:
    """Return the `k` best labels of one row of scores, best first; of equals, the lower class id first."""
    best = np.argsort(-scores, kind="stable")[:k]
    return [Prediction(labels[class_id], int(class_id), float(scores[class_id])) for class_id in best]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits into probabilities; the largest is taken off first, so that none overflows."""
    odds = np.exp(logits.astype(np.float64) - logits.max())
    probabilities: NDArray[np.float32] = (odds / odds.sum()).astype(np.float32)
    return probabilities
