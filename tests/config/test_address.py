from __future__ import annotations

import pytest

from monitor.config.address import check_client_id, check_host, check_listen, check_topic, is_everywhere, is_loopback, split_listen


@pytest.mark.parametrize(
    "host", ["localhost", "cam.lan", "cam_1.lan", "a.", "192.168.1.5", "::1", "fe80::1%eth0", "bücher.example", "embedded"]
)
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert check_host(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a..b",
        ".a",
        "x" * 64,
        ".".join(["x" * 60] * 5),
        "a b",
        "a/b",
        "mqtt://a",
        "a:1883",
        "[::1]",
        "1.2.3",
        "1.2.3.456",
        "a\nb",
        "a+b",
        "\0",
    ],
)
def test_what_no_resolver_can_take_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        check_host(host)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:8080", ("::1", 8080)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_to_listen_at_has_a_host_and_a_port(text: str, meant: tuple[str, int]) -> None:
    assert split_listen(text) == meant


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "localhost", "localhost:", "localhost:0", "localhost:70000", "::1:8080", "[::1]", "[x]:80", "http://a:80"]
)
def test_half_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_listen(text)


def test_loopback_is_what_only_this_machine_reaches() -> None:
    assert [host for host in ("127.0.0.1", "127.9.9.9", "::1", "Localhost") if not is_loopback(host)] == []
    assert [host for host in ("0.0.0.0", "::", "192.168.1.5", "pi.lan", "127.example.com") if is_loopback(host)] == []
    assert [host for host in ("0.0.0.0", "::", "127.0.0.1", "::1", "pi.lan") if is_everywhere(host)] == ["0.0.0.0", "::"]


@pytest.mark.parametrize("topic", ["monitor", "home/cams", "a b", "häuschen", "x" * 200])
def test_a_topic_has_levels_with_something_in_them(topic: str) -> None:
    assert check_topic(topic) == topic


@pytest.mark.parametrize("topic", ["", "/a", "a/", "a//b", "a/+", "#", "$SYS/x", "a\0", "a\nb", "x" * 201])
def test_a_topic_that_a_broker_would_refuse_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_topic(topic)


def test_a_client_id_holds_no_wildcard_and_is_short() -> None:
    assert check_client_id("monitor-pi_1.a:b@c") == "monitor-pi_1.a:b@c"
    for bad in ("", "a b", "a/b", "a+", "#", "x" * 65, "ä"):
        with pytest.raises(ValueError, match="must be 1 to 64"):
            check_client_id(bad)
