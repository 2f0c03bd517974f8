"""What `source` may be, and that no password is ever shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from monitor.camera.source import DEMO, Clip, Device, Stream, parse_source
from monitor.errors import CameraError


def stream(source: str, username: str | None = None, password: str | None = None) -> Stream:
    parsed = parse_source(source, username, None if password is None else SecretStr(password))
    assert isinstance(parsed, Stream)
    return parsed


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("0", Device(Path("/dev/video0"))),
        ("2", Device(Path("/dev/video2"))),
        ("/dev/video1", Device(Path("/dev/video1"))),
        ("/dev/v4l/by-id/usb-046d_C270-video-index0", Device(Path("/dev/v4l/by-id/usb-046d_C270-video-index0"))),
        ("/srv/clips/a.mp4", Clip(Path("/srv/clips/a.mp4"))),
        ("clips/a.mp4", Clip(Path("clips/a.mp4").absolute())),
        ("./9:30.mp4", Clip(Path("9:30.mp4").absolute())),
        ("demo", Clip(DEMO, endless=True)),
    ],
)
def test_devices_files_and_the_demo_are_told_apart(source: str, meant: Device | Clip) -> None:
    assert parse_source(source) == meant


@pytest.mark.parametrize(
    ("source", "host", "port", "url"),
    [
        ("rtsp://cam.lan/sub", "cam.lan", 554, "rtsp://cam.lan/sub"),
        ("RTSP://cam.lan", "cam.lan", 554, "rtsp://cam.lan/"),
        ("rtsps://cam.lan:7441/x", "cam.lan", 7441, "rtsps://cam.lan:7441/x"),
        ("http://10.0.0.9:8081/?action=stream", "10.0.0.9", 8081, "http://10.0.0.9:8081/?action=stream"),
        ("https://cam/video", "cam", 443, "https://cam/video"),
        ("rtsp://[fe80::1]:8554/sub", "fe80::1", 8554, "rtsp://[fe80::1]:8554/sub"),
        ("rtsp://[2001:db8::5]/", "2001:db8::5", 554, "rtsp://[2001:db8::5]/"),
    ],
)
def test_streams_are_taken_apart_and_put_together_again(source: str, host: str, port: int, url: str) -> None:
    parsed = stream(source)
    assert (parsed.host, parsed.port, parsed.url) == (host, port, url)


def test_a_login_is_percent_encoded_into_the_url_for_the_decoder_only() -> None:
    parsed = stream("rtsp://cam/sub", "view er", "p@:/%?#x")
    assert parsed.url == "rtsp://view%20er:p%40%3A%2F%25%3F%23x@cam/sub"
    assert str(parsed) == "rtsp://cam/sub"


def test_a_login_inside_the_url_works_and_is_moved_out_of_sight() -> None:
    parsed = stream("rtsp://viewer:s%40cret@cam/sub")
    assert parsed.username == "viewer"
    assert parsed.password == SecretStr("s@cret")
    assert parsed.url == "rtsp://viewer:s%40cret@cam/sub"
    assert str(parsed) == "rtsp://cam/sub"


def test_an_unescaped_at_sign_in_a_password_still_finds_the_host() -> None:
    assert stream("rtsp://viewer:s@cret@cam/sub").host == "cam"


def test_the_settings_win_over_the_url() -> None:
    assert stream("rtsp://old:one@cam/", "new", "two").url == "rtsp://new:two@cam/"


@given(username=st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=":"), min_size=1), password=st.text(min_size=1))
def test_any_login_survives_the_way_through_the_url(username: str, password: str) -> None:
    parts = urlsplit(stream("rtsp://cam/sub", username, password).url)
    assert (unquote(parts.username or ""), unquote(parts.password or ""), parts.hostname) == (username, password, "cam")


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://viewer:hunter2@cam/sub",
        "http://cam/video.cgi?user=viewer&pwd=hunter2",
        "rtsp://cam/user=viewer_password=hunter2_channel=1",
    ],
)
def test_no_secret_is_in_anything_that_is_shown(source: str) -> None:
    parsed = parse_source(source)
    for shown in (str(parsed), repr(parsed), f"{parsed}"):
        assert "hunter2" not in shown


@pytest.mark.parametrize(
    "source",
    ["file:///etc/passwd", "concat:a.mp4|b.mp4", "udp://0.0.0.0:1234", "rtmp://cam/live", "ftp://cam/x", "v4l2:/dev/video0", "data:x"],
)
def test_other_schemes_are_refused_and_the_allowed_ones_named(source: str) -> None:
    with pytest.raises(CameraError, match="rtsp://") as refused:
        parse_source(source)
    assert refused.value.reason == "bad_source"


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://viewer:hunter2/x@cam/sub",
        "rtsp://viewer:12/hunter2@cam/sub",
        "rtsp://viewer:12#hunter2@cam/sub",
        "rtsp://viewer:12?hunter2@cam/sub",
        "rtsp://viewer:hun[ter2@cam/sub",
        "rtsp://viewer:hunter2@cam:port/sub",
        "rtsp://viewer:hunter2@cam:99999/sub",
        "rtsp://viewer:hunter2@/sub",
        "rtsp://:hunter2@cam/sub",
        "rtsp://viewer:hunter2@cam/a b",
        "rtsp://viewer:hunter2@cam/a\nb",
        "rtsp://vie%3Awer:hunter2@cam/",
    ],
)
def test_a_url_that_cannot_be_understood_is_refused_without_repeating_it(source: str) -> None:
    with pytest.raises(CameraError) as refused:
        parse_source(source)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("source", ["", "  ", "rtsp://", "rtsp:cam", "a\0b"])
def test_what_is_no_source_at_all_is_refused(source: str) -> None:
    with pytest.raises(CameraError):
        parse_source(source)


def test_a_password_without_a_user_name_is_an_error_that_says_so() -> None:
    with pytest.raises(CameraError, match="no user name"):
        parse_source("rtsp://cam/", None, SecretStr("x"))
