"""What each camera is asked, once the labels of the model in use are known.

The configuration names labels and groups; only the card knows which exist. Here the two meet: every unknown name is a problem with
its line, like any other mistake in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.classify.card import Card
from monitor.classify.load import refuse_what_cannot_run
from monitor.classify.relabel import configured_cards
from monitor.classify.targets import Targets, UnknownTargetError
from monitor.config.load import Loaded
from monitor.config.schema import RuleSettings
from monitor.decide.rule import Reading, Rule
from monitor.errors import ConfigError, Problem
from monitor.values import WHOLE, Place


@dataclass(frozen=True, slots=True)
class Question:
    """A rule of one camera with the class ids it adds up."""

    rule: Rule
    class_ids: tuple[int, ...]


class Rulebook:
    """The rules of every camera against the labels of one card. Raises ConfigError with every name that the card does not know."""

    def __init__(self, loaded: Loaded, card: Card) -> None:
        config = loaded.config
        self.targets = Targets(card.labels, config.groups, card.original)
        problems: list[Problem] = []
        for name in config.groups:
            self._resolve(name, f"groups.{name}", loaded, card, problems)
        everywhere = [("", config.rules), *((f"cameras.{name}.", camera.rules or []) for name, camera in config.cameras.items())]
        for place, rules in everywhere:
            for number, rule in enumerate(rules):
                if rule.label not in config.groups:  # what is wrong with a group is said there, once
                    self._resolve(rule.label, f"{place}rules[{number}].label", loaded, card, problems)
        if problems:
            raise ConfigError(str(loaded.file), problems)
        self._questions = {camera: [self._question(rule) for rule in config.rules_of(camera)] for camera in config.cameras}

    def questions(self, camera: str) -> list[Question]:
        """Give the rules that apply to `camera`."""
        return self._questions[camera]

    def zones(self, camera: str) -> list[str]:
        """Give the zones that are worth classifying: those a rule names, or the whole picture if there is no rule."""
        named = {zone: None for question in self._questions[camera] for zone in question.rule.zones}
        return list(named) or [WHOLE]

    def looks(self, camera: str) -> int:
        """Give how many looks it takes at most until a rule of `camera` is ON."""
        return max((question.rule.looks for question in self._questions[camera]), default=1)

    def places(self) -> set[Place]:
        """Give every place where an episode can live."""
        return {
            Place(camera, zone, question.rule.name)
            for camera, questions in self._questions.items()
            for question in questions
            for zone in question.rule.zones
        }

    def readings(self, camera: str, zone: str, probabilities: NDArray[np.float32]) -> list[Reading]:
        """Turn the probabilities (C,) of one zone into what they say for the rules of `camera` there."""
        return [
            Reading(zone, question.rule.name, *self.targets.score(probabilities, question.class_ids))
            for question in self._questions[camera]
            if zone in question.rule.zones
        ]

    def _resolve(self, name: str, where: str, loaded: Loaded, card: Card, problems: list[Problem]) -> None:
        try:
            self.targets.resolve(name)
        except UnknownTargetError as error:
            whose = f"model {card.name}"
            if card.name == loaded.config.model.fallback:
                whose += ", which is `model.fallback` and could not stand in"
            problems.append(Problem(where, f"{error} ({whose})", loaded.line(where)))

    def _question(self, settings: RuleSettings) -> Question:
        return Question(rule_of(settings), self.targets.resolve(settings.label))


def check_models(loaded: Loaded) -> None:
    """Hold a configuration against its model and the fallback: what either of them could not do would show when it is needed most.

    Raises ConfigError for a rule or a setting that does not fit; WeightsError if neither card can be read.
    """
    model = loaded.config.model
    for card in configured_cards(loaded):
        if card.name == model.name:
            try:
                refuse_what_cannot_run(model, card)
            except ConfigError as error:
                raise loaded.located(error) from error
        Rulebook(loaded, card)


def rule_of(settings: RuleSettings) -> Rule:
    """Give the rule that a section of the configuration describes; its name and release are filled in."""
    return Rule(
        name=settings.name,
        label=settings.label,
        threshold=settings.threshold,
        release=settings.release,
        looks=settings.looks,
        hold=settings.hold,
        cooldown=settings.cooldown,
        zones=tuple(settings.zones),
        severity=settings.severity,
    )


def episodes_by_class(questions: Sequence[Question], running: dict[str, str]) -> dict[int, str]:
    """Tell which running episode a class belongs to, by class id. running: episode ids by rule."""
    return {class_id: running[q.rule.name] for q in questions if q.rule.name in running for class_id in q.class_ids}
