"""What a real broker keeps for Home Assistant, over starts, changes and a switch of the form."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Daemon, settings
from tests.publish.brokers import Listener, Mosquitto, say

pytestmark = [pytest.mark.real, pytest.mark.slow]


class House:
    """Starts a daemon with two cameras again and again in one folder, and looks at what the broker keeps afterwards."""

    def __init__(self, daemon: Callable[..., Daemon], mosquitto: Mosquitto, clip: Path, newcomer: Callable[[], Listener]) -> None:
        self._daemon = daemon
        self._port = mosquitto.port
        self._clip = clip
        self._newcomer = newcomer

    def start(self, *, cameras: tuple[str, ...] = ("porch", "yard"), emptied: int = 0, **mqtt: str) -> dict[str, bytes]:
        """Give what such a daemon leaves retained, by topic. emptied: how many topics it is to empty first."""
        config = settings(
            {name: {"source": str(self._clip), "loop": True} for name in cameras},
            {"host": "127.0.0.1", "port": self._port, **mqtt},
            snapshots={"enabled": False},
        )
        watching = self._newcomer()
        box = self._daemon(config)
        watching.wait(lambda: {f"monitor/{camera}/availability" for camera in cameras} <= watching.news(), within=20)
        watching.wait(lambda: len({message.topic for message in watching.messages if not message.payload}) >= emptied)
        box.stop(signal.SIGTERM)
        late = self._newcomer()
        say(self._port, "all/told", b"")  # comes after everything that is retained
        late.wait(lambda: "all/told" in late.topics())
        return {message.topic: message.payload for message in late.messages if message.retain}


@pytest.fixture
def house(daemon: Callable[..., Daemon], mosquitto: Mosquitto, wall_clip: Path, request: pytest.FixtureRequest) -> House:
    def newcomer() -> Listener:
        listener = Listener(mosquitto.port, threading.Event())
        request.addfinalizer(listener.close)
        return listener

    return House(daemon, mosquitto, wall_clip, newcomer)


def discovered(kept: dict[str, bytes]) -> dict[str, bytes]:
    return {topic: payload for topic, payload in kept.items() if topic.startswith("homeassistant/")}


@pytest.mark.parametrize("form", ["device", "component"])
def test_two_identical_starts_announce_the_same_to_the_byte(house: House, form: str) -> None:
    first, second = (discovered(house.start(discovery=form)) for _ in range(2))
    assert first
    assert first == second


def test_a_camera_that_went_leaves_nothing_at_the_broker(house: House) -> None:
    assert any("/yard/" in topic for topic in house.start())
    assert not [topic for topic in house.start(cameras=("porch",), emptied=6) if "yard" in topic]


def test_a_switch_of_the_form_leaves_nothing_of_the_old_one(house: House) -> None:
    devices = discovered(house.start(discovery="device"))
    assert devices
    assert all("/device/" in topic for topic in devices)
    components = discovered(house.start(discovery="component", emptied=len(devices)))
    assert len(components) > 20
    assert not any("/device/" in topic for topic in components)
    assert discovered(house.start(discovery="device", emptied=len(components))) == devices
    assert discovered(house.start(discovery="off", emptied=len(devices))) == {}
