from __future__ import annotations

import json
from pathlib import Path

import pytest

import monitor
from tests.verbs.conftest import Run

SHARE = Path(monitor.__file__).parent / "share"


def test_the_examples_are_listed_with_a_line_each(run: Run) -> None:
    ran = run("example")
    assert (ran.code, ran.err) == (0, "")
    names = [line.split()[0] for line in ran.out.splitlines()]
    assert names[:5] == ["blueprint", "node-red", "acl", "prometheus", "grafana"]
    assert names[5:] == sorted(f"schemas/{file.stem}" for file in (SHARE / "schemas").iterdir())
    assert all(len(line.split()) > 2 for line in ran.out.splitlines())


def test_the_list_can_be_had_as_json(run: Run) -> None:
    rows = run("example", "--json").rows()
    assert rows[1] == {"name": "node-red", "about": "Node-RED: a flow that hears alerts and switches detection"}
    assert {"name": "schemas/alert", "about": "JSON schema: An alert"} in rows


def test_every_file_that_is_shipped_can_be_printed_as_it_is_and_any_terminal_shows_it(run: Run) -> None:
    printed = [run("example", row["name"]) for row in run("example", "--json").rows()]
    assert all((ran.code, ran.err) == (0, "") for ran in printed)
    assert all(ran.out.isascii() for ran in printed)
    assert sorted(ran.out for ran in printed) == sorted(
        file.read_text() for file in SHARE.rglob("*") if file.is_file() and file.parent.name != "pictures"
    )


@pytest.mark.parametrize(("name", "meant"), [("blueprnt", "blueprint"), ("nodered", "node-red"), ("schemas/alerts", "schemas/alert")])
def test_a_name_that_is_nearly_one_is_told_which(run: Run, name: str, meant: str) -> None:
    ran = run("example", name)
    assert (ran.code, ran.out) == (2, "")
    assert f"there is no example '{name}'; did you mean {meant}?" in ran.err


@pytest.mark.parametrize("name", ["", "../../pyproject.toml", "/etc/passwd", "x" * 10_000, "schemas/../blueprint"])
def test_any_other_name_is_told_the_known_ones(run: Run, name: str) -> None:
    ran = run("example", name)
    assert (ran.code, ran.out) == (2, "")
    assert "Known: blueprint, node-red, acl, prometheus, grafana, schemas/alert," in ran.err
    assert len(ran.err) < 1000


def test_it_needs_no_configuration(run: Run, tmp_path: Path) -> None:
    assert not (tmp_path / "config.yaml").exists()
    assert json.loads(run("example", "schemas/rule").out)["title"] == "What a rule says now"
