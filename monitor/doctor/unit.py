"""The systemd service: installed, enabled, running, and as which user."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.config.schema import Config
from monitor.doctor.daemon import Running
from monitor.doctor.finding import Finding, ok, problem, warning

UNIT = "monitor.service"

SYSTEMD = Path("/run/systemd/system")
"""There is this folder exactly while systemd runs the machine (sd_booted(3))."""

_PROPERTIES = (
    *("LoadState", "UnitFileState", "ActiveState", "User", "SupplementaryGroups", "MainPID", "NRestarts", "Result", "ExecMainStatus"),
    *("WatchdogUSec", "NeedDaemonReload", "MemoryDenyWriteExecute", "FragmentPath"),
)

_OF_A_USER = ("home/*/.config/systemd/user", "root/.config/systemd/user", "etc/systemd/user")
"""Where somebody may have put a unit of the same name that a user's own systemd starts."""

_TIMEOUT = 10.0

Facts = Mapping[str, str]
"""Properties of the unit as `systemctl show` gives them (org.freedesktop.systemd1(5))."""


def read_unit(systemd: Path = SYSTEMD) -> Facts | None:
    """Ask systemd for the unit; None where there is no systemd, or it does not answer."""
    if not systemd.is_dir():
        return None
    command = ["systemctl", "show", UNIT, f"--property={','.join(_PROPERTIES)}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return None
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line) or None


def is_installed(facts: Facts | None) -> bool:
    """Tell whether the unit is there."""
    return facts is not None and facts.get("LoadState") not in ("not-found", "masked", None)


def check_unit(facts: Facts | None, running: Running, config: Config, root: Path = Path("/")) -> Iterator[Finding]:
    """Judge the unit. root: where homes and /etc are."""
    if facts is None:
        yield ok("service", "no systemd answers here (a container?)", "see that something starts `monitor run` again when it ends")
        return
    if facts.get("LoadState") == "masked":
        yield problem("service", f"{UNIT} is masked and cannot start", f"sudo systemctl unmask {UNIT}")
        return
    if not is_installed(facts):
        yield warning("service", f"{UNIT} is not installed: nothing starts the daemon after a power cut", "sudo make install-service")
    else:
        yield from _state(facts, running)
        yield from _settings(facts, config)
    for folder in _OF_A_USER:
        for other in root.glob(f"{folder}/{UNIT}"):
            yield warning("service", f"{other} is a second unit of this name, which a user's own systemd may start", f"remove {other}")


def _state(facts: Facts, running: Running) -> Iterator[Finding]:
    user = facts.get("User") or "root"
    active = facts.get("ActiveState", "unknown")
    if active == "failed":
        why = f"{facts.get('Result', 'unknown')}, exit code {facts.get('ExecMainStatus', 'unknown')}"
        yield problem("service", f"{UNIT} has failed ({why})", "journalctl -u monitor -n 50 says why; then sudo systemctl start monitor")
    elif active == "inactive" and running.runs:
        yield warning("service", f"the daemon that runs is not {UNIT}: after a power cut nobody starts it", "stop it and start the service")
    elif active == "inactive":
        yield problem("service", f"{UNIT} is installed and does not run", "sudo systemctl enable --now monitor")
    else:
        restarts = facts.get("NRestarts", "0")
        again = f", started again {restarts} times" if restarts not in ("", "0") else ""
        yield ok("service", f"{UNIT} is {active} as user {user}, process {facts.get('MainPID', 'unknown')}{again}")
    if user == "root":
        yield warning("service", f"{UNIT} runs as root", "User=monitor, as in the unit that `sudo make install-service` installs")


def _settings(facts: Facts, config: Config) -> Iterator[Finding]:
    if facts.get("UnitFileState") == "disabled":
        yield warning("service", f"{UNIT} is not enabled: it does not start when the machine does", "sudo systemctl enable monitor")
    if facts.get("WatchdogUSec") in ("0", "infinity"):
        yield warning("service", f"{UNIT} has no watchdog: a daemon that hangs is not started again", "sudo make install-service")
    if facts.get("NeedDaemonReload") == "yes":
        yield warning(
            "service",
            f"{UNIT} has changed on the disk, and systemd runs it as it was",
            "sudo systemctl daemon-reload, then restart monitor",
        )
    if config.model.engine in ("torch", "openvino") and facts.get("MemoryDenyWriteExecute") == "yes":
        yield problem(
            "service",
            f"{UNIT} forbids the machine code that engine {config.model.engine} writes",
            "systemd/torch-engine.conf says how to allow it, or set model.engine to onnxruntime",
        )
