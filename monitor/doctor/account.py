"""Whose rights count: those of the user that the service runs as, whoever asks."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from monitor.doctor.unit import Facts, is_installed


@dataclass(frozen=True, slots=True)
class Account:
    """A user with all groups, by number."""

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, path: Path, right: int) -> bool:
        """Tell whether the user has a right (os.R_OK, W_OK, X_OK) to a path that is there, by owner, group and mode; ACLs are not asked.

        Raises OSError.
        """
        facts = path.stat()
        if self.uid == 0:
            return True
        owner, group, others = (facts.st_mode >> shift & 0o7 for shift in (6, 3, 0))
        return bool((owner if facts.st_uid == self.uid else group if facts.st_gid in self.groups else others) & right)

    def may_reach(self, path: Path) -> bool:
        """Tell whether the user may walk through every folder above `path`. Raises OSError."""
        return all(self.may(folder, os.X_OK) for folder in path.absolute().parents)


def account_of(unit: Facts | None) -> Account:
    """Give the user of the service where it is installed, else whoever asks."""
    name = (unit or {}).get("User", "") if is_installed(unit) else ""
    try:
        entry = pwd.getpwnam(name) if name else None
    except KeyError:
        entry = None
    if entry is None:
        return Account(_own_name(), os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))
    extra = {gid for group in (unit or {}).get("SupplementaryGroups", "").split() if (gid := _gid(group)) is not None}
    return Account(name, entry.pw_uid, frozenset({*os.getgrouplist(name, entry.pw_gid), *extra}))


def is_device(path: Path) -> bool:
    """Tell whether a character device is there."""
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return False


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # containers
        return str(os.geteuid())


def _gid(group: str) -> int | None:
    try:
        return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        return None
