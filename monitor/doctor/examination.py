"""The list of all checks, in the order in which a person mends things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from monitor.config.load import Loaded
from monitor.doctor.account import account_of
from monitor.doctor.cameras import check_camera
from monitor.doctor.daemon import check_daemon, find_daemon
from monitor.doctor.finding import Finding, problem
from monitor.doctor.unit import check_unit, read_unit
from monitor.errors import MonitorError

Check = Callable[[], Iterable[Finding]]


def examine(loaded: Loaded) -> Iterator[Finding]:
    """Make every check in turn and yield what each finds as soon as it is known."""
    config = loaded.config
    running, unit = find_daemon(config.history.path), read_unit()
    account = account_of(unit)
    yield from guarded("daemon", partial(check_daemon, running))
    yield from guarded("service", partial(check_unit, unit, running, config))
    for name, camera in config.cameras.items():
        yield from guarded(f"camera {name}", partial(check_camera, name, camera, account, running))


def guarded(what: str, check: Check) -> Iterator[Finding]:
    """Make one check; that it cannot be made is a finding like any other, and does not keep the rest from being made."""
    try:
        yield from check()
    except (MonitorError, OSError) as error:
        yield problem(what, f"cannot be checked: {error}")
    except Exception as error:  # noqa: BLE001 - whoever asks what is wrong with a box must not be left with a traceback
        yield problem(what, f"cannot be checked ({type(error).__name__}: {error})", "this is a bug; please report it")
