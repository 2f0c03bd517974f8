"""The motion gate: what one judgement takes, beside OpenCV's MOG2 on the same pictures, and how often it opens on what.

Run by hand: `python tests/bench/bench_gate.py`. The footage is that of Debian's opencv-doc. One core; the least of several runs in CPU
time, because anything may run beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from monitor.camera.opencv import open_source
from monitor.camera.source import parse_source
from monitor.clock import cpu_seconds
from monitor.config.schema import MotionSettings
from monitor.gate.grey import shrink
from monitor.gate.motion import MotionGate
from monitor.values import GateReason, Grey

ROUNDS = 7
NOISES = (1, 3, 6, 12, 20)
SECONDS = 120
FPS = 5


def film(path: Path) -> list[Grey]:
    """The frames of a video as the gate gets them."""
    source = open_source(parse_source(str(path)))
    greys = []
    while source.grab():
        image = source.retrieve()
        assert image is not None
        greys.append(shrink(image))
    source.close()
    return greys


def noisy(still: Grey, noise: float) -> list[Grey]:
    """A still under sensor noise, for some minutes."""
    random = np.random.default_rng(0)
    return [np.clip(still + random.normal(0, noise, still.shape), 0, 255).astype(np.uint8) for _ in range(SECONDS * FPS)]


def gated(greys: list[Grey], fps: float) -> list[GateReason]:
    """What the gate says of each picture."""
    gate = MotionGate(MotionSettings(), 2)
    return [gate.judge(grey, number / fps).reason for number, grey in enumerate(greys)]


def subtracted(greys: list[Grey], _fps: float) -> None:
    """What MOG2 takes for its mask alone, without deciding anything."""
    subtractor = cv2.createBackgroundSubtractorMOG2()
    for grey in greys:
        subtractor.apply(grey)


def milliseconds(way: Callable[[list[Grey], float], object], greys: list[Grey]) -> float:
    """The least CPU time a picture."""
    took = []
    for _ in range(ROUNDS):
        start = cpu_seconds()
        way(greys, FPS)
        took.append((cpu_seconds() - start) * 1000 / len(greys))
    return min(took)


def measure_cost(clips: dict[str, list[Grey]]) -> None:
    """Print what a judgement takes."""
    sys.stdout.write(f"{'ms of CPU a picture':<36}{'size':>10}{'gate':>8}{'MOG2':>8}{'ratio':>8}\n")
    for name, greys in clips.items():
        ours, theirs = milliseconds(gated, greys), milliseconds(subtracted, greys)
        size = f"{greys[0].shape[1]}x{greys[0].shape[0]}"
        sys.stdout.write(f"{name:<36}{size:>10}{ours:>8.3f}{theirs:>8.3f}{ours / theirs:>8.2f}\n")


def measure_openings(name: str, greys: list[Grey], skip: int = 0) -> None:
    """Print how many of the pictures get a look, and why. skip: pictures to learn from first."""
    reasons = Counter(gated(greys, FPS)[skip:])
    looks = sum(reasons.values()) - reasons[GateReason.QUIET]
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    sys.stdout.write(f"{name:<36}{looks / sum(reasons.values()):>10.1%}   {told}\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, default=Path("/usr/share/doc/opencv-doc/examples/data"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    people, tree = film(args.footage / "vtest.avi")[::2], film(args.footage / "tree.avi")
    wide = [np.ascontiguousarray(grey[15:105]) for grey in people]
    quiet = {noise: noisy(wide[0], noise) for noise in NOISES}
    measure_cost({"people cross": people, "people cross, 16:9": wide, "quiet, noise 3": quiet[3], "quiet, noise 12": quiet[12]})
    sys.stdout.write(f"\n{f'looks of pictures, {FPS} a second':<36}\n")
    measure_openings("people cross (vtest)", people)
    leaves = tree[:48:3]
    waving = [*leaves, *leaves[::-1]] * 20
    measure_openings("tree in the wind, first minute", waving[: 60 * FPS])
    measure_openings("the same after it", waving, 60 * FPS)
    for noise, greys in quiet.items():
        measure_openings(f"still, noise {noise}", greys)


if __name__ == "__main__":
    main()
