from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.camera.probe import ProbeReport
from monitor.verbs.probed import report_lines

CAMERA = ProbeReport(
    source="rtsp://cam.lan/sub",
    live=True,
    codec="h264",
    width=640,
    height=360,
    fps_told=10.0,
    fps=10.02,
    key_interval=2.0,
    open_seconds=0.4,
    decode_ms=1.51,
    convert_ms=0.62,
    gate_ms=0.31,
    frames=50,
    all_share=0.0151,
    keyframes_share=0.0021,
    gate_share=0.0047,
    clips_share=0.0032,
    clips_bytes=1_240_000,
)


def facts(report: ProbeReport) -> dict[str, str]:
    return {name.strip(): text for name, text in ((line[:11], line[12:]) for line in report_lines(report))}


def test_a_camera_in_words() -> None:
    assert facts(CAMERA) == {
        "source": "rtsp://cam.lan/sub",
        "picture": "640x360, h264",
        "frames": "10.0 a second (it says 10)",
        "key frames": "every 2.0 s: with `decode: keyframes` a look comes that late at most",
        "opening": "0.40 s",
        "decoding": "1.5 ms a frame, 0.6 ms more for one that becomes a picture",
        "cost": "1.5 % of a core for decoding all of it, 0.2 % of a core with `decode: keyframes`",
        "gate": "0.5 % of a core more to see whether anything moves; a look of the model comes on top then (`monitor bench`)",
        "clips": "with `clips.enabled` 0.3 % of a core more, and 1.2 MB of memory",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert report_lines(ProbeReport("rtsp://cam.lan/sub", problem="nobody answers")) == ["source      rtsp://cam.lan/sub"]
    assert facts(replace(CAMERA, keyframes_share=None))["cost"] == "1.5 % of a core for decoding all of it"


def test_more_than_a_core_is_said_as_it_is() -> None:
    assert facts(replace(CAMERA, all_share=1.324))["cost"].startswith("132 % of a core")


def test_where_every_frame_is_a_key_frame_decoding_only_these_changes_nothing() -> None:
    told = facts(replace(CAMERA, only_keys=True, key_interval=0.1, keyframes_share=None))
    assert told["key frames"] == "all of them: `decode: keyframes` changes nothing"


@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({"width": 1920, "height": 1080, "codec": "hevc", "fps": 25.0}, "sub-stream"),
        ({"width": 1280, "height": 720, "codec": "hevc", "fps": 25.0}, "H.264"),
        ({"fps": 25.0, "key_interval": 10.0}, "10 frames a second"),
        ({"key_interval": 10.0}, "key frame"),
    ],
)
def test_the_one_piece_of_advice_is_what_saves_most(changed: dict[str, object], advice: str) -> None:
    assert advice in facts(replace(CAMERA, **changed))["advice"]  # type: ignore[arg-type]


def test_a_file_is_what_it_is() -> None:
    assert "advice" not in facts(replace(CAMERA, live=False, width=3840, height=2160))
