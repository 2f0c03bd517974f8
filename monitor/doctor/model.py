"""The model: the files of the card in use and of its fallback, and whether an engine runs it here as the reference does."""

from __future__ import annotations

import os
from collections.abc import Iterator

from monitor.classify.card import find_card
from monitor.classify.export import export_problem
from monitor.classify.load import load_classifier
from monitor.classify.verify import verify_file
from monitor.config.schema import ModelSettings
from monitor.doctor.account import Account
from monitor.doctor.finding import Finding, ok, problem, warning
from monitor.errors import WeightsError


def check_model(settings: ModelSettings, account: Account) -> Iterator[Finding]:
    """Verify the files; if a card can run, start it as `run` does, which leaves what it prepares in the weights folder."""
    names = [name for name in (settings.name, settings.fallback) if name is not None]
    faults = {name: _fault(name, settings) for name in names}
    usable = [name for name in names if not faults[name]]
    for name, fault in faults.items():
        role = f"{name} (the fallback)" if name == settings.fallback else name
        if not fault:
            yield ok("weights", f"{role} is what its card says")
        elif usable:
            stands_in = f", and {usable[0]} runs instead" if name == settings.name else ", so nothing can stand in"
            yield warning("weights", f"{role}: {fault}{stands_in}")
        else:
            yield problem("weights", f"{role}: {fault}")
    if usable and account.uid != os.geteuid():  # what the trial leaves must belong to the daemon
        yield ok("engine", f"not tried, as that is for user {account.name}", f"`sudo -u {account.name} monitor doctor` tries it")
    elif usable:
        yield from _trial(usable[0], settings)


def _fault(name: str, settings: ModelSettings) -> str:
    """What is wrong with the files of a card, "" if nothing is."""
    try:
        verify_file(find_card(name, settings.weights), settings.weights)
    except WeightsError as error:
        return str(error)
    return ""


def _trial(name: str, settings: ModelSettings) -> Iterator[Finding]:
    card = find_card(name, settings.weights)
    if settings.precision == "fp32" and (why := export_problem(card, settings.weights)) is not None:
        yield warning("engine", f"{why}: the next start takes a minute longer", f"`monitor weights export {name}`")
        return
    try:
        classifier = load_classifier(settings)
    except WeightsError as error:
        yield problem("engine", str(error))
        return
    engine = classifier.engine
    told = f"{classifier.card.name} runs in {engine.name} {engine.version}, {classifier.precision}, and passes its self-test"
    if classifier.fallback_reason and name == settings.name:
        yield warning("engine", f"{told}, but only as the fallback: {classifier.fallback_reason}")
    else:
        yield ok("engine", f"{told} ({classifier.engine_reason})")
