"""A Python whose `monitor` has workers that break on demand (stand_in.py).

A file in the daemon's folder says what is to happen: `hang-NAME` keeps the worker's next step for ever, which makes `hangs-in-NAME` before;
`once-NAME` has it raise once, `always-NAME` each time. A worker counts as hung after `STUCK` seconds. NAME: classify, record, publish,
clips, capture; or commit, which hangs with a write transaction open, as on a disk that does not answer.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STUCK = 2.0  # more than the second that publish may block
NAMES = ("classify", "record", "publish", "clips", "capture")


def hang_for_ever() -> None:
    """Never come back; the name is looked for in the stacks."""
    threading.Event().wait()


def breakable(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    """Give a step that looks for its files first."""

    def broken(*arguments: Any) -> Any:
        if Path(f"hang-{name}").exists():
            Path(f"hangs-in-{name}").touch()
            hang_for_ever()
        if Path(f"once-{name}").exists():
            Path(f"once-{name}").unlink()
            raise RuntimeError(f"{name} is told to fail once")
        if Path(f"always-{name}").exists():
            raise RuntimeError(f"{name} is told to fail")
        return step(*arguments)

    return broken


def hanging_commit(commit: Callable[..., Any]) -> Callable[..., Any]:
    """Give a commit that takes the history's write lock and does not come back, once there is `hang-commit`."""

    def hanging(*arguments: Any) -> Any:
        if Path("hang-commit").exists():
            other = sqlite3.connect("logs/history.db")
            other.execute("BEGIN IMMEDIATE")
            Path("hangs-in-commit").touch()
            hang_for_ever()
        return commit(*arguments)

    return hanging


def main() -> int:
    """Run `-m monitor ARGUMENTS`."""
    sys.path.insert(0, str(ROOT))
    from monitor import app, cli, supervision
    from monitor.camera.capture import Capture
    from monitor.clipping import Clipping
    from monitor.messaging import Messaging
    from monitor.record.store import History
    from monitor.recording import Recording
    from monitor.workers import Classifying

    works: tuple[Any, ...] = (Classifying, Recording, Messaging, Clipping, Capture)
    for name, work in zip(NAMES, works, strict=True):
        work.step = breakable(name, work.step)
    setattr(History, "commit", hanging_commit(History.commit))  # noqa: B010
    setattr(app, "STUCK", STUCK)  # noqa: B010
    setattr(supervision, "STUCK", STUCK)  # noqa: B010
    return cli.main(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
