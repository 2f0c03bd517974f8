"""The history itself: can this version use it, and does anything in its outbox not get through?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.doctor.finding import Finding, ok, problem, warning
from monitor.errors import HistoryRefusedError, StorageError
from monitor.outgoing import OutboxFacts
from monitor.record.outbox_desk import OutboxDesk


def check_history(path: Path) -> Iterator[Finding]:
    """Open it as `monitor outbox` does, which changes nothing."""
    if not path.exists():
        yield ok("history", f"there is no {path} yet: the first run makes it")
        return
    if path.stat().st_size == 0:
        yield warning("history", f"{path} is empty", "nothing: the next run moves it aside and begins a new one")
        return
    try:
        with OutboxDesk(path) as desk:
            facts = desk.facts()
    except HistoryRefusedError as error:
        yield problem("history", str(error))
    except StorageError as error:
        yield warning("history", str(error))
    else:
        yield from judge(path, facts)


def judge(path: Path, facts: OutboxFacts) -> Iterator[Finding]:
    """Judge how the outbox stands."""
    yield ok("history", f"{path} is sound; alerts that wait for the broker: {facts.waiting}")
    if stuck := facts.rejected + facts.poison:
        yield warning(
            "outbox", f"alerts that the broker refused: {stuck}", "`monitor outbox` lists them, `monitor outbox retry` sends them again"
        )
    if facts.lost_alerts:
        yield warning(
            "outbox",
            f"alerts lost so far because the outbox was full: {facts.lost_alerts}",
            "see why the broker was away; or raise mqtt.outbox",
        )
