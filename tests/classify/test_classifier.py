from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.classify.card import Card, Preprocessing
from monitor.classify.classifier import Classifier, softmax, top_k
from monitor.classify.preprocess import Square
from monitor.errors import ModelFaultError
from monitor.values import Prediction

LABELS = ("red", "green", "blue")
CARD = Card("colours", "resnet18", "colours.pth", "0" * 64, 1, Preprocessing(), LABELS, "none")


class ColourEngine:
    """Gives the mean of each channel as its logit, times `gain`."""

    name = "colour"
    version = "1"

    def __init__(self, gain: float = 1.0) -> None:
        self._gain = np.float32(gain)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = batch.mean(axis=(2, 3)) * self._gain
        return logits


def plain(blue: int, green: int, red: int) -> Square:
    return Square(np.full((50, 80, 3), (blue, green, red), np.uint8))


def test_each_square_gets_a_row_of_scores_that_add_up_to_one() -> None:
    scores = Classifier(CARD, ColourEngine()).classify([plain(255, 0, 0), plain(0, 255, 0), plain(0, 0, 255)])
    assert scores.shape == (3, 3)
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [2, 1, 0]
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


def test_no_square_gives_no_row() -> None:
    assert Classifier(CARD, ColourEngine()).classify([]).shape == (0, 3)


def test_a_squares_score_does_not_depend_on_its_neighbours() -> None:
    classifier = Classifier(CARD, ColourEngine())
    alone, among = classifier.classify([plain(9, 8, 7)]), classifier.classify([plain(0, 0, 255), plain(9, 8, 7)])
    assert (alone[0] == among[1]).all()


def test_the_time_of_the_last_call_is_kept() -> None:
    classifier = Classifier(CARD, ColourEngine())
    assert classifier.inference_ms == 0
    classifier.classify([plain(1, 2, 3)])
    assert 0 < classifier.inference_ms < 1000


@pytest.mark.parametrize("gain", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_no_scores_are_a_fault_and_never_the_first_class(gain: float) -> None:
    with pytest.raises(ModelFaultError, match="colours"):
        Classifier(CARD, ColourEngine(gain)).classify([plain(1, 2, 3)])


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=20))
def test_softmax_gives_probabilities_in_the_order_of_the_logits(logits: list[float]) -> None:
    scores = softmax(np.array(logits, np.float32))
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.sum() == pytest.approx(1, abs=1e-5)
    assert scores[int(np.argmax(logits))] == scores.max()


def test_softmax_agrees_with_its_definition() -> None:
    np.testing.assert_allclose(softmax(np.array([1, 2, 3], np.float32)), np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum(), rtol=1e-6)


def test_the_best_come_first_and_of_equals_the_lower_class() -> None:
    scores = np.array([0.125, 0.5, 0.125, 0.25], np.float32)
    labels = ("a", "b", "c", "d")
    assert top_k(scores, labels, 3) == [Prediction("b", 1, 0.5), Prediction("d", 3, 0.25), Prediction("a", 0, 0.125)]
    assert [prediction.label for prediction in top_k(scores, labels, 100)] == ["b", "d", "a", "c"]
