"""Disks that are small, that fail, and that lose what was not forced to them; clocks that are wrong."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_HEAD = struct.Struct("<ccqq")


@contextmanager
def small_file_system(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of `size` (such as "4m") at a folder that is made; skips without root."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("this sandbox does not let root mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, how: str) -> None:
    """Make a mounted file system read-only ("ro") or writable ("rw")."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


class FailingFileSystem:
    """An ext4 of 128 MB at a folder that is made, which the kernel can be made to give up. Skips without root or loop devices.

    Nobody can make a file system read-only by hand while somebody writes to it; the kernel does so to one whose disk fails.
    """

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "e2fsck", "mount"))):
            pytest.skip("to make a file system fail takes root and e2fsprogs")
        self.folder = folder
        self._image = folder.with_name(folder.name + ".image")
        folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(128 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self._image], check=True)
        if not self._mount(self._image):
            pytest.skip("this sandbox has no loop devices to mount a file system with")
        self._mounted = True

    def turn_read_only(self) -> None:
        """Have the kernel treat it as one whose disk fails."""
        subprocess.run(["mount", "-o", "remount,abort", self.folder], check=True)

    def mount_repaired(self) -> None:
        """Put it in order and mount it anew, as a person does, without asking who has files open there."""
        repaired = self._image.with_name(self._image.name + ".repaired")
        subprocess.run(["cp", "--sparse=always", self._image, repaired], check=True)
        self.close()
        # 1: errors were corrected
        assert subprocess.run(["e2fsck", "-p", repaired], capture_output=True, check=False).returncode in {0, 1}
        self._mounted = self._mount(repaired)
        assert self._mounted

    def close(self) -> None:
        """Unmount it, whoever has files open there."""
        if self._mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)
            self._mounted = False

    def _mount(self, image: Path) -> bool:
        return subprocess.run(["mount", "-o", "loop", image, self.folder], capture_output=True, check=False).returncode == 0


def failing_disk(folder: Path) -> dict[str, str]:
    """Give the environment for a process whose disk can be made to fail. Skips without a C compiler."""
    return {"LD_PRELOAD": str(_built(folder, "failing_disk"))}


def wrong_clock(folder: Path, offset: Path) -> dict[str, str]:
    """Give the environment for a process whose wall clock is wrong by the seconds in the file `offset`. Skips without a C compiler."""
    return {"LD_PRELOAD": str(_built(folder, "wrong_clock")), "FAULT_CLOCK": str(offset)}


def _built(folder: Path, name: str) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("to come between a process and its system takes a C compiler")
    library = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@dataclass(frozen=True)
class Operation:
    """kind: W write, T truncate, S forced to the disk, L refused to be, C an alert was confirmed. file: d database, w write-ahead log."""

    kind: str
    file: str
    offset: int
    data: bytes


def read_journal(path: Path) -> list[Operation]:
    """What was done to a history, in order; the last one may be torn."""
    data, place, found = path.read_bytes(), 0, []
    while place + _HEAD.size <= len(data):
        kind, file, offset, size = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        found.append(Operation(kind.decode(), file.decode(), offset, data[place : place + size]))
        place += size
    return found


def after_power_cut(operations: Sequence[Operation], folder: Path, chance: random.Random) -> None:
    """Write the history as a disk holds it that lost power after `operations`.

    What was forced to it is there; of the rest any part may be, in any order, pages cut in two among it. What it refused to force is
    not: the kernel calls such pages clean, and forces them no more.
    """
    for kind, name in (("d", "history.db"), ("w", "history.db-wal")):
        forced: list[Operation] = []
        pending: list[Operation] = []
        for operation in (operation for operation in operations if operation.file == kind):
            pending.append(operation)
            if operation.kind in "SL":
                forced += [one for one in pending if operation.kind == "S" or one.kind != "W"]
                pending = []
        loose = [operation for operation in pending if chance.random() < 0.5]
        chance.shuffle(loose)
        content = bytearray()
        for operation in (*forced, *(torn(operation, chance) for operation in loose)):
            if operation.kind == "T":
                content[operation.offset :] = bytes(max(0, operation.offset - len(content)))
            elif operation.kind == "W":
                content.extend(bytes(max(0, operation.offset - len(content))))
                content[operation.offset : operation.offset + len(operation.data)] = operation.data
        (folder / name).write_bytes(content)


def torn(operation: Operation, chance: random.Random) -> Operation:
    """Now and then only the first part of a write, in sectors of 512 bytes."""
    if operation.kind != "W" or chance.random() < 0.7:
        return operation
    whole = len(operation.data) // 512
    return Operation("W", operation.file, operation.offset, operation.data[: 512 * chance.randint(0, whole)])
