"""The dashboard asks for what /metrics tells, and the scrape job finds it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import monitor
from monitor.web.figures import FIGURES, LABELS

SHARE = Path(monitor.__file__).parent / "share"
BOARD: dict[str, Any] = json.loads((SHARE / "grafana.json").read_text())
VARIABLES = {variable["name"]: variable for variable in BOARD["templating"]["list"]}

SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds."""


def labels_of(leaf: str, states: tuple[str, tuple[str, ...]] | None) -> set[str]:
    return {LABELS[part] for part in [leaf.partition(".*.")[0]] if part in LABELS} | ({states[0]} if states else set())


TOLD = {figure.name: labels_of(figure.leaf, figure.states) for figure in FIGURES}
TOLD["monitor_build_info"] = {"version", "model", "engine", "precision"}


def queries() -> Iterator[tuple[str, str]]:
    """Every query with its legend."""
    for panel in BOARD["panels"]:
        yield from ((target["expr"], target["legendFormat"]) for target in panel["targets"])


def asked(expr: str) -> Iterator[tuple[str, str, str]]:
    """The metrics of a query: what stands before, the name, and its matchers."""
    for found in re.finditer(r"\bmonitor_\w+", expr):
        matchers = re.match(r"\{([^}]*)\}", expr[found.end() :])
        yield expr[: found.start()], found[0], matchers[1] if matchers else ""


def test_it_can_be_imported() -> None:
    assert BOARD["schemaVersion"] >= 36
    assert "id" not in BOARD
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


@pytest.mark.parametrize(("expr", "legend"), list(queries()), ids=[expr for expr, _ in queries()])
def test_a_query_asks_for_metrics_and_labels_that_there_are(expr: str, legend: str) -> None:
    found = list(asked(expr))
    assert found
    for _, name, matchers in found:
        assert name in TOLD
        matched = set(re.findall(r"(\w+)\s*=~", matchers))
        assert "instance" in matched
        assert matched <= TOLD[name] | SCRAPED
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= TOLD[name] | SCRAPED


@pytest.mark.parametrize("expr", [expr for expr, _ in queries()])
def test_what_only_grows_is_shown_as_a_rate_and_nothing_else_is(expr: str) -> None:
    for before, name, _ in asked(expr):
        assert before.endswith(("rate(", "increase(")) == name.endswith("_total")
    assert expr.count("(") == expr.count(")")
    assert expr.count("{") == expr.count("}")
    assert expr.count("[") == expr.count("]") == len(re.findall(r"_total\b", expr))


def test_a_query_knows_its_series_apart() -> None:
    for panel in BOARD["panels"]:
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(legends) == len(set(legends)), panel["title"]


def test_the_data_source_the_box_and_the_cameras_can_be_chosen() -> None:
    assert list(VARIABLES) == ["datasource", "instance", "camera"]
    assert VARIABLES["datasource"]["type"] == "datasource"
    asks = [BOARD["panels"], *(variable for variable in VARIABLES.values() if variable["type"] == "query")]
    assert set(re.findall(r'"uid": "([^"]*)"', json.dumps(asks))) == {"${datasource}"}
    for name in ("instance", "camera"):
        metric, label = re.fullmatch(r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", VARIABLES[name]["definition"]).groups()  # type: ignore[union-attr]
        assert metric in TOLD
        assert label == name
        assert label in TOLD[metric] | SCRAPED
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(BOARD)))
    assert used == {*VARIABLES, "__rate_interval"}


def test_no_panel_lies_on_another_and_all_fit_the_width() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_scrape_job_reads_its_token_from_a_file() -> None:
    (job,) = yaml.safe_load((SHARE / "prometheus.yaml").read_text())["scrape_configs"]
    assert job["job_name"] == "monitor"
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert set(job["authorization"]) == {"credentials_file"}
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8080"]}]
