"""Entities as Home Assistant's discovery messages, by topic: one for each device, or one for each entity."""

from __future__ import annotations

from monitor.config.schema import Config
from monitor.config.slug import slug
from monitor.publish.discovery.bridge import bridge_entities
from monitor.publish.discovery.camera import camera_entities
from monitor.publish.discovery.entities import Device, Entity, Settings, title
from monitor.publish.topics import Topics

MANUFACTURER = "monitor"

Messages = dict[str, Settings]
"""Topic -> payload."""


def devices(config: Config, topics: Topics, box: str, model: str) -> list[Device]:
    """Give the bridge and the cameras, in this order. box: the id of this box; model: the name of the card in use."""
    commands = config.mqtt.commands
    bridge = Device(box, f"Monitor {config.node}", "Bridge", None, tuple(bridge_entities(topics, commands=commands)))
    cameras = [
        Device(
            f"{box}_{slug(camera)}",
            title(camera),
            f"Camera ({model})",
            box,
            tuple(camera_entities(camera, config.rules_of(camera), topics, commands=commands, pictures=config.snapshots.enabled)),
        )
        for camera in config.cameras
    ]
    return [bridge, *cameras]


def discovery(config: Config, topics: Topics, box: str, *, version: str, model: str) -> Messages:
    """Give what `mqtt.discovery` asks for: `device` (Home Assistant 2024.12 and newer), `component`, or nothing."""
    prefix = config.mqtt.discovery_prefix
    known = devices(config, topics, box, model)
    match config.mqtt.discovery:
        case "device":
            return {f"{prefix}/device/{device.id}/config": _as_device(device, version) for device in known}
        case "component":
            return {
                f"{prefix}/{entity.platform}/{device.id}/{entity.key}/config": {**_described(device, version), **_settings(device, entity)}
                for device in known
                for entity in device.entities
            }
        case _:
            return {}


def _as_device(device: Device, version: str) -> Settings:
    components = {entity.key: {"platform": entity.platform, **_settings(device, entity)} for entity in device.entities}
    return {**_described(device, version), "components": components}


def _settings(device: Device, entity: Entity) -> Settings:
    return {"unique_id": f"{device.id}.{entity.key}", **entity.settings}


def _described(device: Device, version: str) -> Settings:
    about: Settings = {
        "identifiers": [device.id],
        "name": device.name,
        "manufacturer": MANUFACTURER,
        "model": device.model,
        "sw_version": version,
    }
    if device.via is not None:
        about["via_device"] = device.via
    return {"device": about, "origin": {"name": MANUFACTURER, "sw_version": version}}
