"""Programs that stand in for `sys.executable` where a test starts a daemon."""

from __future__ import annotations

from pathlib import Path


def stand_in(folder: Path, command: str) -> Path:
    """Write a program that becomes a command of the shell, with the arguments that it was given as "$@"."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\nexec {command}\n")
    program.chmod(0o755)
    return program
