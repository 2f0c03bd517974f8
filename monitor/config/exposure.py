"""Who on this machine can read or change what a configuration holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from monitor.config.faults import Where, dotted

ROOT = 0


def exposure(path: Path, literal_secrets: Collection[Where]) -> Iterator[str]:
    """Yield a warning for each way in which strangers have access to the file at `path`.

    literal_secrets: the places of secrets that stand in the file itself, not in the environment or a file of their own.
    """
    try:
        status = path.stat()
    except OSError:
        return
    if status.st_mode & stat.S_IROTH and literal_secrets:
        places = ", ".join(sorted({dotted(where) for where in literal_secrets}))
        yield f"every user of this machine can read the secrets in it ({places}); `chmod o-r {path}`, or use ${{NAME}} or !file"
    if status.st_mode & stat.S_IWOTH:
        yield f"every user of this machine can change it; `chmod o-w {path}`"
    if status.st_uid not in (ROOT, os.geteuid()):
        yield f"it belongs to another user (uid {status.st_uid}), who can change it"
