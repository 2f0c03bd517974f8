"""The list of what is retained at a broker in our name, for one configuration."""

from __future__ import annotations

from monitor.config.schema import Config
from monitor.publish.topics import Topics
from monitor.values import Place


def retained_topics(config: Config, topics: Topics) -> list[str]:
    """Give every retained topic of the bridge and the cameras, those of discovery left out."""
    found = [topics.bridge_state, topics.bridge_info, topics.bridge_lost, f"{topics.log_level}/state"]
    for camera in config.cameras:
        found += [topics.availability(camera), topics.problem(camera), f"{topics.detect(camera)}/state"]
        if config.snapshots.enabled:
            found.append(topics.snapshot(camera))
        for rule in config.rules_of(camera):
            found.append(f"{topics.threshold(camera, rule.name)}/state")
            found += [topics.rule(Place(camera, zone, rule.name)) for zone in rule.zones]
    return list(dict.fromkeys(found))
