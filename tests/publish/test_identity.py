from __future__ import annotations

from pathlib import Path

import pytest

from monitor.publish.identity import client_id


def test_a_client_is_named_after_its_node_and_machine(tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    assert client_id("Pi Garage", tmp_path / "machine-id") == "monitor-pi_garage-012345"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_without_a_machine_id_the_name_is_still_the_same_at_each_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "machine-id"
    if content is not None:
        path.write_bytes(content)
    first = client_id("pi", path)
    assert first == client_id("pi", path)
    assert len(first) == len("monitor-pi-") + 6
