"""USB cameras behind a fake of OpenCV's V4L2 backend: what is asked for, what is read back, unplugging, and troubles in words."""

from __future__ import annotations

import errno
import fcntl
import logging
import struct
from pathlib import Path

import cv2
import pytest

from monitor.camera import usb
from monitor.camera.opencv import Decode, open_source
from monitor.camera.protocol import Fault, Source
from monitor.camera.source import Description, Device
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.errors import CameraError
from tests.camera.conftest import Bench
from tests.camera.fake_v4l2 import FULL, MJPG, YUYV, Camera, FakeV4l2, Size


@pytest.fixture
def v4l2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeV4l2:
    fake = FakeV4l2(tmp_path)
    monkeypatch.setattr(cv2, "VideoCapture", fake)
    monkeypatch.setattr(usb, "BY_ID", fake.by_id)
    return fake


@pytest.mark.parametrize(
    ("formats", "facts"),
    [
        ({YUYV: {(640, 480): 30.0}, MJPG: FULL}, "1280x720 mjpeg 30 fps"),
        ({MJPG: {(1920, 1080): 30.0, (640, 480): 25.0}}, "640x480 mjpeg 25 fps"),
        ({MJPG: {(320, 240): 15.0}}, "320x240 mjpeg 15 fps"),
        ({MJPG: {(1024, 576): 20.0, (640, 480): 30.0}}, "1024x576 mjpeg 20 fps"),
        ({YUYV: {(640, 480): 30.0, (1280, 720): 10.0}}, "640x480 yuyv 30 fps"),
    ],
)
def test_the_best_is_asked_for_and_what_it_gives_is_told(v4l2: FakeV4l2, formats: dict[int, dict[Size, float]], facts: str) -> None:
    source = open_source(Device(v4l2.plug(0, Camera(formats))))
    assert str(source.facts) == facts
    assert source.grab()
    image = source.retrieve()
    assert image is not None
    assert image.shape == (source.facts.height, source.facts.width, 3)
    source.close()


def test_the_format_is_asked_for_first_and_the_rate_last(v4l2: FakeV4l2) -> None:
    open_source(Device(v4l2.plug(0, Camera()))).close()
    assert v4l2.sets == [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS]


def usb_bench(clock: ManualClock, path: Path) -> Bench:
    """A capture of a device, wherever its node lies."""

    def open_device(_: Description, decode: Decode) -> Source:
        return open_source(Device(path), decode)

    return Bench(clock, open_device, source="0")  # type: ignore[arg-type] # any opener will do


def state(b: Bench) -> LinkState:
    return b.capture.link.state


def test_two_misses_are_a_glitch_and_three_a_loss(clock: ManualClock, v4l2: FakeV4l2) -> None:
    camera = Camera()
    b = usb_bench(clock, v4l2.plug(0, camera))
    b.step(3)
    camera.glitches = 2
    b.step(3)
    assert state(b) is LinkState.ONLINE
    camera.glitches = 3
    b.step(3)
    assert state(b) is LinkState.WAITING


def test_an_unplugged_camera_is_lost_and_found_again_under_another_number(clock: ManualClock, v4l2: FakeV4l2) -> None:
    camera = Camera()
    node = v4l2.plug(0, camera)
    b = usb_bench(clock, v4l2.by_id / "usb-Acme_Cam-video-index0")
    b.step(5)
    assert state(b) is LinkState.ONLINE
    v4l2.unplug(node)
    b.step(3)
    assert (state(b), b.capture.link.detail) == (LinkState.WAITING, "the stream broke off")
    for _ in range(3):
        b.clock.advance(b.rest)
        b.step()
        assert 0.5 < b.rest <= 5  # it does not spin
    assert "is the camera plugged in?" in b.capture.link.detail
    v4l2.plug(1, camera)
    b.clock.advance(b.rest)
    b.step(2)
    assert state(b) is LinkState.ONLINE
    assert b.capture.counters.reconnects == 1


def test_a_number_is_accepted_and_the_name_that_lasts_is_told_once(v4l2: FakeV4l2, caplog: pytest.LogCaptureFixture) -> None:
    node = v4l2.plug(0, Camera())
    for _ in range(3):
        open_source(Device(node)).close()
    assert caplog.messages == [
        f"{node} may be another camera after a restart or a replug; write `source: {v4l2.by_id / 'usb-Acme_Cam-video-index0'}`"
    ]


def test_nothing_is_told_of_a_name_that_lasts_or_has_no_better(v4l2: FakeV4l2, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    node = v4l2.plug(0, Camera())
    open_source(Device(v4l2.by_id / "usb-Acme_Cam-video-index0")).close()
    (v4l2.by_id / "usb-Acme_Cam-video-index0").unlink()
    open_source(Device(node)).close()
    assert caplog.messages == []


def capability(driver: bytes, capabilities: int, of_node: int) -> bytes:
    return struct.pack("16s32s32sIII12x", driver, b"Acme", b"usb-1", 0x60000, capabilities, of_node)


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (capability(b"uvcvideo", 0x84A00001, 0x04200001), Fault.BUSY, "in use by another program"),
        (capability(b"old", 0x00000001, 0), Fault.BUSY, "in use by another program"),
        (capability(b"uvcvideo", 0x84A00001, 0x04A00000), Fault.NOT_VIDEO, "another number of the same camera"),
        (capability(b"unicam", 0x85A00001, 0x05200001), Fault.NOT_VIDEO, "rpicam-vid"),
        (errno.ENOTTY, Fault.NOT_VIDEO, "is no camera"),
        (errno.ENODEV, Fault.LOST, "went away"),
    ],
)
def test_a_device_that_opens_and_gives_no_picture_is_asked_why(
    v4l2: FakeV4l2, monkeypatch: pytest.MonkeyPatch, answer: bytes | int, reason: Fault, words: str
) -> None:
    def ioctl(_descriptor: int, request: int, buffer: bytearray) -> int:
        assert request == 0x80685600  # VIDIOC_QUERYCAP
        if isinstance(answer, int):
            raise OSError(answer, "")
        buffer[:] = answer
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    node = v4l2.plug(0, Camera(busy=True))
    with pytest.raises(CameraError, match=words) as refused:
        open_source(Device(node))
    assert refused.value.reason == reason


def test_a_file_that_is_no_device_is_no_camera(v4l2: FakeV4l2) -> None:
    path = v4l2.folder / "file"
    path.touch()
    with pytest.raises(CameraError, match="is no camera"):
        open_source(Device(path))
