"""The loop of one camera: losses, pauses, stale frames, and what it says of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise

import pytest

from monitor.camera.protocol import Fault
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.errors import CameraError
from monitor.values import OfflineReason
from tests.camera.conftest import Bench
from tests.camera.fake_source import LIVE, LOST, USB, FakeSource, Grab, frames, picture

MakeBench = Callable[..., Bench]

REFUSED = CameraError("connection refused by cam:554", Fault.REFUSED)
NO_LOGIN = CameraError("cam refuses the user name or password (401)", Fault.AUTH_FAILED)
NO_VIDEO = CameraError("cam sends no video", Fault.NOT_VIDEO)


def pauses(asked: list[float]) -> list[float]:
    return [round(later - earlier, 3) for earlier, later in pairwise(asked)]


def test_frames_reach_the_mailbox_with_their_number_and_time(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(3)))
    b.step(4)
    assert [(frame.camera, frame.seq, round(frame.at.mono, 2)) for frame in b.frames()] == [
        ("porch", 0, 1000.05),
        ("porch", 1, 1000.1),
        ("porch", 2, 1000.15),
    ]
    assert b.rest == 0
    assert b.capture.last_frame == pytest.approx(1000.15)


def test_a_frame_is_stamped_when_it_was_grabbed_and_not_before(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, [Grab(takes=1.5)]))
    b.step(2)
    assert b.frames()[0].at.mono == pytest.approx(1001.5)


def test_only_wanted_frames_are_converted_and_the_others_counted(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(100)), fps=5)
    b.step(101)
    counted = b.capture.counters
    assert len(b.frames()) == counted.retrieved == 25
    assert (counted.grabbed, counted.skipped) == (100, 75)


def test_the_camera_is_drained_while_nobody_fetches(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(50)), queue_size=2)
    b.step(51)
    assert [frame.seq for frame in b.frames()] == [48, 49]
    assert (b.capture.counters.grabbed, b.mailbox.dropped) == (50, 48)


def test_the_first_failed_read_of_a_stream_releases_and_reopens_it(bench: MakeBench, clock: ManualClock) -> None:
    first, second = FakeSource(clock, frames(3)), FakeSource(clock, frames(1000))
    b = bench(first, second)
    b.step(5)
    assert first.closed
    assert b.capture.link.reason is OfflineReason.LOST
    assert b.rest == pytest.approx(1.0)
    b.run(2)
    assert b.capture.link.state is LinkState.ONLINE
    assert b.capture.counters.reconnects == 1


def test_numbers_go_on_counting_over_a_reconnect(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(3)), FakeSource(clock, frames(1000)))
    b.run(2)
    seqs = [frame.seq for frame in b.frames()]
    assert seqs == list(range(len(seqs)))


def test_a_camera_that_opens_and_fails_at_once_is_asked_ever_less(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, []))
    b.run(300)
    assert pauses(b.opener.asked)[:7] == [1, 2, 4, 8, 16, 32, 60]


def test_a_camera_that_sends_no_video_is_asked_ever_less(bench: MakeBench) -> None:
    b = bench(NO_VIDEO)
    b.run(300)
    assert pauses(b.opener.asked) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_camera_that_is_not_there_is_looked_for_every_five_seconds(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(*[REFUSED] * 200, FakeSource(clock, frames(1000)))
    b.run(600)
    assert pauses(b.opener.asked)[:5] == [1, 2, 4, 5, 5]
    assert max(pauses(b.opener.asked)) == 5


def test_pauses_begin_anew_only_after_ten_seconds_of_frames(bench: MakeBench, clock: ManualClock) -> None:
    short, long = frames(100), frames(220)
    b = bench(*(FakeSource(clock, script) for script in (short, short, long, short, short)))
    b.run(45)
    lengths = [round(pause - length, 1) for pause, length in zip(pauses(b.opener.asked), (5, 5, 11, 5), strict=False)]
    assert lengths == [1, 2, 1, 2]


def test_a_refused_password_is_tried_again_after_a_minute_at_the_earliest(bench: MakeBench) -> None:
    b = bench(NO_LOGIN)
    b.run(1200)
    assert min(pauses(b.opener.asked)) >= 60
    assert b.capture.link.reason is OfflineReason.AUTH_FAILED


def test_a_step_before_its_time_only_says_how_long_to_wait(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(NO_VIDEO)
    b.step()
    clock.advance(0.25)
    assert b.step() == pytest.approx(0.75)
    assert len(b.opener.asked) == 1


def test_the_stale_frame_of_a_stalled_read_is_dropped(bench: MakeBench, clock: ManualClock) -> None:
    stalled = [*frames(3), Grab(takes=5.0, image=picture(7)), Grab(ok=False, takes=5.0)]
    b = bench(FakeSource(clock, stalled))
    b.step(6)
    assert [frame.seq for frame in b.frames()] == [0, 1, 2]
    assert (b.capture.counters.stale, b.capture.counters.grabbed) == (1, 3)
    assert b.capture.link.detail == "no picture comes any more"


def test_a_slow_camera_is_neither_stale_nor_lost(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(5, takes=4.0)))
    b.step(6)
    assert len(b.frames()) == 5
    assert b.capture.link.state is LinkState.ONLINE


def test_one_or_two_failed_grabs_of_a_usb_camera_are_tolerated(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, [*frames(2), LOST, LOST, *frames(2), LOST, LOST, *frames(2)], USB)
    b = bench(source, source="0")
    b.step(11)
    assert len(b.frames()) == 6
    assert not source.closed


def test_three_failed_grabs_in_a_row_lose_a_usb_camera_without_spinning(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, frames(2), USB)
    b = bench(source, source="0")
    b.step(3)
    rests = [b.step() for _ in range(3)]
    assert source.closed
    assert min(rests) > 0
    assert b.capture.link.state is LinkState.WAITING


def test_a_picture_that_cannot_be_decoded_is_counted_and_skipped(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, [*frames(1), Grab(image=None), Grab(image=None), *frames(1)]))
    b.step(5)
    assert [frame.seq for frame in b.frames()] == [0, 3]
    assert b.capture.counters.empty == 2


def test_pictures_that_fail_now_and_then_do_not_add_up(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, [Grab(image=None), Grab(image=None), Grab()] * 4)
    b = bench(source)
    b.step(13)
    assert len(b.frames()) == 4
    assert not source.closed


def test_a_camera_that_gives_no_pictures_any_more_is_opened_anew(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, [*frames(1), *[Grab(image=None)] * 3])
    b = bench(source)
    b.step(5)
    assert source.closed
    assert "no picture" in b.capture.link.detail


def test_pictures_may_change_their_size_in_mid_stream(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, [Grab(), Grab(image=picture(width=32, height=80)), Grab()]))
    b.step(4)
    assert [frame.image.shape for frame in b.frames()] == [(48, 64, 3), (80, 32, 3), (48, 64, 3)]


class BreakingSource(FakeSource):
    """A source whose decoder gives up."""

    def grab(self) -> bool:
        raise CameraError("OpenCV gave up (error -215)", Fault.LOST)


def test_an_error_inside_opencv_is_a_loss_of_that_camera(bench: MakeBench, clock: ManualClock) -> None:
    source = BreakingSource(clock, [])
    b = bench(source)
    b.step(2)
    assert source.closed
    assert b.capture.link.detail == "OpenCV gave up (error -215)"


def test_a_burst_leaves_only_the_newest_frames(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, [Grab(takes=3.0), *frames(500, takes=0.002)]), queue_size=2, fps=120)
    b.step(502)
    assert len(b.mailbox) == 2
    assert b.mailbox.dropped == b.capture.counters.retrieved - 2


def test_closing_releases_the_camera_and_may_be_done_twice(bench: MakeBench, clock: ManualClock) -> None:
    source = FakeSource(clock, frames(3))
    b = bench(source)
    b.step(2)
    b.capture.close()
    b.capture.close()
    assert source.closed


def test_the_last_step_is_noted_before_anything_can_hang(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(REFUSED)
    clock.advance(3)
    b.step()
    assert b.capture.last_step == 1003
    assert b.capture.last_frame is None


def test_the_state_is_connecting_until_the_first_attempt_has_ended(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(REFUSED, FakeSource(clock, frames(9)))
    assert b.capture.link.state is LinkState.CONNECTING
    b.step()
    waiting = b.capture.link
    assert (waiting.state, waiting.reason, waiting.detail) == (LinkState.WAITING, OfflineReason.LOST, "connection refused by cam:554")
    b.run(1.2)
    online = b.capture.link
    assert (online.state, online.reason, online.detail) == (LinkState.ONLINE, None, "64x48 h264 20 fps")
    assert b.capture.counters.reconnects == 0


def test_a_state_keeps_the_moment_in_which_it_began(bench: MakeBench) -> None:
    b = bench(REFUSED, NO_VIDEO, REFUSED)
    b.run(60)
    assert b.capture.link.since.mono == 1000


def said(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_there_is_one_line_for_each_change_and_none_for_repetitions(
    bench: MakeBench, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    b = bench(FakeSource(clock, frames(300)), *[REFUSED] * 50, NO_VIDEO, FakeSource(clock, frames(10)), FakeSource(clock, frames(10_000)))
    b.run(300)
    assert said(caplog, logging.INFO) == [
        "porch: connected 64x48 h264 20 fps",
        "porch: lost (the stream broke off): trying again in 1 s",
        "porch: lost (connection refused by cam:554): trying again in 1 s",
        "porch: lost (cam sends no video): trying again in 2 s",
        "porch: connected 64x48 h264 20 fps",
        "porch: lost (the stream broke off): trying again in 4 s",
        "porch: connected 64x48 h264 20 fps",
    ]
    assert len(said(caplog, logging.DEBUG)) > 40


def test_a_refused_password_is_said_as_such(bench: MakeBench, caplog: pytest.LogCaptureFixture) -> None:
    bench(NO_LOGIN).step()
    assert said(caplog, logging.WARNING) == ["porch: login refused (cam refuses the user name or password (401)): trying again in 60 s"]


def test_the_facts_of_a_stream_without_a_rate_are_said_without_one() -> None:
    assert str(LIVE) == "64x48 h264 20 fps"
    assert str(type(LIVE)(64, 48, None, "", True, 1, 5.0)) == "64x48"
