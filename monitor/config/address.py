"""Network addresses and MQTT names, checked without a network. Each check returns its text, or raises ValueError with what it must be."""

from __future__ import annotations

import ipaddress
import re

EMBEDDED = "embedded"
"""The `mqtt.host` that is a broker of our own."""

_LONGEST_TOPIC = 200


def check_host(text: str) -> str:
    """Check a host name or IP literal. paho's thread dies of a name that IDNA cannot encode, such as `a..b`."""
    if _address(text):
        return text
    if text.startswith("[") and text.endswith("]"):
        raise ValueError("must be an IPv6 address without brackets")
    if "://" in text or "/" in text:
        raise ValueError("must be the host alone, without a scheme or path")
    if ":" in text:
        raise ValueError("must be the host alone; the port has its own key")
    try:
        text.encode("idna")
    except UnicodeError:
        raise ValueError("must be a host name whose parts between dots have 1 to 63 characters") from None
    if not text or len(text) > 253 or not all(re.fullmatch(r"[\w-]+", part) for part in text.removesuffix(".").split(".")):
        raise ValueError("must be a host name or IP address")
    if re.fullmatch(r"[0-9.]+", text):
        raise ValueError("must be a host name or a whole IP address with four numbers from 0 to 255")
    return text


def split_listen(text: str) -> tuple[str, int]:
    """Split `127.0.0.1:8080` or `[::1]:8080` into host and port."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:\[\]]+)):([0-9]{1,5})", text)
    if not match or not 1 <= int(match[3]) <= 65535:
        raise ValueError("must be an address with its port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080")
    if match[1] and not _address(match[1]):
        raise ValueError("must have an IPv6 address in the brackets")
    return check_host(match[1] or match[2]), int(match[3])


def check_listen(text: str) -> str:
    """Check an address to listen at."""
    split_listen(text)
    return text


def is_loopback(text: str) -> bool:
    """Tell whether a host can be reached from this machine only."""
    address = _address(text)
    return address.is_loopback if address else text.lower() == "localhost"


def is_everywhere(text: str) -> bool:
    """Tell whether a host to listen at means every address of this machine."""
    address = _address(text)
    return bool(address and address.is_unspecified)


def check_topic(text: str) -> str:
    """Check a topic prefix: levels with something in them, no wildcard, nothing reserved for the broker."""
    if not text or len(text) > _LONGEST_TOPIC or not text.isprintable():
        raise ValueError(f"must be printable text of 1 to {_LONGEST_TOPIC} characters")
    if re.search(r"[+#]", text):
        raise ValueError("must hold no wildcard (+ or #)")
    if text.startswith("$"):
        raise ValueError("must not begin with $, which brokers keep for themselves")
    if "" in text.split("/"):
        raise ValueError("must neither begin nor end with / nor hold //")
    return text


def check_client_id(text: str) -> str:
    """Check an MQTT client id; brokers refuse wildcards in one because their access lists are made of it."""
    if not re.fullmatch(r"[A-Za-z0-9_.:@-]{1,64}", text):
        raise ValueError("must be 1 to 64 letters, digits, or one of _ - . : @")
    return text


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
