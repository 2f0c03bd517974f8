"""The figures of one camera."""

from __future__ import annotations

from monitor.observe.stats import CameraStats, Totals


def test_rates_and_means_are_those_of_the_last_window() -> None:
    stats = CameraStats(window=60)
    for second in range(0, 301, 5):
        # 25 frames and 5 looks a second; inference takes 20 ms, and 40 ms from 240 s on.
        late = max(0, second - 240)
        totals = Totals(
            frames=25 * second,
            looks=5 * second,
            skipped=15 * second,
            dropped=2 * second,
            gated=3 * second,
            inference=5 * second * 0.020 + 5 * late * 0.020,
            frame_age=5 * second * 0.1234,
        )
        stats.sample(totals, 1000.0 + second)
    assert stats.figures() == {
        "camera_fps": 25.0,
        "look_fps": 5.0,
        "frames": 7500,
        "looks": 1500,
        "skipped": 4500,
        "dropped": 600,
        "gated": 900,
        "inference_ms": 40.0,
        "frame_age_ms": 123.4,
    }


def test_a_camera_without_looks_has_a_rate_of_zero_and_no_means() -> None:
    stats = CameraStats()
    stats.sample(Totals(frames=10), 5.0)
    stats.sample(Totals(frames=20), 8.0)
    figures = stats.figures()
    assert (figures["camera_fps"], figures["look_fps"]) == (3.33, 0.0)
    assert (figures["inference_ms"], figures["frame_age_ms"]) == (None, None)


def test_before_two_samples_nothing_is_claimed() -> None:
    stats = CameraStats()
    counts = dict.fromkeys(("frames", "looks", "skipped", "dropped", "gated"), 0)
    nothing = counts | dict.fromkeys(("camera_fps", "look_fps", "inference_ms", "frame_age_ms"))
    assert stats.figures() == nothing
    stats.sample(Totals(), 5.0)
    assert stats.figures() == nothing


def test_samples_do_not_pile_up() -> None:
    stats = CameraStats(window=60)
    for tick in range(10_000):
        stats.sample(Totals(frames=tick), float(tick))
    assert len(stats._samples) <= 62
