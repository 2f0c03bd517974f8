"""What the daemon tells of itself over MQTT: its info, its settings that MQTT may change, and itself to Home Assistant.

What an earlier configuration left at the broker is tidied up: whatever was retained in our name is remembered over restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from monitor import __version__
from monitor.classify.classifier import Classifier
from monitor.config.dump import without_secrets
from monitor.config.load import Loaded
from monitor.config.schema import Config
from monitor.outgoing import OutboxFacts
from monitor.publish import payloads
from monitor.publish.contract import Announced
from monitor.publish.discovery.changes import changes
from monitor.publish.discovery.render import discovery
from monitor.publish.discovery.retained import retained_topics
from monitor.publish.publisher import Publisher
from monitor.publish.voice import Voice

Overrides = Mapping[tuple[str, str], str]
"""(camera, name) -> what MQTT set against the file; name is `detect` or `threshold/RULE`."""


class Bridge:
    """Speaks for the daemon as a whole. box: its id. overrides: all that was set, also where it is of no use now; `override` adds to it."""

    def __init__(self, loaded: Loaded, classifier: Classifier, voice: Voice, box: str, overrides: Overrides) -> None:
        self._loaded = loaded
        self._classifier = classifier
        self._voice = voice
        self._box = box
        self.overrides = overrides
        self._stale = False
        self._in_use: Set[str] = frozenset()

    def introduce(self, publisher: Publisher, announced: Announced) -> None:
        """Say everything that is known before the first camera is, and tidy up. To be called before the publisher runs."""
        self._announce(publisher, announced)
        self._voice.send_lost(OutboxFacts())
        self._voice.send_log_level(self._loaded.config.logging.level)

    def change(self, loaded: Loaded, publisher: Publisher, announced: Announced) -> None:
        """Speak for other cameras and rules, and take back what was said of those that went. On the publisher's thread."""
        before = self._in_use
        self._loaded, self._stale = loaded, False
        self._announce(publisher, announced)
        for topic in before - self._in_use:
            self._voice.latest.forget(topic)

    def _announce(self, publisher: Publisher, announced: Announced) -> None:
        """Tell Home Assistant and everybody else what there is, and have emptied what is no more."""
        config = self._loaded.config
        model = self._classifier.card.name
        known = discovery(config, self._voice.topics, self._box, version=__version__, model=model)
        before = announced.recall()
        plan = changes(before, known, retained_topics(config, self._voice.topics))
        announced.keep(plan.meanwhile)
        first = [(topic, payloads.encode(payload)) for topic, payload in plan.first]
        publisher.tidy(first, plan.last, lambda: announced.keep(plan.notes))
        self.tell_info()
        self._voice.send_retained(known)
        self._in_use = plan.notes.keys()

    def info(self) -> payloads.Payload:
        """Give what `bridge/info` says."""
        classifier, config = self._classifier, self._loaded.config
        set_now = {camera: in_force(self.overrides, config, camera) for camera in sorted(config.cameras)}
        return payloads.bridge_info(
            box=self._box,
            version=__version__,
            node=config.node,
            model=classifier.card.name,
            fallback_reason=classifier.fallback_reason,
            engine={
                "name": classifier.engine.name,
                "version": classifier.engine.version,
                "precision": classifier.precision,
                "reason": classifier.engine_reason,
            },
            restart_required=self._stale,
            overrides={camera: _typed(values) for camera, values in set_now.items() if values},
            config=without_secrets(config),
            config_schema=Config.model_json_schema(),
        )

    def tell_info(self) -> None:
        """Say what the daemon is."""
        self._voice.send_info(self.info())

    def override(self, camera: str, name: str, value: str | None) -> None:
        """Note what MQTT has set, or with None taken back, and say so."""
        others = {key: each for key, each in self.overrides.items() if key != (camera, name)}
        self.overrides = others if value is None else {**others, (camera, name): value}  # another thread may be reading the old one
        self.tell_info()

    def check_file(self) -> None:
        """Look whether the configuration file is still what runs, and say so if that has changed."""
        stale = self._loaded.has_changed()
        if stale != self._stale:
            self._stale = stale
            self.tell_info()


def in_force(overrides: Overrides, config: Config, camera: str) -> dict[str, str]:
    """Give the overrides of a camera that are configured still, by name."""
    known = {"detect", *(f"threshold/{rule.name}" for rule in config.rules_of(camera))}
    mine = sorted((name, value) for (whose, name), value in overrides.items() if whose == camera and name in known)
    return {name: value for name, value in mine if name == "detect" or 0 < float(value) <= 1}


def _typed(overrides: Mapping[str, str]) -> dict[str, object]:
    return {name: value if name == "detect" else float(value) for name, value in overrides.items()}
