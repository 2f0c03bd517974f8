"""Who this box is to a broker."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from monitor.config.slug import slug

MACHINE_ID = Path("/etc/machine-id")


def client_id(node: str, machine_id: Path = MACHINE_ID) -> str:
    """Build `monitor-NODE-` + 6 hexadecimal digits of the machine id; where there is none (containers), of the host name's hash."""
    try:
        digits = machine_id.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        digits = ""
    if len(digits) < 6:
        digits = hashlib.sha256(socket.gethostname().encode()).hexdigest()
    return f"monitor-{slug(node)}-{digits[:6]}"
