"""Trying an engine in a process of its own before this one relies on it.

A wheel that was built for another CPU ends the process that uses it with an illegal instruction, and a service would start, die and start
again for ever. So the first start of a version of an engine's library on this CPU is a trial, which also leaves ONNX Runtime's prepared
form of the model behind. `tried.json` in the weights folder remembers which versions have passed, for each precision: int8 has code of its
own.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import cast

from monitor.classify.atomic import replacing
from monitor.classify.card import Card, export_path, find_card
from monitor.classify.cpu import cpu_id, cpu_name
from monitor.classify.export import announce, export, export_problem
from monitor.classify.prepared import prepare, prepared, remove_leftovers
from monitor.classify.start import EngineName, Precision, model_file, start
from monitor.errors import MonitorError, WeightsError

log = logging.getLogger(__name__)

TIMEOUT = 300.0
"""Seconds: a Raspberry Pi needs twenty to import torch."""

_TRY = "from monitor.classify.trial import main; main()"
_EXPORT = "from monitor.classify.trial import export_main; export_main()"


def export_apart(card: Card, weights: Path) -> Path:
    """Return the card's export, made in a process of its own if need be: torch, once imported, keeps 200 MB for as long as a process lives.

    WeightsError if it cannot be made.
    """
    problem = export_problem(card, weights)
    if problem is not None:
        announce(card, weights, problem)
        _run("torch", _EXPORT, [card.name, str(weights)])
        log.info("exported %s to %s", card.name, export_path(card, weights).name)
    return export_path(card, weights)


def try_out(engine: EngineName, precision: Precision, card: Card, weights: Path, model: Path, threads: int) -> Path:
    """Return the form of `model` that the engine is to load, which this version of the engine has passed its self-test with.

    The test runs in a process of its own, unless it has passed before. WeightsError says how it failed.
    """
    this = f"{metadata.version(engine)} on CPU {cpu_id()}"
    passed = _passed(weights)
    form = prepared(model) if engine == "onnxruntime" else model
    if form is not None and passed.get(f"{engine} {precision}") == this:
        return form
    log.info("trying %s %s, once on this CPU", engine, metadata.version(engine))
    try:
        _run(engine, _TRY, [engine, precision, card.name, str(weights), str(threads)])
    except BaseException:  # it may have been ended at any point
        remove_leftovers(weights)
        raise
    try:
        with replacing(weights / "tried.json") as scratch:
            scratch.write_text(json.dumps(passed | {f"{engine} {precision}": this}) + "\n", "utf-8")
    except OSError as error:
        log.info("%s cannot be written (%s): %s is tried at every start", weights, error.strerror, engine)
    return (prepared(model) if engine == "onnxruntime" else None) or model


def _passed(weights: Path) -> dict[str, str]:
    try:
        content = json.loads((weights / "tried.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _run(engine: EngineName, code: str, arguments: list[str]) -> None:
    command = [sys.executable, "-c", code, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False)  # noqa: S603 - our own code
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"{engine} did not come to an end within {TIMEOUT:.0f} s") from error
    if done.returncode == -signal.SIGILL:
        raise WeightsError(
            f"{engine} {metadata.version(engine)} was built for another CPU than this one ({cpu_name()}) and ends with an illegal "
            "instruction; install another version of it, or set `model.engine` to another engine"
        )
    if done.returncode < 0:
        raise WeightsError(f"{engine} {metadata.version(engine)} crashes ({signal.Signals(-done.returncode).name})")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WeightsError(lines[-1])


def main() -> None:
    """Be the process of its own: arguments engine, precision, card, weights folder, threads. At a failure the last line says why."""
    engine, precision, name, folder, threads = sys.argv[1:]
    try:
        card, weights = find_card(name, Path(folder)), Path(folder)
        model = model_file(cast("Precision", precision), card, weights)
        if engine == "onnxruntime" and prepared(model) is None:
            prepare(model)
        start(cast("EngineName", engine), card, weights, model, int(threads))
    except MonitorError as error:
        sys.exit(str(error))


def export_main() -> None:
    """Be the process that exports: arguments card, weights folder."""
    name, folder = sys.argv[1:]
    try:
        export(find_card(name, Path(folder)), Path(folder))
    except MonitorError as error:
        sys.exit(str(error))
