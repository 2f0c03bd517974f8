from __future__ import annotations

import pytest

from monitor.web.hosts import is_ours, own_names

NAMES = own_names(["Cam.Example.org", "küche.lan", "kitchen."], hostname="Shed.home.arpa")


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8080", "LOCALHOST:8080", "localhost."),
        *("127.0.0.1", "127.0.0.1:8080", "192.168.1.5:8080", "[::1]", "[::1]:8080", "[2001:db8::5]:80"),
        *("shed", "shed:8080", "shed.local", "Shed.local.:8080", "shed.home.arpa"),
        *("cam.example.org", "CAM.example.org:443", "xn--kche-0ra.lan", "kitchen", "kitchen.:8080"),
    ],
)
def test_addresses_and_our_own_names_are_ours(host: str) -> None:
    assert is_ours(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        *("", ":", ":8080", ".", "evil.example", "localhost.evil.example", "evil.example:8080", "shed.evil.example", "local", ".local"),
        *("127.0.0.1.evil.example", "evil.example, localhost", "localhost, evil.example", "localhost evil", "user@localhost"),
        *("[localhost]", "[127.0.0.1]x", "::1", "[::1", "0x7f.1", "2130706433", "127.1", "localhost:http", "localhost:8080:1"),
        *("localhost/", "x" * 10_000, "\udcff", "ü" * 300),
    ],
)
def test_any_other_name_is_not(host: str) -> None:
    assert not is_ours(host, NAMES)


def test_the_machine_is_known_by_its_name() -> None:
    assert any(name.endswith(".local") for name in own_names([]))
    assert own_names([], hostname="box") == {"localhost", "box", "box.local"}
