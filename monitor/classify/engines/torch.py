"""PyTorch on the CPU: the reference model itself, in fp32. Slower to start, larger and slower than an export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint
from monitor.classify.card import Card


class TorchEngine:
    """A card's checkpoint in torch, in eval mode."""

    name = "torch"

    def __init__(self, card: Card, weights: Path, threads: int) -> None:
        self._model = load_checkpoint(card, weights)
        import torch

        torch.set_num_threads(threads)
        self._inference_mode = torch.inference_mode
        self._tensor = torch.from_numpy
        self.version: str = torch.__version__

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, N x classes, of N x 3 x side x side.

        One picture at a time: torch keeps compiled code for every shape that it meets.
        """
        with self._inference_mode():
            rows = [self._model(self._tensor(batch[number : number + 1]))[0].numpy() for number in range(len(batch))]
        return np.concatenate(rows)
