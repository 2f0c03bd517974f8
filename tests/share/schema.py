"""The JSON schemas of the package, as they hold for messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import monitor

FOLDER = Path(monitor.__file__).parent / "share" / "schemas"
NAMES = sorted(file.stem for file in FOLDER.iterdir())


def schema(name: str) -> dict[str, Any]:
    """Read one."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def check(name: str, payload: bytes) -> None:
    """Raise jsonschema.ValidationError unless the message is what its schema says."""
    Draft202012Validator(schema(name)).validate(json.loads(payload))


def name_for(topic: str) -> str | None:
    """Give the name of the schema for a topic below the base topic `monitor`, None if its messages are no JSON."""
    levels = topic.split("/")[1:]
    match levels:
        case [*_, "set"] | [*_, "state"] if levels != ["bridge", "state"]:
            return None
        case [_, "snapshot"]:
            return None
        case ["bridge", ("request" | "response") as name, _]:
            return name
        case ["bridge", name]:
            return f"bridge_{name}"
        case [_, ("alert" | "availability" | "problem" | "stats") as name]:
            return name
    return "rule"
