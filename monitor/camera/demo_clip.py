"""Render the built-in demo clip: a brick wall past which three photographs of real things come and go.

Run it from a checkout, with ffmpeg on the path and the folder of scikit-image's pictures at hand:

    python -m monitor.camera.demo_clip .../skimage/data monitor/camera/demo.mp4

Provenance, as scikit-image 0.26 states it: `chelsea.png` (the cat, CC0 by Stefan van der Walt), `coffee.png` (CC0 by Rachel Michetti,
Pikolo Espresso Bar), `rocket.jpg` (SpaceX, released into the public domain), `brick.png` (Bricks25 of CC0Textures, CC0). Nothing at
run time needs this module; it is here so that the clip can be made again and its sources be checked.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS, SECONDS = 960, 540, 10, 60

VISITS = [  # (photograph, second it starts to enter, second it starts to leave); the rest of the minute is quiet
    ("chelsea.png", 5.0, 17.0),
    ("coffee.png", 27.0, 37.0),
    ("rocket.jpg", 45.0, 53.0),
]
SLIDE = 1.2  # seconds a photograph takes to come in, and to go


def _wall(folder: Path) -> NDArray[np.float32]:
    brick = cv2.imread(str(folder / "brick.png"), cv2.IMREAD_GRAYSCALE)
    if brick is None:
        raise SystemExit(f"{folder} has no brick.png: it is not scikit-image's data folder")
    tile = cv2.resize(cv2.rotate(brick, cv2.ROTATE_90_CLOCKWISE), (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
    wall = np.hstack([tile, tile[:, ::-1]])[:, :WIDTH].astype(np.float32)
    tint = np.array([0.72, 0.84, 0.98], np.float32)  # BGR: warm brick
    return cv2.GaussianBlur(wall[:, :, None] * tint * 0.9, (3, 3), 0).astype(np.float32)


def _photograph(folder: Path, name: str) -> NDArray[np.float32]:
    picture = cv2.imread(str(folder / name))
    if picture is None:
        raise SystemExit(f"{folder} has no {name}: it is not scikit-image's data folder")
    height = HEIGHT - 20
    width = round(picture.shape[1] * height / picture.shape[0])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _left_edge(second: float, enters: float, leaves: float, width: int) -> int | None:
    """Column of the photograph's left edge: in from the right, a while in the middle, out to the left."""
    middle = (WIDTH - width) / 2
    ease = min(max((second - enters) / SLIDE, 0.0), 1.0) - min(max((second - leaves) / SLIDE, 0.0), 1.0)
    if ease <= 0:
        return None
    hidden = WIDTH if second < leaves else -width
    sway = 4 * math.sin(second * 1.7)
    smooth = ease * ease * (3 - 2 * ease)
    return round(hidden + (middle - hidden) * smooth + sway)


def _scene(second: float, wall: NDArray[np.float32], photographs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    scene: NDArray[np.float32] = wall * np.float32(1 + 0.02 * math.sin(second * 0.5))  # a slow cloud
    for name, enters, leaves in VISITS:
        picture = photographs[name]
        left = _left_edge(second, enters, leaves, picture.shape[1])
        if left is None:
            continue
        visible = slice(max(left, 0), max(0, min(left + picture.shape[1], WIDTH)))
        if visible.start >= visible.stop:
            continue
        scene[10 : 10 + picture.shape[0], visible] = picture[:, visible.start - left : visible.stop - left]
    return scene


def render(folder: Path, clip: Path) -> None:
    """Write the clip as H.264, one key frame a second, small enough to travel with the package."""
    wall = _wall(folder)
    photographs = {name: _photograph(folder, name) for name, _, _ in VISITS}
    rng = np.random.default_rng(7)
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    # As a camera sends it: no B frames and one reference frame. The preset's own 16 would cost the decoder 12 MB.
    command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "30", "-g", str(FPS), "-bf", "0", "-refs", "1", "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", "-map_metadata", "-1", str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:  # noqa: S603 - a fixed command line, run by a developer
        assert ffmpeg.stdin
        for number in range(FPS * SECONDS):
            scene = _scene(number / FPS, wall, photographs)
            grain = rng.normal(0, 1.2, (HEIGHT, WIDTH, 1)).astype(np.float32)  # a real sensor is never still
            ffmpeg.stdin.write(np.clip(scene + grain, 0, 255).astype(np.uint8).tobytes())
    if ffmpeg.returncode:
        raise SystemExit(f"ffmpeg failed with {ffmpeg.returncode}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m monitor.camera.demo_clip SCIKIT_IMAGE_DATA_FOLDER OUTPUT.mp4")
    render(Path(sys.argv[1]), Path(sys.argv[2]))
