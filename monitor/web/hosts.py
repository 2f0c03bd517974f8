"""By which names the page may be asked for.

A site elsewhere can let its own name point to this machine (DNS rebinding), and a browser then takes our answers for that site's. The
name gives it away; addresses cannot be made to point elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable


def own_names(allowed: Iterable[str], hostname: str | None = None) -> frozenset[str]:
    """Give the names that are ours: localhost, the machine's (also under .local, as mDNS has it), and the `allowed` ones."""
    machine = (hostname or socket.gethostname()).lower()
    short = machine.split(".")[0]
    return frozenset({"localhost", machine, short, f"{short}.local", *map(_plain, allowed)} - {"", ".local"})


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Tell whether a Host header, with or without a port, holds an IP address or one of the names."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]@/,]+))(?::[0-9]{0,5})?", host)
    if not match:
        return False
    try:
        ipaddress.ip_address(match[1] or match[2])
    except ValueError:
        return not match[1] and _plain(match[2]) in names
    return True


def _plain(name: str) -> str:
    """Write a name as browsers do in a header."""
    name = name.lower().removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
