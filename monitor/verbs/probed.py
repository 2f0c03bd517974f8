"""What `probe` found out, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.camera.probe import ProbeReport

_LARGE = 1280 * 720
"""Pixels of a picture beyond which a smaller one costs far less and shows the model nearly as much."""

_MANY = 15.0
"""Frames a second beyond which most are decoded for nothing."""

_RARE = 5.0
"""Seconds between key frames beyond which looking at these alone is too late for people who walk by."""


def report_lines(report: ProbeReport) -> list[str]:
    """Put what was found into words; what is not known is left out."""
    return [f"{name:<11} {text}" for name, text in _facts(report)]


def _facts(report: ProbeReport) -> Iterator[tuple[str, str]]:
    yield "source", report.source
    if report.width:
        yield "picture", f"{report.width}x{report.height}, {report.codec or 'unknown codec'}"
    if report.fps:
        told = f" (it says {report.fps_told:.4g})" if report.fps_told else ""
        yield "frames", f"{report.fps:.1f} a second{told}"
    if report.key_interval:
        yield "key frames", _key_frames(report)
    if report.open_seconds is not None:
        yield "opening", f"{report.open_seconds:.2f} s"
    if report.decode_ms is not None and report.convert_ms is not None:
        yield "decoding", f"{report.decode_ms:.1f} ms a frame, {report.convert_ms:.1f} ms more for one that becomes a picture"
    if report.all_share is not None:
        yield "cost", _cost(report)
    if report.gate_share is not None:
        yield (
            "gate",
            f"{_percent(report.gate_share)} more to see whether anything moves; a look of the model comes on top then (`monitor bench`)",
        )
    if report.clips_share is not None and report.clips_bytes is not None:
        yield "clips", f"with `clips.enabled` {_percent(report.clips_share)} more, and {report.clips_bytes / 1e6:.1f} MB of memory"
    if advice := _advice(report):
        yield "advice", advice


def _key_frames(report: ProbeReport) -> str:
    if report.only_keys:
        return "all of them: `decode: keyframes` changes nothing"
    return f"every {report.key_interval:.1f} s: with `decode: keyframes` a look comes that late at most"


def _cost(report: ProbeReport) -> str:
    assert report.all_share is not None
    every = f"{_percent(report.all_share)} for decoding all of it"
    if report.keyframes_share is None:
        return every
    return f"{every}, {_percent(report.keyframes_share)} with `decode: keyframes`"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} % of a core" if share >= 0.1 else f"{100 * share:.1f} % of a core"


def _advice(report: ProbeReport) -> str | None:
    """Give the one thing that would save most, None if all is well or it is a file, which is what it is."""
    if not report.live or not report.width or not report.height:
        return None
    if report.width * report.height > _LARGE:
        return "take the camera's second stream (sub-stream), if it has one: it costs a fraction, and only things far away suffer"
    if report.codec == "hevc":
        return "set the camera to H.264, if it can: H.265 takes about twice as much to decode"
    if report.fps and report.fps > _MANY:
        return "set the camera to 10 frames a second or so: each is decoded, and few are looked at"
    if report.key_interval and report.key_interval > _RARE:
        return "set a key frame (I-frame) every second or two in the camera: after each interruption nothing is seen until the next"
    return None
