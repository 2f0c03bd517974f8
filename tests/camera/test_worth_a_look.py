"""Which of a camera's frames reach the classifier, and a capture that takes the place of one that hangs."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from monitor.camera.capture import Capture
from monitor.camera.protocol import Fault
from monitor.camera.state import LinkState
from monitor.clock import ManualClock
from monitor.config.schema import CameraSettings
from monitor.errors import CameraError
from monitor.gate.watch import Watch
from monitor.values import WHOLE, Image, Moment, Need
from tests.camera.conftest import Bench
from tests.camera.fake_source import FILE, LOST, FakeSource, Grab, frames, picture

MakeBench = Callable[..., Bench]


def clip_of(*shades: int) -> list[Grab]:
    """Pictures of one shade each, five a second."""
    return [Grab(takes=0.2, image=picture(shade, 160, 90)) for shade in shades]


def a_watch(**settings: object) -> Watch:
    return Watch(CameraSettings.model_validate({"source": "0", **settings}), [WHOLE], 2, live=False)


def test_only_frames_worth_a_look_reach_the_mailbox_and_the_others_are_counted(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, clip_of(*[100] * 40), FILE), options={"watch": a_watch(), "quiet": 0.0}, fps=100)
    b.step(41)
    assert [frame.seq for frame in b.frames()] == [0, 1]
    counted = b.capture.counters
    assert (counted.grabbed, counted.retrieved, counted.gated, counted.skipped) == (40, 2, 38, 0)


def test_while_nothing_moves_fewer_pictures_are_converted_and_judged(bench: MakeBench, clock: ManualClock) -> None:
    there = picture(100, 160, 90)
    there[30:60, 120:150] = 250
    script = [Grab(takes=0.1, image=picture(100, 160, 90)) for _ in range(42)] + [Grab(takes=0.1, image=there) for _ in range(10)]
    b = bench(FakeSource(clock, script, FILE), options={"watch": a_watch()}, fps=10)
    b.step(43)
    counted = b.capture.counters
    assert (counted.grabbed, counted.retrieved, counted.gated, counted.skipped) == (42, 2, 10, 30)
    b.frames()
    b.step(10)
    assert [frame.seq for frame in b.frames()] == list(range(42, 52)), "from the next one on that is judged"


def test_whoever_watches_sees_every_picture_also_while_nothing_moves_and_none_is_looked_at_for_it(
    bench: MakeBench, clock: ManualClock
) -> None:
    script = [Grab(takes=0.2, image=picture(100, 160, 90)) for _ in range(20)]
    b = bench(FakeSource(clock, script, FILE), options={"watch": a_watch()}, fps=5)
    b.step(3)
    b.frames()
    live = b.capture.eye.live
    live.join()
    number, came = 0, 0
    for _ in range(10):
        b.step()
        if found := live.next(number, 0.0):
            number, came = found[0], came + 1
    assert came == 10
    assert not b.frames()


def test_pictures_that_go_no_further_share_their_memory_and_those_that_do_have_their_own(bench: MakeBench, clock: ManualClock) -> None:
    into: list[Image | None] = []

    class Noting(FakeSource):
        def retrieve(self, spare: Image | None = None) -> Image | None:
            into.append(spare)
            return super().retrieve()

    shown = clip_of(*[100] * 5)
    b = bench(Noting(clock, shown, FILE), options={"watch": a_watch(), "quiet": 0.0}, fps=100)
    b.step(6)
    assert [spare is None for spare in into] == [True, True, True, False, False], "the first two went into the mailbox"
    assert into[3] is shown[2].image


def test_what_those_who_look_need_is_asked_for_each_frame(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, clip_of(*[100] * 40), FILE), options={"watch": a_watch()}, fps=100)
    b.step(11)
    b.capture.eye.need = lambda: Need.LOOK
    b.step(10)
    b.capture.eye.need = lambda: Need.NOTHING
    b.step(20)
    assert [frame.seq for frame in b.frames()] == [0, 1, *range(10, 20)]


def test_a_frame_carries_where_something_moves(bench: MakeBench, clock: ManualClock) -> None:
    there = picture(100, 160, 90)
    there[30:60, 120:150] = 250
    shown = FakeSource(clock, [*clip_of(*[100] * 10), Grab(image=there)], FILE)
    b = bench(shown, options={"watch": a_watch(), "quiet": 0.0}, fps=100)
    b.step(12)
    movement = b.frames()[-1].movement
    assert movement is not None
    assert movement.x == pytest.approx(120 / 160, abs=0.03)
    assert movement.height == pytest.approx(30 / 90, abs=0.1)


def test_masks_are_black_in_whatever_is_handed_on(bench: MakeBench, clock: ManualClock) -> None:
    offered: list[Image] = []
    watch = a_watch(masks=[[[0, 0], [1, 0], [1, 0.5], [0, 0.5]]])
    b = bench(
        FakeSource(clock, clip_of(100, 100, 100), FILE), options={"watch": watch, "offer": lambda image, _: offered.append(image)}, fps=100
    )
    b.step(4)
    for image in [*offered, *(frame.image for frame in b.frames())]:
        assert not image[:45].any()
        assert image[46:].all()
    assert len(offered) == 3


def test_every_picture_is_offered_whether_it_is_looked_at_or_not(bench: MakeBench, clock: ManualClock) -> None:
    offered: list[float] = []

    def offer(_image: Image, at: Moment) -> None:
        offered.append(round(at.mono - 1000, 1))

    b = bench(FakeSource(clock, clip_of(*[100] * 5), FILE), options={"watch": a_watch(), "offer": offer, "quiet": 0.0}, fps=100)
    b.step(6)
    assert offered == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_looks_can_be_slowed_while_every_picture_is_still_judged(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, clip_of(*[100] * 50), FILE), options={"watch": a_watch(motion={"enabled": False})}, fps=100)
    b.capture.eye.allow(1.0)
    b.step(51)
    assert len(b.frames()) == 10
    assert (b.capture.counters.skipped, b.capture.counters.gated) == (40, 0)


def test_a_camera_is_opened_no_sooner_than_its_delay(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, frames(9)), options={"delay": 0.4})
    assert b.step() == pytest.approx(0.4)
    b.run(0.41)
    assert b.opener.asked == [pytest.approx(1000.4)]


def test_a_clip_that_begins_again_is_the_same_scene_and_a_camera_that_comes_back_is_not(bench: MakeBench, clock: ManualClock) -> None:
    watch = a_watch()
    clips = [FakeSource(clock, clip_of(*[100] * 10), FILE) for _ in range(3)]
    b = bench(*clips, options={"watch": watch}, source="a.avi", pace="full", loop=True, fps=100)
    b.run(5.5)
    assert len(b.frames()) == 2, "the looks of the start, once"

    b = bench(*[FakeSource(clock, [*clip_of(*[100] * 10), LOST]) for _ in range(2)], options={"watch": a_watch()}, fps=100)
    b.run(5.5)
    assert len(b.frames()) == 4


def test_how_long_the_last_loss_took_is_counted_from_frame_to_frame(bench: MakeBench, clock: ManualClock) -> None:
    b = bench(FakeSource(clock, [*frames(10), Grab(ok=False, takes=5.0)]), FakeSource(clock, frames(1000)))
    b.run(5.0)
    assert b.capture.counters.recovery is None
    b.run(3.0)
    assert b.capture.counters.recovery == pytest.approx(5 + 1 + 0.05, abs=0.01)
    assert b.capture.counters.reconnects == 1


class Hanging(FakeSource):
    """A camera inside which the thread hangs: what happens meanwhile happens in `meanwhile`, and then the grab comes back."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, frames(10))
        self.meanwhile: Callable[[], object] = lambda: None

    def grab(self) -> bool:
        self.meanwhile()
        return super().grab()


