"""The configuration, which was found good before anything else is looked at: what is said of it, and of its model."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config.load import Loaded
from monitor.doctor.finding import Finding, ok, problem, warning
from monitor.errors import WeightsError
from monitor.rulebook import check_models


def check_configuration(loaded: Loaded) -> Iterator[Finding]:
    """Hold it against its models. ConfigError is raised, as `check-config` does."""
    yield ok("configuration", f"{loaded.file} is good; cameras: {', '.join(loaded.config.cameras)}")
    for text in loaded.warnings:
        yield warning("configuration", text)
    try:
        check_models(loaded)
    except WeightsError as error:
        yield problem("configuration", str(error))
    if not any(loaded.config.rules_of(camera) for camera in loaded.config.cameras):
        yield warning("configuration", "there are no rules, so nothing is ever alerted", "write `rules: [{label: cat}]`, say")
