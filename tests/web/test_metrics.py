"""What Prometheus reads: names and types by its rules, every figure of the status, and names of cameras whatever they are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.values import OfflineReason, ProblemKind
from monitor.web.figures import BUILD, FIGURES, LABELS
from monitor.web.metrics import blueprint
from monitor.web.window import Json
from tests.web.fakes import FakeWindow

LEFT_OUT = {
    "id": "Prometheus names the box by its target",
    "time": "a sample has the time of its scrape",
    "time_unix": "a sample has the time of its scrape",
    "process.pid": "an identifier is no measure",
    "cameras.*.since": "the same as since_unix",
    "cameras.*.detail": "free text would be a new series for each wording",
    "broker.detail": "free text would be a new series for each wording",
    "disks.*.path": "the label",
}
OTHER_UNITS = re.compile(r"_(ms|milliseconds|minutes|hours|days|mb|kilobytes|percent|fahrenheit)(_|$)")


class OtherWindow(FakeWindow):
    """A window with a status of our own."""

    changed: Mapping[str, Any] = {}

    def status(self) -> Json:
        return {**super().status(), **self.changed}


@pytest.fixture
def window(tmp_path: Any) -> OtherWindow:
    return OtherWindow(tmp_path)


@pytest.fixture
def client(window: OtherWindow) -> FlaskClient:
    app = flask.Flask("test")
    app.register_blueprint(blueprint(window))
    return app.test_client()


def families(client: FlaskClient) -> dict[str, Metric]:
    return {family.name: family for family in parse(client.get("/metrics").text)}


def samples(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {(s.name, frozenset(s.labels.items())): s.value for family in families(client).values() for s in family.samples}


def sample(client: FlaskClient, name: str, **labels: str) -> float | None:
    return samples(client).get((name, frozenset(labels.items())))


def parse_openmetrics(text: str) -> list[Metric]:
    return list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def leaves(status: Any, place: str = "") -> Iterator[str]:
    """Every place of the status that holds no others, as `figures` writes it."""
    if isinstance(status, Mapping):
        for key, inside in status.items():
            yield from leaves(inside, f"{place}.*" if place in LABELS else f"{place}.{key}".lstrip("."))
    elif place == "disks":
        for disk in status:
            yield from leaves(disk, "disks.*")
    else:
        yield place


def test_every_figure_of_the_status_is_told_or_left_out_for_a_reason(window: OtherWindow) -> None:
    told = {figure.leaf for figure in FIGURES} | {".".join(place) for place in BUILD.values()}
    there = set(leaves(window.status()))
    assert there - {"stuck"} == (told | set(LEFT_OUT)) - {"stuck"}
    assert not told & set(LEFT_OUT)


def test_all_that_is_known_has_a_sample(window: OtherWindow, client: FlaskClient) -> None:
    porch = {**window.status()["cameras"]["porch"], "recovery_seconds": 3.5}
    outbox = {**window.status()["outbox"], "oldest_seconds": 12.0}
    window.changed = {"cameras": {"porch": porch}, "outbox": outbox, "stuck": []}
    names = {name for name, _ in samples(client)}
    assert names == {figure.name for figure in FIGURES} | {"monitor_build_info"}


def test_names_types_and_texts_follow_prometheus(client: FlaskClient) -> None:
    found = families(client)
    assert len(found) > 30
    for family in found.values():
        assert re.fullmatch(r"monitor(_[a-z]+)+", family.name)
        assert family.documentation.endswith(".")
        assert not OTHER_UNITS.search(family.name)
        for one in family.samples:
            assert one.name.endswith("_total") == (family.type == "counter"), one.name
            assert not one.name.endswith(("_count", "_sum", "_bucket", "_created"))
            assert set(one.labels) <= {"camera", "queue", "path", "kind", "reason", "version", "model", "engine", "precision"}
            assert not math.isnan(one.value)


def test_a_metric_is_declared_once_and_before_its_samples(client: FlaskClient) -> None:
    declared: list[str] = []
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("# TYPE "):
            declared.append(line.split()[2])
        elif not line.startswith("#"):
            assert re.split(r"[ {]", line)[0] == declared[-1]
    assert len(declared) == len(set(declared))


def test_the_figures_are_those_of_the_status_in_base_units(client: FlaskClient) -> None:
    assert sample(client, "monitor_camera_up", camera="porch") == 1
    assert sample(client, "monitor_camera_up", camera="yard") == 0
    assert sample(client, "monitor_camera_inference_seconds", camera="porch") == pytest.approx(0.0215)
    assert sample(client, "monitor_camera_gated_frames_total", camera="porch") == 250
    assert sample(client, "monitor_queue_capacity", queue="rows") == 1000
    assert sample(client, "monitor_disk_free_bytes", path="logs") == 20e9
    assert sample(client, "monitor_broker_connected") == 1
    assert sample(client, "monitor_process_uptime_seconds") == 3600
    assert sample(client, "monitor_build_info", version="0.1.0", model="resnet18", engine="onnxruntime", precision="fp32") == 1


def test_what_is_not_known_has_no_sample(client: FlaskClient) -> None:
    assert sample(client, "monitor_camera_frames_per_second", camera="yard") is None
    assert sample(client, "monitor_camera_recovery_seconds", camera="porch") is None
    assert sample(client, "monitor_outbox_oldest_alert_age_seconds") is None


def test_without_mqtt_and_with_an_older_status_the_rest_is_told(window: OtherWindow, client: FlaskClient) -> None:
    window.changed = {"broker": None, "outbox": None, "model": None, "cameras": {"porch": {"state": "online"}}, "disks": []}
    names = {name for name, _ in samples(client)}
    assert {"monitor_camera_up", "monitor_process_threads", "monitor_build_info"} <= names
    assert not [name for name in names if name.startswith(("monitor_broker", "monitor_outbox", "monitor_disk"))]


def test_a_state_is_one_of_several_series_that_are_always_there(window: OtherWindow, client: FlaskClient) -> None:
    yard = {**window.status()["cameras"]["yard"], "problem": "slow"}
    window.changed = {"cameras": {"yard": yard}}
    for reason in OfflineReason:
        assert sample(client, "monitor_camera_offline", camera="yard", reason=reason) == float(reason == "lost")
    for kind in ProblemKind:
        assert sample(client, "monitor_camera_problem", camera="yard", kind=kind) == float(kind == "slow")


def test_a_trouble_is_1_whatever_its_words(window: OtherWindow, client: FlaskClient) -> None:
    assert sample(client, "monitor_storage_trouble") == 0
    window.changed = {
        "storage": {"trouble": "disk I/O error", "written_per_day": None},
        "model": {"name": "lite", "fallback_reason": "no file", "engine": "torch", "precision": "fp32"},
        "stuck": ["record"],
    }
    assert sample(client, "monitor_storage_trouble") == 1
    assert sample(client, "monitor_model_fallback") == 1
    assert sample(client, "monitor_stuck_workers") == 1


HOSTILE = ['say "hi"', "back\\slash", "back\\nslash-n", "two\nlines", "Küche 猫", "a{b}=c,d", "# TYPE x counter", "\ud800 half"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_comes_through_whatever_is_in_it(window: OtherWindow, client: FlaskClient, name: str) -> None:
    told = name.replace("\ud800", "?")
    window.changed = {
        "cameras": {name: window.status()["cameras"]["porch"]},
        "queues": {f"frames-{name}": {"depth": 1, "size": 2, "dropped": 3}},
        "disks": [{"path": name, "total": 2, "free": 1}],
    }
    assert sample(client, "monitor_camera_up", camera=told) == 1
    assert sample(client, "monitor_queue_dropped_total", queue=f"frames-{told}") == 3
    assert sample(client, "monitor_disk_free_bytes", path=told) == 1
    parsed = parse_openmetrics(client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text)
    assert {s.labels["camera"] for family in parsed for s in family.samples if "camera" in s.labels} == {told}


def test_whoever_asks_for_openmetrics_gets_it_with_the_same_figures(client: FlaskClient) -> None:
    scrape = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    answer = client.get("/metrics", headers={"Accept": scrape})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    parsed = {(s.name, frozenset(s.labels.items())): s.value for family in parse_openmetrics(answer.text) for s in family.samples}
    assert parsed == samples(client)


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/plain;version=x.y", "application/openmetrics-text;version=abc", ";;,"])
def test_whatever_is_accepted_there_is_an_answer(client: FlaskClient, accept: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert "monitor_camera_up" in answer.text


def test_each_scrape_tells_how_it_is_then(window: OtherWindow, client: FlaskClient) -> None:
    assert sample(client, "monitor_camera_up", camera="porch") == 1
    window.changed = {"cameras": {}}
    assert sample(client, "monitor_camera_up", camera="porch") is None
