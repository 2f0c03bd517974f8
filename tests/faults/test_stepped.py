"""A broken camera takes nothing from three healthy ones beside it: faults that need a device or a slow model, on a manual clock."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import cv2
import pytest

from monitor.camera.capture import Capture
from monitor.camera.mailbox import Mailbox
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.config.schema import CameraSettings
from monitor.values import OfflineReason
from monitor.workers import Lane
from tests.camera.fake_source import LIVE, FakeOpener, FakeSource, Grab
from tests.faults.stepped import HEALTHY, TICK, Steady, UsbBus, World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bus(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> UsbBus:
    made = UsbBus(clock)
    monkeypatch.setattr(os, "open", made.open_node)
    monkeypatch.setattr(cv2, "VideoCapture", made.open_device)
    return made


@pytest.fixture
def world(tmp_path: Path, clock: ManualClock, bus: UsbBus) -> World:
    """The healthy cameras, and a USB camera."""
    made = World(tmp_path, clock, {"usb": f"source: {UsbBus.LINK}"})
    made.add("usb", bus.until)
    return made


def state(lane: Lane) -> LinkState:
    return lane.capture.link.state


def test_a_usb_camera_that_was_unplugged_is_awaited_without_spinning_and_found_under_another_number(
    world: World, bus: UsbBus, caplog: pytest.LogCaptureFixture
) -> None:
    usb = world.lanes["usb"]
    world.run(5)
    looks, steps = usb.looks, world.steps["usb"]
    assert looks > 140

    bus.node = None
    world.run(30)
    assert state(usb) is LinkState.WAITING
    assert usb.capture.link.reason is OfflineReason.LOST
    assert "is the camera plugged in?" in usb.capture.link.detail
    assert world.steps["usb"] - steps < 30
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 2  # that it went, and that it is not there
    seen = usb.pipeline.decider.availability
    assert seen
    assert not seen.online

    bus.node = "video1"
    world.run(7)
    assert state(usb) is LinkState.ONLINE
    assert bus.opened == [(UsbBus.LINK, "video0"), (UsbBus.LINK, "video1")]
    assert usb.looks > looks
    world.check_looks()


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (errno.EBUSY, "in use by another program"),
        (errno.EACCES, "add the user to the group `video`"),
        (errno.ENODEV, "no camera is behind it"),
    ],
)
def test_a_usb_camera_that_may_not_be_opened_is_told_by_its_reason_and_taken_as_soon_as_it_may(
    world: World, bus: UsbBus, refusal: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    usb = world.lanes["usb"]
    bus.refusal = refusal
    world.run(20)
    assert words in usb.capture.link.detail
    assert [words in record.message for record in caplog.records if record.levelno >= logging.WARNING] == [True]
    assert world.steps["usb"] < 30

    bus.refusal = 0
    world.run(40)
    assert state(usb) is LinkState.ONLINE
    world.check_looks()


def test_a_burst_fills_one_mailbox_and_delays_no_other_camera(tmp_path: Path, clock: ManualClock) -> None:
    world, hasty = World(tmp_path, clock, {"hasty": "source: rtsp://cam/sub"}), Steady(clock)
    lane = world.add("hasty", hasty.until, hasty.open)
    world.engine.takes = 0.02
    world.run(3)
    assert lane.mailbox.dropped == 0

    hasty.fps = 120
    world.run(10)
    assert world.deepest["hasty"] == 2
    assert lane.mailbox.dropped > 300
    assert max(world.ages["hasty"]) < 2 * 4 * 0.02 + 0.02  # two that wait while each camera has its turn
    assert max(max(world.ages[name]) for name in HEALTHY) < 0.1
    world.check_looks()


def test_a_slow_model_does_not_hold_up_the_cameras_and_sees_nothing_old(tmp_path: Path, clock: ManualClock) -> None:
    world = World(tmp_path, clock, {}, queue_size=1)
    world.engine.takes = 2.0
    world.run(60)
    for name, camera in world.healthy.items():
        assert camera.given >= 590
        assert world.lanes[name].looks >= 9
        assert max(world.ages[name]) < 0.1 + 2.0 + TICK


def test_a_camera_as_slow_as_the_read_timeout_is_looked_at(clock: ManualClock) -> None:
    mailbox = Mailbox(100)
    slow = [Grab(takes=LIVE.read_timeout or 5.0, position=5.0 * number) for number in range(1, 21)]
    opener = FakeOpener(clock, FakeSource(clock, slow))
    capture = Capture("slow", CameraSettings(source="rtsp://cam/sub"), clock, mailbox, lambda: 0.5, opener)
    for _ in range(20):
        capture.step(clock.now())
    assert len(mailbox) > 10
