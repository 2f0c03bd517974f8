"""All measurements of this box for one card, one after the other."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.bench import daemon
from monitor.bench.child import Result, run
from monitor.bench.findings import fastest, merged
from monitor.classify.card import Card
from monitor.classify.choose import Choice, choices, engines_for
from monitor.classify.cpu import cpu_name
from monitor.classify.engines.protocol import threads_for
from monitor.classify.int8.file import int8_engines
from monitor.classify.measured import fastest as saved
from monitor.classify.start import PRECISIONS, Precision, model_file
from monitor.clock import SystemClock, iso

BATCHES = (1, 2, 4)

RUNS = 20
"""Timed runs in each process; medians are told."""

ROUNDS = 3
"""How often everything is measured, by turns: what else a machine does then slows down all alike. The median of the rounds counts."""

Progress = Callable[[str, int, int], None]


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
        tasks = list(self._tasks())
        daemons = [(engines[0], precision) for precision, engines in self._offers.items() if engines]
        total = ROUNDS * len(tasks) + len(daemons)
        rounds: list[list[Result]] = [[] for _ in tasks]
        for number in range(ROUNDS * len(tasks)):
            what, module, task = tasks[number % len(tasks)]
            progress(f"{what}, round {number // len(tasks) + 1} of {ROUNDS}", number, total)
            rounds[number % len(tasks)].append(self._take(module, task))
        for (_, module, task), results in zip(tasks, rounds, strict=True):
            self._note(module, task, merged(results))
        for number, (engine, precision) in enumerate(daemons):
            progress(f"the daemon with {engine} {precision}", ROUNDS * len(tasks) + number, total)
            measured = daemon.measure(self._card.name, self._weights, engine, precision)
            self.daemons.append({"engine": engine, "precision": precision, **measured})
        progress("done", total, total)

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
            "auto": {precision: choice._asdict() for precision, choice in self.auto().items()},
        }

    def auto(self) -> dict[str, Choice]:
        """Return which engine the daemon takes by itself, and why, by precision."""
        found: dict[str, Choice] = {}
        for precision, engines in self._offers.items():
            if engines:
                found[precision] = choices("auto", engines, saved(self._card, precision, self._weights))[0]
        return found

    def ratio(self, row: Result) -> float | None:
        """Return what a look of a row takes in times of the reference's with as many threads."""
        same = [each for each in self.references if each["threads"] == row["threads"] and "error" not in each]
        return row["look_ms"] / same[0]["look_ms"] if same and "error" not in row else None

    def expected(self) -> dict[str, float]:
        """Return how many looks a second the daemon can take at most, by precision: its own number of threads, the fastest engine."""
        best = {precision: fastest(self.rows, precision, self.daemon_threads) for precision in PRECISIONS}
        return {precision: 1000 / row["look_ms"] for precision, row in best.items() if row}

    def _tasks(self) -> Iterator[tuple[str, str, Result]]:
        """Yield what is measured in a process of its own: its name for people, its module, its task."""
        task = {"name": self._card.name, "weights": str(self._weights), "runs": RUNS}
        yield "preprocessing and decoding", "parts", task
        for threads in self._threads:
            yield f"PIL + torchvision + torch, threads: {threads}", "reference", {**task, "threads": threads}
            for precision, engines in self._offers.items():
                for engine in engines:
                    how = {**task, "threads": threads, "engine": engine, "precision": precision, "batches": BATCHES}
                    yield f"{engine} {precision}, threads: {threads}", "look", how

    def _take(self, module: str, task: Result) -> Result:
        found = run(module, task)
        if "batch_ms" in found:
            found["batch_ms"] = {int(size): time for size, time in found["batch_ms"].items()}
        if module == "look" and task["engine"] != "torch" and "error" not in found:
            model = model_file(task["precision"], self._card, self._weights)
            bare = run("bare", {**task, "model": str(model), "side": self._card.preprocessing.crop})
            found["bare_ms"] = bare.get("inference_ms")
        return found

    def _note(self, module: str, task: Result, found: Result) -> None:
        if module == "parts":
            self.parts = found
        elif module == "reference":
            self.references.append({"threads": task["threads"], **found})
        else:
            self.rows.append({key: task[key] for key in ("engine", "precision", "threads")} | found)


def machine() -> Result:
    """Return what a reader of the figures must know of this machine."""
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "date": iso(SystemClock().now().wall)[:10],
    }
