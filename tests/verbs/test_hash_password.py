from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from monitor.config.password import PasswordHash
from tests.verbs.conftest import Ran, Run


def piped(run: Run, monkeypatch: pytest.MonkeyPatch, data: bytes) -> Ran:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    return run("hash-password")


def typed(run: Run, monkeypatch: pytest.MonkeyPatch, *lines: str) -> Ran:
    answers = iter(lines)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def ask(prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    return run("hash-password")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nanother line\n"])
def test_the_first_line_of_a_pipe_is_hashed(run: Run, monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    ran = piped(run, monkeypatch, "zwölf Möwen".encode() + end)
    assert (ran.code, ran.err) == (0, "")
    assert PasswordHash.parse(ran.out.removesuffix("\n")).fits("zwölf Möwen")


def test_what_was_typed_twice_is_hashed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = typed(run, monkeypatch, "correct horse", "correct horse")
    assert (ran.code, ran.err) == (0, "")
    assert PasswordHash.parse(ran.out.removesuffix("\n")).fits("correct horse")


def test_a_slip_of_the_finger_is_noticed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = typed(run, monkeypatch, "correct horse", "correct hoarse")
    assert (ran.code, ran.out) == (2, "")
    assert "the two differ" in ran.err


@pytest.mark.parametrize("lines", [[], ["correct horse"]])
def test_whoever_types_nothing_gets_no_hash(run: Run, monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    ran = typed(run, monkeypatch, *lines)
    assert (ran.code, ran.out) == (2, "")
    assert "no password was typed" in ran.err


@pytest.mark.parametrize("password", [b"", b"\n", b"7 chars\n", b"x" * 1025])
def test_a_password_too_short_or_too_long_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, password: bytes) -> None:
    ran = piped(run, monkeypatch, password)
    assert (ran.code, ran.out) == (2, "")
    assert "it must have 8 to 1024" in ran.err


def test_bytes_that_are_no_text_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = piped(run, monkeypatch, b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\n")
    assert (ran.code, ran.out) == (2, "")
    assert "not UTF-8" in ran.err


def test_at_a_terminal_nothing_of_the_password_is_shown() -> None:
    ours, theirs = pty.openpty()
    verb = subprocess.Popen(
        [sys.executable, "-m", "monitor", "hash-password"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        shown = b""
        for prompt in (b"Password: ", b"Once more: "):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1000)
            os.write(ours, b"correct horse\n")
        printed, _ = verb.communicate(timeout=60)
    finally:
        verb.kill()
        verb.wait()
        os.close(ours)
    assert b"horse" not in shown
    assert verb.returncode == 0
    assert PasswordHash.parse(printed.decode().removesuffix("\n")).fits("correct horse")
