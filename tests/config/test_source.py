from __future__ import annotations

import pytest

from monitor.config.source import SourceKind, check_source, kind_of, masked, secrets_in, without_credentials


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("demo", SourceKind.DEMO),
        ("0", SourceKind.INDEX),
        ("12", SourceKind.INDEX),
        ("/dev/video0", SourceKind.DEVICE),
        ("/dev/v4l/by-id/usb-046d_C270-video-index0", SourceKind.DEVICE),
        ("rtsp://cam/x", SourceKind.URL),
        ("rtsps://[fe80::1]:322/x", SourceKind.URL),
        ("http://cam:8080/mjpg?res=1", SourceKind.URL),
        ("https://cam.lan/video.mjpg", SourceKind.URL),
        ("clips/a.mp4", SourceKind.FILE),
        ("/srv/a.mp4", SourceKind.FILE),
        ("./12:30.mp4", SourceKind.FILE),
    ],
)
def test_every_form_of_a_source_has_its_kind_and_is_allowed(source: str, kind: SourceKind) -> None:
    assert kind_of(source) is kind
    assert check_source(source) == source


def test_a_scheme_may_be_written_large() -> None:
    assert check_source("RTSP://Cam/X") == "rtsp://Cam/X"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "an address, a device, a file or demo"),
        ("  ", "an address, a device, a file or demo"),
        ("a\nb", "printable"),
        ("rstp://cam/x", "did you mean rtsp://?"),
        ("rtmp://cam/x", "must begin with one of"),
        ("file:///srv/a.mp4", "a file is written without file://"),
        ("192.168.1.20:554/x", "must begin with one of"),
        ("admin:hunter2@cam/x", "must begin with one of"),
        ("rtsp:/cam/x", "rtsp://HOST"),
        ("rtsp:///x", "rtsp://HOST"),
        ("rtsp://cam:70000/x", "port from 1 to 65535"),
        ("rtsp://cam:0/x", "port from 1 to 65535"),
        ("rtsp://cam/a b", "must hold no space"),
        ("rtsp://a..b/x", "parts between dots"),
        ("rtsp://[::1/x", "belongs in `username` and `password`"),
        ("rtsp://admin:hunter2/x@cam/y", "belongs in `username` and `password`"),
        ("rtsp://admin:12/34@cam/y", "neither @ nor # after the host"),
        ("rtsp://admin:12#34@cam/y", "neither @ nor # after the host"),
        ("rtsp://admin:12?34@cam/y", "neither @ nor # after the host"),
    ],
)
def test_a_wrong_source_is_refused_in_words_that_do_not_repeat_it(source: str, words: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        check_source(source)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "shown", "secrets"),
    [
        ("rtsp://cam/x?y=1", "rtsp://cam/x?y=1", []),
        ("rtsp://admin:hunter2@cam:554/x", "rtsp://cam:554/x", ["hunter2"]),
        ("rtsp://admin:h%40%2F@cam/x", "rtsp://cam/x", ["h%40%2F", "h@/"]),
        ("rtsp://admin:h@nter2@cam/x", "rtsp://cam/x", ["h@nter2"]),
        ("rtsp://admin@[fe80::1]:554/x", "rtsp://[fe80::1]:554/x", []),
        ("rtsp://cam/user=a&password=hunter2&channel=1.sdp", "rtsp://cam/user=a&password=***&channel=1.sdp", ["hunter2"]),
        ("http://cam/v?user=a&pwd=hunter2", "http://cam/v?user=a&pwd=***", ["hunter2"]),
        ("clips/a:b@c.mp4", "clips/a:b@c.mp4", []),
        ("demo", "demo", []),
    ],
)
def test_credentials_are_taken_out_and_known(source: str, shown: str, secrets: list[str]) -> None:
    assert without_credentials(source) == shown
    assert set(secrets_in(source)) == set(secrets)


@pytest.mark.parametrize(
    "text", ["rstp://admin:hunter2@cam", "rtsp://admin:hunter2cam/x", "admin:hunter2 cam", "x@hunter2", "password=hunter2"]
)
def test_a_broken_address_shows_nothing_that_could_be_a_password(text: str) -> None:
    assert "hunter2" not in masked(text)


@pytest.mark.parametrize("text", ["fast", "0.0.0.0:8080", "[::]:80", "a..b", "home/+"])
def test_what_is_no_address_is_shown(text: str) -> None:
    assert masked(text) == text
