"""What the web sees of a daemon: the real window, onto a daemon whose threads were never started."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from monitor.app import Daemon
from monitor.classify.classifier import Classifier
from monitor.classify.preprocess import Square
from monitor.errors import PictureError, StorageError
from monitor.record.snapshots import jpeg
from monitor.runtime.thermal import Heat
from monitor.vitals import Vitals
from monitor.web.window import Query, Window
from monitor.window import DaemonWindow
from tests.lanes import Bench
from tests.spine import CARD, GREEN, RED, ColourEngine, painted
from tests.web.fakes import FakeWindow


class Street:
    """A daemon with one camera that is stepped by hand."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, "porch", settings="zones: {door: [[0, 0], [0.5, 0], [0.5, 1]]}")
        self.daemon = Daemon(self.bench.loaded, Classifier(CARD, ColourEngine()), self.bench.clock, lambda request: None)
        self.daemon.lanes = list(self.bench.lanes.values())
        self.window = DaemonWindow(self.daemon, Vitals(self.daemon, self.bench.clock, Heat), self.bench.clock)

    def see(self, *colours: tuple[int, int, int]) -> None:
        """Have the camera give pictures, and the classifier look at what is left in the mailbox."""
        for colour in colours:
            self.bench.put("porch", colour)
            self.bench.step()


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


def test_the_fake_has_the_same_keys_as_the_real_one(street: Street, tmp_path: Path) -> None:
    street.see(RED, RED)
    real, fake = street.window, FakeWindow(tmp_path)
    assert set(real.live()) == set(fake.live())
    one, other = real.live()["cameras"]["porch"], fake.live()["cameras"]["porch"]
    assert set(one) == set(other)
    assert set(one["rules"][0]) == set(other["rules"][0])
    assert set(one["labels"][0]) == set(other["labels"][0])
    assert set(real.status()) == set(fake.status())
    assert set(real.status()["cameras"]["porch"]) == set(fake.status()["cameras"]["porch"])


def test_it_tells_what_each_camera_shows_and_why_its_rules_are_as_they_are(street: Street) -> None:
    before = street.window.live()["cameras"]["porch"]
    assert (before["state"], before["labels"], before["gate"], before["looked_at"]) == ("connecting", [], None, None)
    street.see(RED, RED)
    camera = street.window.live()["cameras"]["porch"]
    assert camera["state"] == "online"
    assert camera["labels"][0]["label"] == "red"
    assert camera["zones"] == {"door": [[0, 0], [0.5, 0], [0.5, 1]]}
    (rule,) = camera["rules"]
    assert (rule["state"], rule["threshold"]) == ("ON", 0.5)
    assert "is not below" in rule["words"]
    assert all(0 <= value <= 1 for square in camera["squares"] for value in square)


def test_a_viewer_sees_what_the_camera_gives_and_none_is_made_when_it_has_gone(street: Street) -> None:
    live = street.daemon.lanes[0].capture.eye.live
    with street.window.watch("porch") as pictures:
        assert pictures.next(0.0) is None
        live.offer(painted(GREEN), street.bench.clock.now())
        assert pictures.next(0.0) is not None
        assert pictures.next(0.0) is None
    assert not live.watched


def test_a_viewer_stays_with_the_camera_when_a_reload_gives_it_another_capture(street: Street) -> None:
    before = street.daemon.lanes[0].capture.eye.live
    with street.window.watch("porch") as pictures:
        pictures.next(0.0)
        street.daemon.lanes = [street.bench._lane("porch")]
        after = street.daemon.lanes[0].capture.eye.live
        pictures.next(0.0)
        assert (before.watched, after.watched) == (False, True)
        street.daemon.lanes = []
        assert pictures.next(0.0) is None
    assert not after.watched


def test_a_camera_that_there_is_not_cannot_be_watched(street: Street) -> None:
    with pytest.raises(KeyError), street.window.watch("../etc/passwd"):
        pass


def test_an_uploaded_picture_is_refused_for_what_it_is(street: Street) -> None:
    for _ in range(2):  # and whoever comes next has his turn
        with pytest.raises(PictureError, match="not a JPEG"):
            street.window.predict(b"hello", 3)


def test_a_picture_is_answered_with_the_best_labels_of_the_model_in_use(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = street.daemon.classifier
    monkeypatch.setattr(street.daemon, "classify", lambda image: (classifier.classify([Square(image)])[0], 12.5))
    answer = street.window.predict(jpeg(painted(GREEN), 95), 2)
    assert answer.predictions[0].label == "green"
    assert (len(answer.predictions), answer.model, answer.elapsed_ms) == (2, CARD.name, 12.5)


def test_a_history_that_is_not_there_is_told_in_words(street: Street) -> None:
    with pytest.raises(StorageError):
        list(street.window.alerts(Query()))
    assert street.window.snapshot("../../etc/passwd", 0) is None
    assert street.window.clip("../../etc/passwd") is None


def test_it_is_what_the_web_asks_for(street: Street) -> None:
    window: Window = street.window
    assert list(window.cameras()) == ["porch"]
    assert cast("dict[str, object]", window.config())["cameras"]
