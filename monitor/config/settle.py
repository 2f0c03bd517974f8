"""The last step of loading: what depends on the machine and on where the file lies is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from monitor.config.schema import CameraSettings, Config, Section
from monitor.config.slug import slug
from monitor.config.source import SourceKind, kind_of

SomeSection = TypeVar("SomeSection", bound=Section)

WEIGHTS = "MONITOR_WEIGHTS"
"""The folder of the models where `model.weights` is not written."""


def settle(config: Config, folder: Path, environ: Mapping[str, str], hostname: str) -> Config:
    """Return `config` with its node's name and with absolute paths. folder: where the file lies, absolute."""
    home = environ.get("HOME", "")
    weights = config.model.weights
    if "weights" not in config.model.model_fields_set and environ.get(WEIGHTS):
        weights = Path(environ[WEIGHTS]).absolute()
    config = config.model_copy(
        update={
            "node": config.node or slug(hostname.partition(".")[0]) or "monitor",
            "model": config.model.model_copy(update={"weights": weights}),
            "cameras": {name: _camera(camera, folder, home) for name, camera in config.cameras.items()},
        }
    )
    return _located(config, folder, home)


def _camera(camera: CameraSettings, folder: Path, home: str) -> CameraSettings:
    if kind_of(camera.source) is not SourceKind.FILE:
        return camera
    return camera.model_copy(update={"source": str(_absolute(Path(camera.source), folder, home))})


def _located(section: SomeSection, folder: Path, home: str) -> SomeSection:
    """Make each path in a section, and in the sections inside it, absolute."""
    update: dict[str, object] = {}
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Path):
            update[key] = _absolute(value, folder, home)
        elif isinstance(value, Section):
            update[key] = _located(value, folder, home)
    return section.model_copy(update=update)


def _absolute(path: Path, folder: Path, home: str) -> Path:
    if path.parts[:1] == ("~",) and home:
        return Path(home, *path.parts[1:])
    return folder / path
