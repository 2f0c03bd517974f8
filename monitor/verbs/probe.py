"""`probe`: does a camera answer, and what does it send?"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import CameraError, PictureError, UsageError
from monitor.verbs.common import Verbs, json_line, message, out

if TYPE_CHECKING:
    from monitor.camera.probe import ProbeReport
    from monitor.values import Image


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("probe", help="open a camera and say what it sends, or why it does not")
    parser.add_argument("source", metavar="SOURCE", help="as in the configuration: a URL, a device, a file, or demo")
    parser.add_argument("--username", help="for RTSP and HTTP")
    parser.add_argument("--password-env", metavar="NAME", help="the environment variable that holds the password")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="save the first picture (.jpg or .png)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to look (5)")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(verb=probe)


def probe(args: argparse.Namespace) -> int:
    """Report on one source; 69 if it cannot be opened."""
    from pydantic import SecretStr

    from monitor.camera.opencv import prepare_opencv
    from monitor.camera.probe import probe as look

    password = None
    if args.password_env is not None:
        if args.password_env not in os.environ:
            raise UsageError(f"--password-env: there is no variable {args.password_env} in the environment")
        password = SecretStr(os.environ[args.password_env])
    if not 0.5 <= args.seconds <= 600:
        raise UsageError("--seconds must be from 0.5 to 600")
    prepare_opencv()
    report = look(args.source, args.username, password, args.seconds)
    if args.json:
        json_line({name: getattr(report, name) for name in report.__dataclass_fields__ if name != "picture"})
    else:
        for line in _lines(report):
            out(line)
    if report.picture is not None and args.picture is not None:
        _save(report.picture, args.picture)
    if report.problem:
        raise CameraError(f"{report.source}: {report.problem}", report.reason or "lost")
    return 0


def _lines(report: ProbeReport) -> list[str]:
    """Put what was found into words; what is not known is left out."""
    facts = [("source", report.source)]
    if report.width:
        facts.append(("picture", f"{report.width}x{report.height}, {report.codec or 'unknown codec'}"))
    if report.fps:
        told = f" (it says {report.fps_told:.4g})" if report.fps_told else ""
        facts.append(("frames", f"{report.fps:.1f} a second{told}"))
    if report.key_interval:
        facts.append(("key frames", f"every {report.key_interval:.1f} s: with `decode: keyframes` a look comes that late at most"))
    if report.open_seconds is not None:
        facts.append(("opening", f"{report.open_seconds:.2f} s"))
    if report.decode_ms is not None and report.convert_ms is not None:
        facts.append(("decoding", f"{report.decode_ms:.1f} ms a frame, {report.convert_ms:.1f} ms more for one that is looked at"))
    if report.decode_ms and report.fps and report.live:
        facts.append(("cost", f"about {report.decode_ms * report.fps / 10:.0f} % of a core for decoding all of it"))
    return [f"{name:<11} {text}" for name, text in facts]


def _save(picture: Image, path: Path) -> None:
    import cv2

    try:
        done, data = cv2.imencode(path.suffix, picture)
    except cv2.error:
        done = False
    if not done:
        raise PictureError(f"{path}: cannot write a picture of that kind; end the name in .jpg or .png")
    path.write_bytes(data.tobytes())
    message(f"saved {path}")
