"""Who asks: the address behind a reverse proxy, and whether a page of another site made the browser ask."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from werkzeug.datastructures import Headers


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from. local: from this machine; https: it came encrypted, at least to the proxy."""

    address: str
    local: bool
    https: bool


def caller(peer: str, headers: Headers) -> Caller:
    """Tell who asks. What a proxy says is believed only of one on this machine, and only what it added itself: the last of a list."""
    direct = _address(peer)
    if direct is None or not direct.is_loopback:
        return Caller(_account(direct, peer), local=False, https=False)
    https = _last(headers, "X-Forwarded-Proto").lower() == "https"
    if "X-Forwarded-For" not in headers:
        # Another sign of a proxy: it has not said for whom it asks, which may be anybody.
        return Caller(str(direct), local="Forwarded" not in headers and "X-Real-IP" not in headers, https=https)
    forwarded = _last(headers, "X-Forwarded-For")
    behind = _address(forwarded)
    return Caller(_account(behind, "unknown"), local=behind is not None and behind.is_loopback, https=https)


def crosses_sites(headers: Headers, host: str) -> bool:
    """Tell whether a page of another site, or of another port here, made the browser ask.

    Browsers say so in Sec-Fetch-Site, though only over https or to this machine; else in Origin, though not for each GET. Programs
    that are no browsers send neither, and nobody can make them ask.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("Origin")
    return origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower())


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _account(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, otherwise: str) -> str:
    """Give the address to which attempts are counted: one machine can have all of an IPv6 network of 64 bits."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return otherwise if address is None else str(address)


def _last(headers: Headers, name: str) -> str:
    """Give the last of a header's listed values."""
    return headers.get(name, "").rsplit(",", 1)[-1].strip()
