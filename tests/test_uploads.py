"""Pictures from elsewhere, classified between two looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from monitor import uploads as module
from monitor.classify.classifier import Classifier
from monitor.errors import BusyError, ModelFaultError
from monitor.uploads import ROOM, Scores, Uploads
from tests.lanes import Bench
from tests.spine import CARD, GREEN, RED, Colour, ColourEngine, painted


class Asking:
    """People who ask, each on a thread of their own."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.asked = threading.Semaphore(0)
        self.uploads = Uploads(self.asked.release)
        self.pool = pool

    def ask(self, colour: Colour = GREEN) -> Callable[[], Scores]:
        future = self.pool.submit(self.uploads.ask, painted(colour))
        assert self.asked.acquire(timeout=10)
        return lambda: future.result(10)


@pytest.fixture
def asking() -> Iterator[Asking]:
    with ThreadPoolExecutor(ROOM) as pool:
        yield Asking(pool)


def test_each_is_answered_with_the_scores_of_its_own_picture(asking: Asking) -> None:
    classifier = Classifier(CARD, ColourEngine())
    green, red = asking.ask(GREEN), asking.ask(RED)
    assert asking.uploads.do_one(classifier)
    assert asking.uploads.do_one(classifier)
    assert not asking.uploads.do_one(classifier)
    for answer, label in ((green, "green"), (red, "red")):
        scores, elapsed = answer()
        assert CARD.labels[int(np.argmax(scores))] == label
        assert elapsed >= 0


def test_one_too_many_is_sent_away_at_once(asking: Asking) -> None:
    waiting = [asking.ask() for _ in range(ROOM)]
    with pytest.raises(BusyError, match="try again"):
        asking.uploads.ask(painted(GREEN))
    asking.uploads.give_up()
    for answer in waiting:
        with pytest.raises(BusyError):
            answer()


def test_whoever_has_waited_too_long_is_told_and_costs_no_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    uploads = Uploads(lambda: None)
    with pytest.raises(BusyError, match="no time"):
        uploads.ask(painted(GREEN))
    engine = ColourEngine()
    assert uploads.do_one(Classifier(CARD, engine))
    assert not engine.calls


def test_a_model_that_gives_nonsense_is_told_to_whoever_asked(asking: Asking) -> None:
    engine = ColourEngine()
    engine.broken = True
    answer = asking.ask()
    asking.uploads.do_one(Classifier(CARD, engine))
    with pytest.raises(ModelFaultError):
        answer()


def test_after_the_end_everybody_is_sent_away(asking: Asking) -> None:
    answer = asking.ask()
    asking.uploads.give_up()
    with pytest.raises(BusyError, match="stops"):
        answer()
    with pytest.raises(BusyError):
        asking.uploads.ask(painted(GREEN))


def test_a_picture_from_elsewhere_takes_its_turn_among_the_cameras(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "porch")
    with ThreadPoolExecutor(1) as pool:
        woken = threading.Event()
        bench.classifying.uploads = Uploads(woken.set)
        answer = pool.submit(bench.classifying.uploads.ask, painted(RED))
        assert woken.wait(10)
        bench.put("porch", GREEN)
        bench.step()
        scores, _ = answer.result(10)
    assert CARD.labels[int(np.argmax(scores))] == "red"
    assert bench.looked_at() == ["porch"]
