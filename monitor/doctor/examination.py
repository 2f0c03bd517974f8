"""The list of all checks, in the order in which a person mends things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from monitor.clock import Clock, installed_at, is_synchronised
from monitor.config.load import Loaded
from monitor.doctor.account import account_of
from monitor.doctor.board import check_board
from monitor.doctor.broker import check_broker
from monitor.doctor.cameras import check_camera
from monitor.doctor.configuration import check_configuration
from monitor.doctor.daemon import check_daemon, find_daemon
from monitor.doctor.disk import check_disk
from monitor.doctor.finding import Finding, problem, warning
from monitor.doctor.history import check_history
from monitor.doctor.limits import check_open_files, check_port
from monitor.doctor.model import check_model
from monitor.doctor.programs import check_programs
from monitor.doctor.timekeeping import check_clock
from monitor.doctor.unit import check_unit, read_unit
from monitor.errors import MonitorError

Check = Callable[[], Iterable[Finding]]


def examine(loaded: Loaded, clock: Clock) -> Iterator[Finding]:
    """Make every check in turn and yield what each finds as soon as it is known. Raises ConfigError, as `check-config` does."""
    config = loaded.config
    yield from check_configuration(loaded)
    running, unit = find_daemon(config.history.path), read_unit()
    account = account_of(unit)
    checks: list[tuple[str, Check]] = [
        ("python", check_programs),
        ("daemon", partial(check_daemon, running)),
        ("service", partial(check_unit, unit, running, config)),
        ("clock", lambda: check_clock(clock.now().wall, is_synchronised(), installed_at())),
        ("board", partial(check_board, running)),
        ("open files", partial(check_open_files, len(config.cameras), running)),
        ("port", partial(check_port, config.web, running)),
        ("disk", partial(check_disk, config, account)),
        ("history", partial(check_history, config.history.path)),
        ("weights", partial(check_model, config.model, account)),
        ("broker", partial(check_broker, config.mqtt, config.node, clock)),
        *((f"camera {name}", partial(check_camera, name, camera, account, running)) for name, camera in config.cameras.items()),
    ]
    for what, check in checks:
        yield from guarded(what, check)


def guarded(what: str, check: Check) -> Iterator[Finding]:
    """Make one check; that it cannot be made is a finding like any other, and does not keep the rest from being made."""
    try:
        yield from check()
    except PermissionError as error:
        yield warning(what, f"cannot be checked: {error}", "run this with sudo")
    except (MonitorError, OSError) as error:
        yield problem(what, f"cannot be checked: {error}")
    except Exception as error:  # noqa: BLE001 - whoever asks what is wrong with a box must not be left with a traceback
        yield problem(what, f"cannot be checked ({type(error).__name__}: {error})", "this is a bug; please report it")
