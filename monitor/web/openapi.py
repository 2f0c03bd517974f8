"""The description of the API, written in `openapi.yaml`; the status is described where MQTT has it, as it is the same."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import flask
import yaml

from monitor.web.answers import answer

_STATUS = Path(__file__).parents[1] / "share/schemas/bridge_health.json"


@cache
def description() -> dict[str, Any]:
    """Read the description (OpenAPI 3.1); once, and only when somebody asks."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8"))
    found["components"]["schemas"]["Status"] = json.loads(_STATUS.read_text(encoding="utf-8"))
    return found


def blueprint() -> flask.Blueprint:
    """Serve /api/openapi.json."""
    routes = flask.Blueprint("openapi", __name__)

    @routes.get("/api/openapi.json")
    def openapi() -> flask.Response:
        return answer(description())

    return routes
