"""`probe`: does a camera answer, and what does it send?"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import CameraError, PictureError, UsageError
from monitor.values import WHOLE
from monitor.verbs.common import Verbs, add_config_option, json_line, load_config, message, out
from monitor.verbs.probed import report_lines

if TYPE_CHECKING:
    from pydantic import SecretStr

    from monitor.camera.probe import ProbeReport
    from monitor.config.schema import Config
    from monitor.values import Image


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("probe", help="open a camera and say what it sends, or why it does not")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("source", nargs="?", metavar="SOURCE", help="as in the configuration: a URL, a device, a file, or demo")
    which.add_argument("--camera", metavar="NAME", help="a camera of the configuration, in place of SOURCE")
    parser.add_argument("--username", help="for RTSP and HTTP")
    parser.add_argument("--password-env", metavar="NAME", help="the environment variable that holds the password")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="save a picture (.jpg or .png); of a --camera, with what the model sees of it"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to look (5)")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    add_config_option(parser)
    parser.set_defaults(verb=probe)


def probe(args: argparse.Namespace) -> int:
    """Report on one source; 69 if it cannot be opened."""
    from monitor.camera.opencv import prepare_opencv
    from monitor.camera.probe import probe as look

    if not 0.5 <= args.seconds <= 600:
        raise UsageError("--seconds must be from 0.5 to 600")
    config = _config(args)
    if config is None:
        password = _password(args.password_env)
        prepare_opencv()
        report = look(args.source, args.username, password, args.seconds)
    else:
        camera = config.cameras[args.camera]
        prepare_opencv()
        report = look(camera.source, camera.username, camera.password, args.seconds, camera, config.clips)
    if args.json:
        json_line({name: getattr(report, name) for name in report.__dataclass_fields__ if name not in ("picture", "movement")})
    else:
        for line in report_lines(report):
            out(line)
    if report.picture is not None and args.picture is not None:
        _save(report.picture if config is None else _seen(report, config, args.camera), args.picture)
    if report.problem:
        raise CameraError(f"{report.source}: {report.problem}", report.reason or "lost")
    return 0


def _config(args: argparse.Namespace) -> Config | None:
    """The configuration that holds the camera, None where a source was given instead."""
    if args.camera is None:
        if args.config is not None:
            raise UsageError("--config is for --camera")
        return None
    if args.username is not None or args.password_env is not None:
        raise UsageError("--username and --password-env are for a SOURCE; a --camera has its own")
    config = load_config(args.config).config
    if args.camera not in config.cameras:
        raise UsageError(f"--camera: there is no camera {args.camera!r}; there are {', '.join(config.cameras)}")
    return config


def _password(variable: str | None) -> SecretStr | None:
    from pydantic import SecretStr

    if variable is None:
        return None
    if variable not in os.environ:
        raise UsageError(f"--password-env: there is no variable {variable} in the environment")
    return SecretStr(os.environ[variable])


def _seen(report: ProbeReport, config: Config, camera: str) -> Image:
    """The picture of the report with what the model sees of it."""
    from monitor.classify.card import find_card
    from monitor.verbs.seen import draw_seen

    assert report.picture is not None
    looked_at = {zone for rule in config.rules_of(camera) for zone in rule.zones} or {WHOLE}
    preprocessing = find_card(config.model.name, config.model.weights).preprocessing
    return draw_seen(report.picture, config.cameras[camera], looked_at, preprocessing, report.movement)


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
