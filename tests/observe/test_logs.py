"""Log lines as they come out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import ManualClock
from monitor.config.schema import LoggingSettings
from monitor.observe.logs import Logs, set_level

ROOT = Path(__file__).parents[2]
SetUp = Callable[..., io.StringIO]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"


def fail(message: str) -> None:
    raise RuntimeError(message)


def test_a_line_for_people_has_time_level_thread_room_and_message(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up()
    log.warning("camera %s is lost", "porch")
    assert re.fullmatch(TIME + r" WARNING \[MainThread\] monitor\.some\.room: camera porch is lost\n", stream.getvalue())


def test_the_thread_that_speaks_is_named(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up()
    speaker = threading.Thread(target=log.error, args=("hello",), name="capture-porch")
    speaker.start()
    speaker.join()
    assert "[capture-porch] monitor.some.room: hello" in stream.getvalue()


def test_only_lines_at_or_above_the_level_are_written_and_of_others_only_warnings(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up(level="info")
    log.debug("detail")
    log.info("news")
    logging.getLogger("another.library").info("chatter")
    logging.getLogger("another.library").warning("trouble")
    assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == ["news", "trouble"]


def test_the_level_can_be_set_while_it_runs_and_everything_else_stays(set_up: SetUp, log: logging.Logger, tmp_path: Path) -> None:
    stream = set_up(level="info", file=tmp_path / "monitor.log")
    handlers = list(logging.getLogger().handlers)
    set_level("debug")
    log.debug("detail")
    logging.getLogger("another.library").info("chatter")
    set_level("error")
    log.warning("trouble")
    log.error("disaster")
    assert logging.getLogger().handlers == handlers
    for text in (stream.getvalue(), (tmp_path / "monitor.log").read_text()):
        assert [line.rpartition(": ")[2] for line in text.splitlines()] == ["detail", "disaster"]


def test_a_level_that_there_is_not_is_refused_and_changes_nothing(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up(level="info")
    with pytest.raises(ValueError, match="CHATTY"):
        set_level("chatty")
    log.info("news")
    assert "news" in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_password_reaches_neither_the_terminal_nor_the_file_in_a_message_or_a_traceback(
    set_up: SetUp, log: logging.Logger, tmp_path: Path, form: str
) -> None:
    stream = set_up(file=tmp_path / "monitor.log", secrets=("hun/ter2",), format=form)
    try:
        fail("rtsp://viewer:hun%2Fter2@cam hun/ter2")
    except RuntimeError:
        log.exception("cannot open %s", "rtsp://viewer:hun%2fter2@cam.lan/sub")
    for text in (stream.getvalue(), (tmp_path / "monitor.log").read_text()):
        assert "ter2" not in text
        assert "cannot open rtsp://***@cam.lan/sub" in text
        assert "RuntimeError: rtsp://***@cam ***" in text


def test_a_message_cannot_forge_a_line_nor_can_a_traceback(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up()
    try:
        fail("bad label\n2026-01-01T00:00:00.000+00:00 ERROR forged\x1b[2J")
    except RuntimeError:
        log.exception("label %s", "cat\n2026-01-01T00:00:00.000+00:00 ERROR forged")
    lines = stream.getvalue().splitlines()
    assert all(line.startswith("    | ") for line in lines[1:])
    assert lines[0].endswith(r"label cat\n2026-01-01T00:00:00.000+00:00 ERROR forged")
    assert lines[-1] == r"    | 2026-01-01T00:00:00.000+00:00 ERROR forged\x1b[2J"


def test_json_lines_hold_the_same_for_machines(set_up: SetUp, log: logging.Logger) -> None:
    stream = set_up(format="json")
    log.error("camera %s: \x1b%s", "pörch", '"lost"')
    line = json.loads(stream.getvalue())
    assert re.fullmatch(TIME, line.pop("time"))
    assert line == {"level": "error", "logger": "monitor.some.room", "thread": "MainThread", "message": 'camera pörch: \\x1b"lost"'}


def test_under_systemd_every_line_begins_with_its_priority_and_leaves_the_time_to_the_journal(tmp_path: Path, clock: ManualClock) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        facts = os.fstat(stream.fileno())
        logs = Logs(LoggingSettings(file=None), clock, env={"JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"}, stream=stream)
        log = logging.getLogger("monitor.app")
        log.info("started")
        log.warning("slow")
        try:
            fail("no")
        except RuntimeError:
            log.exception("failed")
        logs.close()
        stream.seek(0)
        lines = stream.read().splitlines()
    assert lines[:3] == ["<6>[MainThread] monitor.app: started", "<4>[MainThread] monitor.app: slow", "<3>[MainThread] monitor.app: failed"]
    assert len(lines) > 4
    assert all(line.startswith("<3>    | ") for line in lines[3:])


def test_a_stderr_that_was_sent_elsewhere_is_not_taken_for_the_journal(tmp_path: Path, clock: ManualClock) -> None:
    with (tmp_path / "err.txt").open("w+") as stream:
        logs = Logs(LoggingSettings(file=None), clock, env={"JOURNAL_STREAM": "8:1"}, stream=stream)
        logging.getLogger("monitor.app").info("started")
        logs.close()
        stream.seek(0)
        assert re.match(TIME, stream.read())


def test_a_log_file_that_cannot_be_opened_is_a_warning_and_the_terminal_goes_on(set_up: SetUp, log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    stream = set_up(file=tmp_path / "taken" / "monitor.log")
    log.info("news")
    first, second = stream.getvalue().splitlines()
    assert "WARNING" in first
    assert f"no log file: {tmp_path / 'taken' / 'monitor.log'}: " in first
    assert second.endswith("news")


def test_a_log_file_on_a_full_disk_loses_lines_without_a_word_about_each(
    set_up: SetUp, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = set_up(file=Path("/dev/full"))
    log.info("news")
    assert "news" in stream.getvalue()
    assert capsys.readouterr().err == ""


def test_a_line_said_a_thousand_times_is_written_five_times_and_then_counted(
    set_up: SetUp, log: logging.Logger, clock: ManualClock, tmp_path: Path
) -> None:
    stream = set_up(file=tmp_path / "monitor.log")
    for _ in range(1000):
        log.warning("camera %s is lost", "porch")
    clock.advance(60)
    log.warning("camera %s is lost", "porch")
    for text in (stream.getvalue(), (tmp_path / "monitor.log").read_text()):
        assert [line.partition("room: ")[2] for line in text.splitlines()] == [
            *["camera porch is lost"] * 5,
            "camera porch is lost (and 995 more times)",
        ]


def test_logging_is_as_before_once_closed(clock: ManualClock, tmp_path: Path) -> None:
    root, ours = logging.getLogger(), logging.getLogger("monitor")
    before = (list(root.handlers), root.level, ours.level)
    logs = Logs(LoggingSettings(file=tmp_path / "monitor.log"), clock, env={}, stream=io.StringIO())
    assert len(root.handlers) == len(before[0]) + 2
    logs.close()
    logs.close()
    assert (list(root.handlers), root.level, ours.level) == before


def test_a_process_that_forgets_to_close_ends_without_a_complaint(tmp_path: Path) -> None:
    script = (
        "import logging, sys; from pathlib import Path; from monitor.clock import SystemClock;"
        "from monitor.config.schema import LoggingSettings; from monitor.observe.logs import Logs;"
        "logs = Logs(LoggingSettings(file=Path(sys.argv[1])), SystemClock()); logging.getLogger('monitor').info('bye')"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(tmp_path / "monitor.log")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "monitor.log").read_text() == done.stderr


def test_secrets_that_become_known_later_are_hidden_like_the_first(clock: ManualClock, log: logging.Logger) -> None:
    stream = io.StringIO()
    with contextlib.closing(Logs(LoggingSettings(file=None), clock, secrets=["first"], env={}, stream=stream)) as logs:
        log.info("first, second")
        logs.hide(["second"])
        log.info("again: first, second")
    assert "***, second" in stream.getvalue()
    assert "again: ***, ***" in stream.getvalue()
