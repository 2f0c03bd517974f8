"""The description of the API holds: the routes are those, and what they answer, to whatever is asked, is as it says."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from monitor.clock import ManualClock
from monitor.config.schema import WebSettings
from monitor.web.openapi import description
from monitor.web.site import make_site
from tests.web.fakes import FakeWindow, jpeg

PAGES = ("/", "/login", "/logout", "/static/")
"""What people see; not the API."""

STATUSES = {
    "get": {200, 206, 304, 400, 404, 416, 503},
    "post": {200, 400, 413, 415},
}
"""What a request without a fault of ours may get."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    """Give a site that is about to stop, so that streams end."""
    closing = threading.Event()
    closing.set()
    return make_site(FakeWindow(tmp_path_factory.mktemp("window")), WebSettings(), ManualClock(), closing)


def operations() -> list[tuple[str, str]]:
    """List what is described, as (method, path)."""
    return [(method, path) for path, methods in description()["paths"].items() for method in methods]


def valid(value: Any, schema: str) -> None:
    """Hold a value against a schema of the description."""
    whole = description() | {"$ref": f"#/components/schemas/{schema}"}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def test_what_is_served_is_described_and_what_is_described_is_served(app: flask.Flask) -> None:
    served = {
        (method.lower(), re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"{\1}", rule.rule).replace("{alert_id}", "{id}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(PAGES[1:]) and rule.rule != "/"
    }
    assert served == set(operations())


def test_the_description_is_served_and_its_schemas_are_sound(client: FlaskClient) -> None:
    response = client.get("/api/openapi.json")
    assert response.get_json() == json.loads(json.dumps(description()))
    assert response.get_json()["openapi"].startswith("3.1")
    for schema in description()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_nothing_is_described_that_nobody_refers_to() -> None:
    text = json.dumps(description())
    referred = set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', text))
    parts = {(kind, name) for kind, named in description()["components"].items() for name in named if kind != "securitySchemes"}
    told = {("schemas", "Live")}  # what a `live` event holds, which no keyword can say
    assert referred | told == parts


def test_every_operation_has_a_name_of_its_own_and_every_example_is_true() -> None:
    names = [operation["operationId"] for methods in description()["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    for name, schema in description()["components"]["schemas"].items():
        for example in schema.get("examples", []):
            valid(example, name)


def test_answers_are_as_they_are_described(client: FlaskClient, window: FakeWindow) -> None:
    valid(client.get("/api/status").get_json(), "Status")
    valid(client.get("/api/config").get_json(), "Config")
    valid(dict(window.live()), "Live")
    for row in client.get("/api/history").get_json()["sightings"]:
        valid(row, "Sighting")
    for row in client.get("/api/alerts").get_json()["alerts"]:
        valid(row, "Alert")
    one = client.post("/predict", data={"file": (io.BytesIO(jpeg()), "a.jpg")}).get_json()
    valid(one, "Labels")
    good, bad = client.post("/predict", data={"file": [(io.BytesIO(jpeg()), "a.jpg"), (io.BytesIO(b""), "b.jpg")]}).get_json()
    valid(good, "LabelsOfFile")
    valid(bad, "BadFile")
    valid(client.get("/api/alerts?limit=no").get_json(), "Error")
    valid(client.get("/api/nothing").get_json(), "Error")


def test_an_alert_as_it_ends_is_as_it_is_described(window: FakeWindow) -> None:
    from tests.web.fakes import alert

    for event in ("start", "update", "end"):
        valid(alert(1, event), "Alert")


class Local:
    """Asks the site from this machine, which is what an open page wants."""

    def __init__(self, app: flask.Flask) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


NOT_CHECKED: list[Any] = [
    not_a_server_error,  # 503 is an answer, and `STATUSES` leaves out 500
    positive_data_acceptance,  # a schema cannot say which texts are times, or pictures
    negative_data_rejection,  # parameters that we do not know are ignored
]


def can_be_asked_wrongly(method: str, path: str) -> bool:
    """Tell whether there is anything to break: any text may be the name of a camera."""
    operation = description()["paths"][path][method]
    return bool({"parameters", "requestBody"} & operation.keys()) and "{camera}" not in path


CASES = [
    *((method, path, GenerationMode.POSITIVE) for method, path in operations()),
    *((method, path, GenerationMode.NEGATIVE) for method, path in operations() if can_be_asked_wrongly(method, path)),
]


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_whatever_is_asked_is_answered_as_described(app: flask.Flask, method: str, path: str, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_dict(description())
    described.app = Local(app)

    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[path][method.upper()].as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call()
        assert response.status_code in STATUSES[method]
        case.validate_response(response, excluded_checks=NOT_CHECKED)

    ask()
