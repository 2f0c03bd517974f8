"""`/metrics` for Prometheus, and `/healthz` for whatever restarts containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import flask
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from monitor.web.figures import BUILD, FIGURES, LABELS, Figure
from monitor.web.window import Json, Window

OPENMETRICS = "application/openmetrics-text"

_MISSING = object()


def blueprint(window: Window) -> flask.Blueprint:
    """Make the routes."""
    routes = flask.Blueprint("metrics", __name__)
    registry = CollectorRegistry()
    registry.register(StatusCollector(window))

    @routes.get("/metrics")
    def metrics() -> flask.Response:
        # Not prometheus_client's choose_encoder: a version in the header that is no number is an exception there.
        if OPENMETRICS in flask.request.headers.get("Accept", ""):
            text = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
            return flask.Response(text, content_type=openmetrics.CONTENT_TYPE_LATEST)
        return flask.Response(exposition.generate_latest(registry), content_type=exposition.CONTENT_TYPE_PLAIN_0_0_4)

    @routes.get("/healthz")
    def healthz() -> tuple[dict[str, object], int]:
        # Unhealthy means that a restart helps, so neither a camera nor a broker that is away counts. Anybody may ask: a worker is told
        # by its kind, as the rest of its name is a camera's.
        stuck = sorted({name.partition("-")[0] for name in window.status().get("stuck", [])})
        return ({"status": "stuck", "why": stuck}, 503) if stuck else ({"status": "ok"}, 200)

    return routes


class StatusCollector(Collector):
    """Makes metrics of the status whenever they are asked for; nothing is counted here."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: the registry would ask for the whole status."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give a family for each figure; one without a sample is left out."""
        status = self._window.status()
        yield InfoMetricFamily("monitor_build", "What is running.", value=_build(status))
        for figure in FIGURES:
            family = _family(status, figure)
            if family.samples:
                yield family


def _build(status: Json) -> dict[str, str]:
    found = {}
    for label, place in BUILD.items():
        value: Any = status
        for key in place:
            value = value.get(key, "") if isinstance(value, Mapping) else ""
        found[label] = str(value)
    return found


def _family(status: Json, figure: Figure) -> Metric:
    part, _, _ = figure.leaf.partition(".*.")
    names = [LABELS[part]] if part in LABELS else []
    names += [figure.states[0]] if figure.states else []
    family = (CounterMetricFamily if figure.counter else GaugeMetricFamily)(figure.name, figure.about, labels=names)
    for labels, leaf in _leaves(status, figure.leaf):
        if figure.states:
            for state in dict.fromkeys([*figure.states[1], *([leaf] if leaf else [])]):
                family.add_metric([*labels, state], float(state == leaf))
        elif (value := figure.read(leaf)) is not None:
            family.add_metric(labels, value)
    return family


def _leaves(status: Json, place: str) -> Iterator[tuple[list[str], Any]]:
    """Give what the status has at a place, each with its label; nothing where it has no such place."""
    part, each, key = place.partition(".*.")
    if each:
        members = status.get(part) or {}
        named = members.items() if isinstance(members, Mapping) else [(member["path"], member) for member in members]
        # A path is bytes to the system, and not all bytes are text.
        found = [([str(name).encode("utf-8", "replace").decode()], member.get(key, _MISSING)) for name, member in named]
    else:
        part, _, key = place.rpartition(".")
        found = [([], ((status.get(part) or {}) if part else status).get(key, _MISSING))]
    yield from ((labels, leaf) for labels, leaf in found if leaf is not _MISSING)
