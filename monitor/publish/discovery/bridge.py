"""The entities of the bridge: the daemon as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.publish.discovery.entities import CONFIG, DIAGNOSTIC, DISABLED, Entity, available
from monitor.publish.topics import Topics


def bridge_entities(topics: Topics, *, commands: bool) -> Iterator[Entity]:
    """Yield them. commands: whether the daemon listens to any."""
    state = {"value_template": "{{ value_json.state }}", "payload_on": "online", "payload_off": "offline"}
    yield Entity(
        "connection",
        "binary_sensor",
        {"name": "Connection", "state_topic": topics.bridge_state, **state, "device_class": "connectivity", **DIAGNOSTIC},
    )
    here = available(topics)
    yield Entity(
        "version",
        "sensor",
        {
            "name": "Version",
            "state_topic": topics.bridge_info,
            "value_template": "{{ value_json.version }}",
            "icon": "mdi:information-outline",
            **DIAGNOSTIC,
            **here,
        },
    )
    yield Entity(
        "restart_required",
        "binary_sensor",
        {
            "name": "Restart required",
            "state_topic": topics.bridge_info,
            "value_template": "{{ 'ON' if value_json.restart_required else 'OFF' }}",
            "device_class": "problem",
            **DISABLED,
            **here,
        },
    )
    yield Entity(
        "alerts_lost",
        "sensor",
        {
            "name": "Alerts lost",
            "state_topic": topics.bridge_lost,
            "value_template": "{{ value_json.alerts }}",
            "state_class": "total_increasing",
            "icon": "mdi:bell-cancel-outline",
            **DISABLED,
            **here,
        },
    )
    if commands:
        level = topics.log_level
        yield Entity(
            "log_level",
            "select",
            {
                "name": "Log level",
                "command_topic": f"{level}/set",
                "state_topic": f"{level}/state",
                "options": ["debug", "info", "warning", "error"],
                "qos": 1,
                **CONFIG,
                **here,
            },
        )
        yield Entity(
            "restart",
            "button",
            {
                "name": "Restart",
                "command_topic": topics.request("restart"),
                "payload_press": "{}",
                "device_class": "restart",
                "qos": 1,
                **CONFIG,
                **here,
            },
        )
