"""The record beside a generated file: FILE.json with FILE's SHA-256 and what it was made from.

By it a damaged or stale file is known with a hash alone, without loading it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.classify.atomic import replacing
from monitor.classify.checksum import sha256_of


def sidecar_path(file: Path) -> Path:
    """Return where the record of `file` lies."""
    return file.with_name(f"{file.name}.json")


def write_sidecar(file: Path, content: Path, facts: Mapping[str, object]) -> None:
    """Write the record of `file`, whose content still lies in `content`. OSError if it cannot be written."""
    with replacing(sidecar_path(file)) as scratch:
        scratch.write_text(json.dumps({"sha256": sha256_of(content), **facts}) + "\n", "utf-8")


def read_sidecar(file: Path) -> dict[str, Any]:
    """Return the record of `file`; {} if it is missing or damaged."""
    try:
        record = json.loads(sidecar_path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def problem_of(file: Path, made_from: Mapping[str, object]) -> str | None:
    """Say why `file` cannot be used, or None: it is whole, and its record agrees with `made_from`. Reads the whole file."""
    if not file.is_file():
        return f"{file} is missing"
    record = read_sidecar(file)
    if not record:
        return f"{sidecar_path(file)} is missing or damaged"
    if any(record.get(key) != value for key, value in made_from.items()):
        return f"{file} was made by another version of this program or from another file"
    if record.get("sha256") != sha256_of(file):
        return f"{file} is damaged: its SHA-256 is not the one it was written with"
    return None
