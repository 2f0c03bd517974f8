from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from monitor.runtime.memory import keep_little_memory


def test_it_works_here_and_may_be_asked_for_twice() -> None:
    keep_little_memory()
    keep_little_memory()


def test_freed_pictures_go_back_and_threads_share_two_heaps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[int, int] = {}

    def mallopt(option: int, value: int) -> int:
        asked[option] = value
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    keep_little_memory()
    assert asked == {-1: 131072, -3: 131072, -8: 2}  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of malloc.h


def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    keep_little_memory()
