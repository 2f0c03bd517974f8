"""A Python whose `monitor` does not hush FFmpeg (stand_in.py).

A broken stream then makes it write, past Python's logging, a line for each block of a picture, as a library may that no setting hushes.
What of it is held back is told of every `WINDOW` seconds instead of every minute.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WINDOW = 3.0


def main() -> int:
    """Run `-m monitor ARGUMENTS`."""
    sys.path.insert(0, str(ROOT))
    from monitor import cli, service
    from monitor.camera.opencv import prepare_opencv
    from monitor.runtime import output

    def prepare_loudly() -> None:
        prepare_opencv()
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "40"  # AV_LOG_VERBOSE

    setattr(service, "prepare_opencv", prepare_loudly)  # noqa: B010
    setattr(output, "WINDOW", WINDOW)  # noqa: B010
    return cli.main(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