def test_a_capture_that_was_replaced_lets_go_of_the_camera_and_touches_nothing(bench: MakeBench, clock: ManualClock) -> None:
    source = Hanging(clock)
    b = bench(source)
    b.step(3)
    before = b.capture.counters.grabbed
    heirs = []
    source.meanwhile = lambda: heirs.append(b.capture.replace())
    rest = b.step()
    assert source.closed
    assert rest >= 60
    assert b.capture.counters.grabbed == before
    assert len(b.frames()) == before


def test_its_heir_goes_on_with_the_same_mailbox_and_counts(bench: MakeBench, clock: ManualClock) -> None:
    source = Hanging(clock)
    b = bench(source, FakeSource(clock, frames(1000)))
    b.step(4)
    source.meanwhile = lambda: setattr(b, "capture", b.capture.replace())
    need, b.capture.eye.need = b.capture.eye.need, lambda: Need.PICTURE
    b.step()
    assert b.capture.eye.need() is Need.PICTURE
    assert need() is Need.MOVEMENT
    b.rest = 0.0
    b.run(2.0)
    assert b.capture.link.state is LinkState.ONLINE
    assert [frame.seq for frame in b.frames()] == list(range(b.capture.counters.grabbed))
    assert b.capture.counters.recovery is not None


@pytest.mark.parametrize("opening", [CameraError("cam does not answer", Fault.SILENT), None])
def test_one_that_was_given_up_while_it_opened_the_camera_says_nothing_when_it_comes_back(
    bench: MakeBench, clock: ManualClock, caplog: pytest.LogCaptureFixture, opening: CameraError | None
) -> None:
    caplog.set_level(logging.DEBUG)
    source = FakeSource(clock, frames(10))
    b = bench(source)

    def hang(*_: object) -> FakeSource:
        b.capture.abandon()
        if opening is not None:
            raise opening
        return source

    capture = Capture("porch", CameraSettings(source="rtsp://cam/sub"), clock, b.mailbox, lambda: 0.5, hang)
    b.capture = capture
    assert b.step() < 1 or opening is not None
    assert b.step() >= 60
    assert source.closed is (opening is None)
    assert not b.frames()
    assert capture.link.state is LinkState.CONNECTING
    assert not caplog.records
