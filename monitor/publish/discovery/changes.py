"""What is to be tidied up at the broker when what we announce is not what we announced before.

Home Assistant drops an entity of a device message only if it is named once more with nothing but its platform; it drops a message's
entities when the message is emptied, and keeps what its user made of them through a change of the form only if the old message says
`migrate_discovery` before the new one comes (home-assistant.io/integrations/mqtt, "Discovery payload" and "Discovery migration").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.publish.discovery.entities import Settings
from monitor.publish.discovery.render import Messages

MIGRATE: Settings = {"migrate_discovery": True}


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do. first: messages to be said once, before anything else; last: topics to be emptied after everything else; notes: to be
    remembered with each topic of now."""

    first: list[tuple[str, Settings]]
    last: list[str]
    notes: dict[str, str]


def changes(before: Mapping[str, str], messages: Messages, retained: Iterable[str]) -> Changes:
    """Compare. before: the notes of what may still be retained; messages: discovery as it is to be; retained: the other topics of now."""
    notes = {topic: _note(payload) for topic, payload in messages.items()} | dict.fromkeys(retained, "")
    gone = [topic for topic in before if topic not in notes]
    living = {unique for note in notes.values() for unique in _unique_ids(note)}
    first = [(topic, MIGRATE) for topic in gone if living & _unique_ids(before[topic])]
    first += [
        (topic, _with_stubs(messages[topic], stubs)) for topic in messages if (stubs := _dropped(before.get(topic, ""), messages[topic]))
    ]
    return Changes(first, gone, notes)


def _note(payload: Settings) -> str:
    """Write down which entities a discovery message has: unique id -> [key, platform], the key only for one of a device."""
    return json.dumps({str(entity["unique_id"]): [key, str(entity.get("platform", ""))] for key, entity in _entities(payload).items()})


def _entities(payload: Settings) -> dict[str, Settings]:
    components = payload.get("components")
    return components if isinstance(components, dict) else {"": payload}


def _read(note: str) -> dict[str, list[str]]:
    try:
        found = json.loads(note or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unique_ids(note: str) -> set[str]:
    return set(_read(note))


def _dropped(note: str, payload: Settings) -> dict[str, Settings]:
    """Give the stubs of what a device message had before and has no more, by key."""
    now = _entities(payload)
    return {key: {"platform": platform} for key, platform in _read(note).values() if key and key not in now}


def _with_stubs(payload: Settings, stubs: dict[str, Settings]) -> Settings:
    return {**payload, "components": {**_entities(payload), **stubs}}
