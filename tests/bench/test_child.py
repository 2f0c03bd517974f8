from __future__ import annotations

import json
import subprocess
import sys

import pytest

from monitor.bench import child
from monitor.bench.child import median_ms, peak_mb, run


def test_a_measurement_that_fails_tells_why_and_does_not_take_the_others_with_it() -> None:
    assert "no_such_module" in run("no_such_module", {})["error"]


def test_a_measurement_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "TIMEOUT", 0.01)
    assert "more than" in run("parts", {})["error"]


def test_the_time_is_the_median_of_the_runs_that_count() -> None:
    calls: list[int] = []
    assert median_ms(lambda: calls.append(1), runs=7) >= 0
    assert len(calls) == 7 + child.WARM_UP


def test_the_peak_is_what_the_process_once_had() -> None:
    code = "from monitor.bench.child import peak_mb; a = peak_mb(); b = bytearray(64 << 20); del b; print([a, peak_mb()])"
    before, after = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert 55 < after - before < 80
    assert peak_mb() > 1
