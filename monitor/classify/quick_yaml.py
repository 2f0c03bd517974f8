"""Reading the YAML that we wrote ourselves: a card's thousand labels take libyaml 2 ms and Python 20, and 2 MB of memory more."""

from __future__ import annotations

from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the former is missing where PyYAML was built without libyaml


def read_yaml(text: str) -> Any:
    """Return what a YAML document holds: plain values only. yaml.YAMLError, ValueError or RecursionError if it is none."""
    return yaml.load(text, _Loader)  # noqa: S506 - either loader is a safe one
