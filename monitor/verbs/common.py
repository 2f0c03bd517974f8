"""What several verbs share: where the configuration is, and how results are printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.config.load import Loaded

Verbs = argparse._SubParsersAction  # the only name argparse has for it


def out(line: str) -> None:
    """Print a result."""
    sys.stdout.write(line + "\n")


def message(line: str) -> None:
    """Tell the person at the keyboard something that is not a result."""
    sys.stderr.write(line + "\n")


def json_line(value: Mapping[str, Any]) -> None:
    """Print a result as one line of JSON."""
    out(json.dumps(value, ensure_ascii=False, allow_nan=False))


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--config FILE`."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration (else ./config.yaml, else /etc/monitor/config.yaml)")


def load_config(explicit: Path | None) -> Loaded:
    """Read the configuration that a verb was given, or the one that lies where it is looked for."""
    from monitor.config.load import find_config, load

    return load(find_config(explicit, Path.cwd()), environ=os.environ)
