from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from monitor.web.caller import caller, crosses_sites

HOST = "box.local:8080"


@pytest.mark.parametrize(
    ("peer", "address", "local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("192.168.1.5", "192.168.1.5", False),
        ("::ffff:192.168.1.5", "192.168.1.5", False),
        ("2001:db8::a:b:c:d", "2001:db8::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
    ],
)
def test_who_asks_directly_is_who_the_socket_says(peer: str, address: str, local: bool) -> None:
    who = caller(peer, Headers())
    assert (who.address, who.local, who.https) == (address, local, False)


def test_a_proxy_on_this_machine_says_for_whom_it_asks() -> None:
    who = caller("127.0.0.1", Headers({"X-Forwarded-For": "192.168.1.5", "X-Forwarded-Proto": "https"}))
    assert (who.address, who.local, who.https) == ("192.168.1.5", False, True)


def test_what_the_client_itself_put_into_the_list_is_not_believed() -> None:
    who = caller("127.0.0.1", Headers({"X-Forwarded-For": "127.0.0.1, 10.0.0.1, 192.168.1.5", "X-Forwarded-Proto": "https, http"}))
    assert (who.address, who.local, who.https) == ("192.168.1.5", False, False)


def test_nobody_else_is_believed() -> None:
    who = caller("192.168.1.5", Headers({"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}))
    assert (who.address, who.local, who.https) == ("192.168.1.5", False, False)


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "unknown"}, {"X-Forwarded-For": ""}, {"Forwarded": "for=x"}, {"X-Real-IP": "x"}])
def test_whoever_comes_through_a_proxy_that_does_not_say_is_not_local(headers: dict[str, str]) -> None:
    assert not caller("127.0.0.1", Headers(headers)).local


def test_a_proxy_for_this_machine_itself_is_local() -> None:
    assert caller("127.0.0.1", Headers({"X-Forwarded-For": "127.0.0.1"})).local


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://box.local:8080"},
        {"Origin": "https://Box.local:8080"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://box.local"},
    ],
)
def test_our_own_page_and_programs_may_ask(headers: dict[str, str]) -> None:
    assert not crosses_sites(Headers(headers), HOST)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://box.local:8080"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://box.local"},
        {"Origin": "http://box.local:9000"},
        {"Origin": "http://box.local:8080.evil.example"},
        {"Origin": ""},
    ],
)
def test_pages_of_other_sites_may_not(headers: dict[str, str]) -> None:
    assert crosses_sites(Headers(headers), HOST)
