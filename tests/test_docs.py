"""The README says what the code does: every key, topic, verb and exit code, both ways."""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from monitor import __version__, ladder
from monitor.cli import parser
from monitor.config.schema import Config
from monitor.publish.topics import Topics
from monitor.values import Place

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """The text under a second-level heading."""
    return re.split(r"^## ", README.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table(title: str, head: str) -> dict[str, list[str]]:
    """The rows of the table under `title` that begins with the column `head`: first cell (without quotes) -> the other cells."""
    lines = section(title).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        first, *others = (cell.strip() for cell in line.strip("|").split("|"))
        rows[first.strip("`")] = others
    return rows


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of the schema as it is written in the README, with its default."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        nested = [
            kind
            for kind in kinds + [inner for kind in kinds for inner in get_args(kind)]
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        if not nested or (name == "rules" and prefix):
            yield prefix + name + (".NAME" if name == "groups" else ""), field.get_default(call_default_factory=True, validated_data={})
        elif get_origin(field.annotation) is dict or name == "cameras":
            yield from keys(nested[0], f"{prefix}{name}.NAME.")
        elif name == "rules":
            yield from keys(nested[0], f"{name}[].")
        else:
            yield from keys(nested[0], f"{prefix}{name}.")


def test_every_configuration_key_is_documented_and_no_other() -> None:
    assert set(table("Configuration", "key")) == {key for key, _ in keys(Config)}


def test_the_documented_defaults_are_those_of_the_schema() -> None:
    documented = table("Configuration", "key")
    for key, default in keys(Config):
        told = documented[key][0].strip("`")
        if isinstance(default, bool):
            assert told == str(default).lower(), key
        elif isinstance(default, str) and default and told != "the label's slug":
            assert told == default, key
        elif isinstance(default, int | float) and told.replace(".", "").isdigit():
            assert float(told) == default, key


def verbs(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The verbs of a parser, those with verbs of their own spelt out."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in of._subparsers._group_actions if of._subparsers else ():
        assert isinstance(action.choices, dict)
        for name, inner in action.choices.items():
            found |= {f"{name} {part}": each for part, each in verbs(inner).items()} or {name: inner}
    return found


def test_every_verb_is_documented_and_no_other() -> None:
    documented = {re.sub(r" [\[A-Z].*", "", first.removeprefix("monitor ")) for first in table("Command line", "verb")}
    assert documented == set(verbs(parser()))


@pytest.mark.parametrize("name", ["classify", "replay", "probe", "history", "bench", "doctor", "weights quantize"])
def test_every_option_of_a_verb_is_documented(name: str) -> None:
    row = next(" ".join([first, *others]) for first, others in table("Command line", "verb").items() if first.startswith(f"monitor {name}"))
    options = {string for action in verbs(parser())[name]._actions for string in action.option_strings if string.startswith("--")}
    for option in options - {"--help", "--config", "--json"}:
        assert option in row


def test_every_exit_code_is_documented_and_no_other() -> None:
    codes = {value for name, value in vars(ladder).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in table("Command line", "exit code")} == codes


def test_every_topic_is_documented_and_no_other() -> None:
    topics = Topics("B")
    built = {topics.bridge_state, topics.bridge_info, topics.bridge_health, topics.bridge_lost, f"{topics.log_level}/state"}
    built |= {topics.request("NAME"), topics.response("NAME")}
    built |= {topics.availability("c"), topics.problem("c"), topics.alert("c"), topics.snapshot("c"), topics.stats("c")}
    built |= {f"{topics.detect('c')}/state", f"{topics.threshold('c', 'r')}/state"}
    built |= {topics.rule(Place("c", "frame", "r")), topics.rule(Place("c", "z", "r"))}
    names = {"c": "CAM", "r": "RULE", "z": "ZONE"}
    assert set(table("MQTT", "topic")) == {"/".join(names.get(level, level) for level in topic.split("/")) for topic in built}


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_dependency_is_pinned_to_the_version_that_was_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {re.split(r"[<>=]", name)[0].lower().replace("_", "-") for name in wanted} <= pinned
