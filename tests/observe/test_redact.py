"""What a line of log must not show."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.observe.redact import Redactor, escape

PASSWORD = "p@ss w/ö:%\\'rd"


@pytest.mark.parametrize(
    "spelled",
    [
        PASSWORD,
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote(PASSWORD, safe="").lower(),
        quote_plus(PASSWORD),
        PASSWORD.replace("@", "%40"),
        "".join(f"%{byte:02x}" for byte in PASSWORD.encode()),
        repr(PASSWORD),
        json.dumps(PASSWORD, ensure_ascii=False),
    ],
)
def test_a_password_is_masked_however_it_is_spelled(spelled: str) -> None:
    assert Redactor([PASSWORD]).clean(f"cannot open <{spelled}>").replace('"', "").replace("'", "") == "cannot open <***>"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Redactor(["secret", "secret-of-mine", ""]).clean("secret-of-mine, secret") == "***, ***"


def test_without_secrets_a_line_stays_as_it_is() -> None:
    assert Redactor([]).clean("porch: online, 25 frames/s, 50 %, C:\\new") == "porch: online, 25 frames/s, 50 %, C:\\new"


@pytest.mark.parametrize("user", ["viewer:hunter2", "viewer", "viewer:a@b", "%76iewer:hunter%32"])
def test_who_signs_in_is_masked_in_any_url(user: str) -> None:
    cleaned = Redactor([]).clean(f"cannot open rtsp://{user}@cam.lan:554/sub?x=1, mail me@home")
    assert cleaned == "cannot open rtsp://***@cam.lan:554/sub?x=1, mail me@home"


@given(st.text())
def test_a_cleaned_line_is_one_printable_line(text: str) -> None:
    cleaned = Redactor(["x"]).clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert "\x1b" not in cleaned
    cleaned.encode()


@given(secret=st.text("pqs/@% ", min_size=1), before=st.text(), after=st.text())
def test_no_secret_survives_as_it_is(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret]).clean(before + secret + after)


def test_a_label_cannot_forge_a_line_or_colour_the_screen() -> None:
    assert escape("cat\n2026-01-01 ERROR fake\r\x1b[31m\u202e\x85\t") == r"cat\n2026-01-01 ERROR fake\r\x1b[31m\u202e\x85\t"
