"""What several verbs share: where the configuration is, and how results are printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.load import Loaded
    from monitor.config.schema import ModelSettings

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


def models(explicit: Path | None) -> ModelSettings:
    """Give the settings of the model for a verb that needs no more than these.

    Such a verb must work before the first configuration is written, and with one that does not load here and now (its passwords may be
    in the service's environment): unless it was named, the defaults take its place, and a broken one is warned of.
    """
    from monitor.config.schema import ModelSettings

    try:
        return load_config(explicit).config.model
    except ConfigError as error:
        if explicit is not None:
            raise
        folder = Path(os.environ.get("MONITOR_WEIGHTS") or "weights").absolute()
        if Path("config.yaml").exists():
            message(f"{error}\nwarning: the configuration is left aside; the models are those in {folder}")
        return ModelSettings(fallback="efficientnet_lite0", weights=folder)


def load_config(explicit: Path | None) -> Loaded:
    """Read the configuration that a verb was given, or the one that lies where it is looked for."""
    from monitor.config.load import find_config, load

    return load(find_config(explicit, Path.cwd()), environ=os.environ)
