from __future__ import annotations

from pathlib import Path

from monitor.config.load import load

SYSTEMD = Path(__file__).parents[2] / "systemd"


def test_the_services_configuration_is_valid_and_says_nothing() -> None:
    assert load(SYSTEMD / "config.yaml", environ={}).warnings == ()


def test_the_service_writes_only_where_its_unit_lets_it() -> None:
    config = load(SYSTEMD / "config.yaml", environ={}).config
    for path in (config.model.weights, config.history.path, config.history.log, config.snapshots.path):
        assert path.parts[:4] in {("/", "var", "lib", "monitor"), ("/", "var", "log", "monitor")}, path
    assert config.logging.file is None


def test_the_default_model_is_the_repositorys() -> None:
    ours = load(SYSTEMD / "config.yaml", environ={}).config.model
    theirs = load(SYSTEMD.parent / "config.yaml", environ={}).config.model
    assert (ours.name, ours.fallback) == (theirs.name, theirs.fallback)
