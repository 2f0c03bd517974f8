"""All measurements of this box for one card, one after the other."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from monitor.bench import daemon
from monitor.bench.child import Result, run
from monitor.bench.findings import fastest
from monitor.classify.card import Card
from monitor.classify.choose import engines_for
from monitor.classify.cpu import cpu_name
from monitor.classify.engines.protocol import threads_for
from monitor.classify.int8 import int8_engines
from monitor.classify.start import PRECISIONS, Precision, model_file
from monitor.clock import SystemClock, iso

BATCHES = (1, 2, 4)

RUNS = 30
"""Timed runs of everything; medians are told."""

Progress = Callable[[str, int, int], None]
Step = tuple[str, Callable[[], None]]


class Box:
    """The measurements of a card on this machine, filled in as they come: `result` is what `bench --json` prints."""

    def __init__(self, card: Card, weights: Path) -> None:
        self._card = card
        self._weights = weights
        self.daemon_threads = threads_for("auto")
        self._threads = sorted({self.daemon_threads, len(os.sched_getaffinity(0))})
        self._offers: dict[Precision, list[str]] = {
            precision: list(engines_for(precision, int8_engines(card, weights))) for precision in PRECISIONS
        }
        self.rows: list[Result] = []
        self.references: list[Result] = []
        self.daemons: list[Result] = []
        self.parts: Result = {}

    def measure(self, progress: Progress) -> None:
        """Take every measurement, telling which and how many are done."""
        steps = list(self._steps())
        for number, (what, take) in enumerate(steps):
            progress(what, number, len(steps))
            take()
        progress("done", len(steps), len(steps))

    @property
    def result(self) -> Result:
        """Everything as JSON can hold it."""
        return {
            "machine": machine(),
            "model": self._card.name,
            "reference": self.references,
            "engines": [{**row, "of_reference": self.ratio(row)} for row in self.rows],
            "parts": self.parts,
            "daemon": self.daemons,
            "looks_per_second": self.expected(),
        }

    def ratio(self, row: Result) -> float | None:
        """Return what a look of a row takes in times of the reference's with as many threads."""
        same = [each for each in self.references if each["threads"] == row["threads"] and "error" not in each]
        return row["look_ms"] / same[0]["look_ms"] if same and "error" not in row else None

    def expected(self) -> dict[str, float]:
        """Return how many looks a second the daemon can take at most, by precision: its own number of threads, the fastest engine."""
        best = {precision: fastest(self.rows, precision, self.daemon_threads) for precision in PRECISIONS}
        return {precision: 1000 / row["look_ms"] for precision, row in best.items() if row}

    def _steps(self) -> Iterator[Step]:
        task = {"name": self._card.name, "weights": str(self._weights), "runs": RUNS}
        yield "preprocessing and decoding", lambda: self.parts.update(run("parts", task))
        for threads in self._threads:
            mine = {**task, "threads": threads}
            yield f"PIL + torchvision + torch, threads: {threads}", partial(self._reference, mine)
            for precision, engines in self._offers.items():
                for engine in engines:
                    how = {**mine, "engine": engine, "precision": precision, "batches": BATCHES}
                    yield f"{engine} {precision}, threads: {threads}", partial(self._row, how)
        for precision, engines in self._offers.items():
            for engine in engines[:1]:
                yield f"the daemon with {engine} {precision}", partial(self._daemon, engine, precision)

    def _reference(self, task: Result) -> None:
        self.references.append({"threads": task["threads"], **run("reference", task)})

    def _row(self, task: Result) -> None:
        row = {key: task[key] for key in ("engine", "precision", "threads")} | run("look", task)
        if "batch_ms" in row:
            row["batch_ms"] = {int(size): time for size, time in row["batch_ms"].items()}
        if row["engine"] != "torch" and "error" not in row:
            model = model_file(task["precision"], self._card, self._weights)
            bare = run("bare", {**task, "model": str(model), "side": self._card.preprocessing.crop})
            row["bare_ms"] = bare.get("inference_ms")
        self.rows.append(row)

    def _daemon(self, engine: str, precision: str) -> None:
        measured = daemon.measure(self._card.name, self._weights, engine, precision)
        self.daemons.append({"engine": engine, "precision": precision, **measured})


def machine() -> Result:
    """Return what a reader of the figures must know of this machine."""
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "date": iso(SystemClock().now().wall)[:10],
    }
