"""What an entity and a device are, and what entities have in common.

Keys and values are those of Home Assistant's MQTT integration (home-assistant.io/integrations/mqtt, written out, not abbreviated).
A key names an entity within its device for good: it is part of the unique id, by which Home Assistant remembers what its user renamed.
Slugs have no capitals and no dots, so `rule_a_IN_b` and `device.key` cannot be read in two ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.publish.topics import Topics

Settings = dict[str, object]


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing on the dashboard. platform: Home Assistant's word for its kind; settings: what that platform is told."""

    key: str
    platform: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Device:
    """What Home Assistant groups entities by. id: unique among all devices; via: the id of the device through which it is reached."""

    id: str
    name: str
    model: str
    via: str | None
    entities: tuple[Entity, ...]


DIAGNOSTIC: Settings = {"entity_category": "diagnostic"}
DISABLED: Settings = {"entity_category": "diagnostic", "enabled_by_default": False}
CONFIG: Settings = {"entity_category": "config"}


def available(topics: Topics, camera: str | None = None) -> Settings:
    """Say when an entity is available: while the bridge is, and if it is a camera's, while that is too."""
    watched = [topics.bridge_state] if camera is None else [topics.bridge_state, topics.availability(camera)]
    return {
        "availability": [{"topic": topic, "value_template": "{{ value_json.state }}"} for topic in watched],
        "availability_mode": "all",
    }


def spoken(name: str) -> str:
    """Write a configured name as people would. Home Assistant makes the same entity id of both."""
    return name.replace("_", " ")


def title(name: str) -> str:
    """Write a configured name as the beginning of a name on a dashboard."""
    words = spoken(name)
    return words[:1].upper() + words[1:]
