"""The configuration for other eyes, and the list of what they must not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from monitor.config.faults import Where
from monitor.config.schema import Config
from monitor.config.source import secrets_in


def without_secrets(config: Config) -> dict[str, Any]:
    """Return the configuration as JSON has it: durations and sizes as text, `***` for secrets, sources without credentials."""
    return config.model_dump(mode="json")


def secrets_of(config: Config) -> list[str]:
    """Return every secret in every form in which it could turn up in a text (as it is, percent-encoded), the longest first."""
    values = {value for _, value in secret_places(config)}
    forms = values | {quote(value) for value in values} | {quote(value, safe="") for value in values}
    return sorted(forms, key=lambda form: (-len(form), form))


def secret_places(config: Config) -> Iterator[tuple[Where, str]]:
    """Yield each secret that is not empty, with the place where it is written."""
    yield from _secrets_below((), config.model_dump())
    yield from ((("cameras", name, "source"), value) for name, camera in config.cameras.items() for value in secrets_in(camera.source))


def _secrets_below(where: Where, value: object) -> Iterator[tuple[Where, str]]:
    if isinstance(value, SecretStr):
        if secret := value.get_secret_value():
            yield where, secret
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _secrets_below((*where, key), item)
