"""What is to be tidied up at the broker when what we announce is not what we announced before.

Home Assistant drops an entity of a device message only if it is named once more with nothing but its platform; it drops a message's
entities when the message is emptied, and keeps what its user made of them through a change of the form only if the old message says
`migrate_discovery` before the new one comes (home-assistant.io/integrations/mqtt, "Discovery payload" and "Discovery migration"). It
keeps then whatever the old message had, so that what does not move must have been dropped from it before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.publish.discovery.entities import Settings
from monitor.publish.discovery.render import Messages

MIGRATE: Settings = {"migrate_discovery": True}


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do. first: messages to be said once, before anything else; last: topics to be emptied after everything else.

    notes: to be remembered with each topic when all is done; meanwhile: until then, for a start that nobody hears.
    """

    first: list[tuple[str, Settings]]
    last: list[str]
    notes: dict[str, str]
    meanwhile: dict[str, str]


def changes(before: Mapping[str, str], messages: Messages, retained: Iterable[str]) -> Changes:
    """Compare. before: the notes of what may still be retained; messages: discovery as it is to be; retained: the other topics of now."""
    notes = {topic: _note(payload) for topic, payload in messages.items()} | dict.fromkeys(retained, "")
    gone = sorted((topic for topic in before if topic not in notes), key=lambda topic: before[topic] == "")  # entities before states
    living = {str(entity["unique_id"]): payload for payload in messages.values() for entity in _entities(payload).values()}
    first = [message for topic in gone for message in _farewell(topic, _read(before[topic]), living)]
    first += [
        (topic, _with_stubs(messages[topic], stubs)) for topic in messages if (stubs := _dropped(before.get(topic, ""), messages[topic]))
    ]
    both = {topic: json.dumps(_read(notes[topic]) | _read(before[topic])) for topic in messages if topic in before}
    return Changes(first, gone, notes, {**before, **notes, **both})


def _farewell(topic: str, had: Mapping[str, Sequence[str]], living: Mapping[str, Settings]) -> list[tuple[str, Settings]]:
    """Give what a message says that goes, if any of its entities moves to another: living, by unique id."""
    home = next((living[unique] for unique in had if unique in living), None)
    if home is None:
        return []
    stubs: Settings = {key: {"platform": platform} for unique, (key, platform) in had.items() if key and unique not in living}
    dropping = [(topic, {"device": home["device"], "origin": home["origin"], "components": stubs})] if stubs else []
    return [*dropping, (topic, MIGRATE)]


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


def _dropped(note: str, payload: Settings) -> dict[str, Settings]:
    """Give the stubs of what a device message had before and has no more, by key."""
    now = _entities(payload)
    return {key: {"platform": platform} for key, platform in _read(note).values() if key and key not in now}


def _with_stubs(payload: Settings, stubs: dict[str, Settings]) -> Settings:
    return {**payload, "components": {**_entities(payload), **stubs}}
