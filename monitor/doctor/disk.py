"""The disk: can the daemon's user write where it has to, is there room, and how long will the medium last?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.config.schema import Config
from monitor.doctor.account import Account
from monitor.doctor.finding import Finding, ok, problem, warning

HISTORY_FREE = 50 * 1000**2
"""Bytes below which SQLite's write-ahead log and its checkpoints may find no room."""

SNAPSHOTS = "snapshots"

_CORRUPT = ".corrupt-"
"""In the name of a damaged history that was moved aside; nobody writes to it any more."""

_CARD = "mmcblk"
"""How Linux names SD cards and eMMC; the boot partitions of the latter are named so as well."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that something is written to. uses: what; existing: the folder itself, or the nearest above it that is there.

    read_only: the file system is mounted so; writable: for the daemon's user; free: bytes, for users; on_card: an SD card.
    """

    folder: Path
    uses: tuple[str, ...]
    existing: Path
    read_only: bool
    writable: bool
    free: int
    total: int
    on_card: bool
    device: int = field(compare=False, default=0)


def folders(config: Config) -> dict[Path, tuple[str, ...]]:
    """Give every folder that the daemon writes to, with what it writes there."""
    wanted = [("history", config.history.path.parent), ("detection log", config.history.log.parent)]
    if config.snapshots.enabled or config.clips.enabled:  # which lie in the same folder
        wanted.append((SNAPSHOTS, config.snapshots.path))
    if config.logging.file is not None:
        wanted.append(("log", config.logging.file.parent))
    found: dict[Path, tuple[str, ...]] = {}
    for use, folder in wanted:
        found[folder] = (*found.get(folder, ()), use)
    return found


def look_at(folder: Path, uses: tuple[str, ...], account: Account, root: Path = Path("/")) -> Place:
    """Look at a folder that may not be there yet. root: where `sys` is. Raises OSError."""
    existing = next(above for above in (folder, *folder.parents) if above.exists())
    system, device = os.statvfs(existing), existing.stat().st_dev
    return Place(
        folder,
        uses,
        existing,
        read_only=bool(system.f_flag & os.ST_RDONLY),
        writable=account.may_reach(existing) and account.may(existing, os.W_OK) and account.may(existing, os.X_OK),
        free=system.f_bavail * system.f_frsize,
        total=system.f_blocks * system.f_frsize,
        on_card=_is_card(root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"),
        device=device,
    )


def check_disk(config: Config, account: Account) -> Iterator[Finding]:
    """Look at every folder; what concerns a whole file system is said once."""
    places = [look_at(folder, uses, account) for folder, uses in folders(config).items()]
    yield from judge(places, config.snapshots.min_free, account.name)
    yield from _files(config, account)


def _files(config: Config, account: Account) -> Iterator[Finding]:
    """Find what the daemon's user may not write to: who tried the daemon as root has left such files."""
    for path in filter(None, (config.history.path, config.history.log, config.logging.file)):
        if not path.parent.is_dir():
            continue
        ours = [file for file in sorted(path.parent.iterdir()) if file.name.startswith(path.name) and _CORRUPT not in file.name]
        for file in ours:
            if not account.may(file, os.W_OK):
                yield problem("disk", f"user {account.name} may not write to {file}", f"sudo chown {account.name} {file}")


def judge(places: Iterable[Place], min_free: int, user: str) -> Iterator[Finding]:
    """Judge the places. min_free: bytes below which no snapshots are kept."""
    places = list(places)
    for place in places:
        yield from _rights(place, user)
    for device in dict.fromkeys(place.device for place in places):
        here = [place for place in places if place.device == device]
        yield from _room(here, min_free)
        if any(place.on_card for place in here):
            yield ok(
                "disk",
                f"{_names(here)} on an SD card, which wears out with what is written",
                "a USB disk lasts longer; else mount it `noatime`, and keep the journal in memory (Storage=volatile in journald.conf)",
            )


def _rights(place: Place, user: str) -> Iterator[Finding]:
    uses = " and ".join(place.uses)
    if place.read_only:
        yield problem(
            "disk",
            f"{place.folder} ({uses}) lies on a file system that is mounted read-only",
            "a card that fails becomes so: see `dmesg`, save what is on it and replace it; else mount it read-write",
        )
    elif not place.writable and place.existing == place.folder:
        yield problem("disk", f"user {user} may not write to {place.folder} ({uses})", f"sudo chown {user} {place.folder}")
    elif not place.writable:
        yield problem(
            "disk",
            f"there is no {place.folder} ({uses}), and user {user} may not make it in {place.existing}",
            f"sudo install -d -o {user} {place.folder}",
        )


def _room(here: list[Place], min_free: int) -> Iterator[Finding]:
    free, total = here[0].free, here[0].total
    told = f"{_megabytes(free)} of {_megabytes(total)} free where {_names(here)} {'is' if len(here) == 1 else 'are'} kept"
    if free < HISTORY_FREE:
        yield problem("disk", told, "delete what nobody needs: the history cannot be written for long")
    elif free < min_free and any(SNAPSHOTS in place.uses for place in here):
        yield problem("disk", f"{told}, and snapshots need {_megabytes(min_free)}", "make room, or lower snapshots.min_free")
    elif free < 2 * min_free:
        yield warning("disk", told, "make room, or lower history.max_size, snapshots.max_size and clips.max_size")
    else:
        yield ok("disk", told)


def _names(places: Iterable[Place]) -> str:
    return ", ".join(use for place in places for use in place.uses)


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"


def _is_card(device: Path) -> bool:
    return _CARD in str(device.resolve()) if device.exists() else False
