"""A stage on which a camera shows one scene after another, second by second, under the noise of its sensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.camera.opencv import open_source
from monitor.camera.source import parse_source
from monitor.clock import ManualClock
from monitor.config.polygon import Polygon
from monitor.gate.condition.condition import Condition
from monitor.gate.grey import black_out, shrink
from monitor.values import Glimpse, Image, ProblemKind

VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
"""Real footage of a square that people cross (Debian: opencv-doc)."""

SIZE = (480, 360)

_random = np.random.default_rng(5)
_GRAIN = _random.normal(0, 1, (2 * SIZE[1], 2 * SIZE[0], 3)).astype(np.float32)

Show = Image | Callable[[int], Image]


def street(seed: int = 1) -> Image:
    """A view with structure large and small: houses, windows, a road, and a texture over all of it."""
    random = np.random.default_rng(seed)
    width, height = SIZE
    view = np.full((height, width, 3), (150, 130, 110), np.uint8)
    for _ in range(60):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        corner = x + int(random.integers(15, 120)), y + int(random.integers(15, 120))
        colour = [int(level) for level in random.integers(20, 235, 3)]
        cv2.rectangle(view, (x, y), corner, colour, -1)
    texture = cv2.resize(random.normal(0, 22, (height // 2, width // 2)).astype(np.float32), SIZE)
    return np.asarray(np.clip(view + texture[..., None], 0, 255), np.uint8)


def flat(level: int) -> Image:
    return np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


def hand() -> Image:
    """What is so near to the lens that it has no edges."""
    across, down = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return np.stack([50 + across / 12, 60 + down / 10, 110 + across / 20], axis=-1).astype(np.uint8)


def blurred(view: Image, pixels: float) -> Image:
    return np.asarray(cv2.GaussianBlur(view, (0, 0), pixels), np.uint8)


def turned(view: Image, part: float) -> Image:
    """The view of a camera that was turned by so much of its width: what it did not see before is another street."""
    pixels = round(part * SIZE[0])
    return np.hstack([view[:, pixels:], street(99)[:, :pixels]])


def lit(view: Image, gain: float | np.ndarray) -> Image:
    """The view in another light."""
    return np.clip(view * np.asarray(gain, np.float32), 0, 255).astype(np.uint8)


def colourless(view: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


def infrared(view: Image) -> Image:
    """The view in the light of the camera's own lamp: no colours, bright in the middle."""
    across, down = np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1]))
    lamp = 0.2 + 1.1 * np.exp(-2 * (across**2 + down**2))
    return (255 * np.clip((colourless(view) / 255) ** 0.7 * lamp[..., None], 0, 1)).astype(np.uint8)


def footage(count: int, step: int = 1) -> list[Image]:
    """Pictures of real footage in the size of this stage."""
    source = open_source(parse_source(str(VTEST)))
    pictures: list[Image] = []
    while len(pictures) < count and source.grab():
        image = source.retrieve()
        assert image is not None
        pictures.append(np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8))
        for _ in range(step - 1):
            source.grab()
    source.close()
    return pictures


class Stage:
    """One camera. problems: each that it said it had, with the second on this stage, None where it was over."""

    def __init__(self, *, keyframes: bool = False, masks: Sequence[Polygon] = ()) -> None:
        self.condition = Condition(keyframes=keyframes, masks=masks)
        self.clock = ManualClock()
        self.problems: list[tuple[float, ProblemKind | None]] = []
        self._masks = masks
        self._start = self.clock.now().mono
        self.condition.opened(self.clock.now(), None)

    @property
    def kinds(self) -> list[ProblemKind | None]:
        """The problems without their times."""
        return [kind for _, kind in self.problems]

    def show(self, view: Show, seconds: float, *, every: float = 1.0, noise: float = 3.0) -> None:
        """Show a view, or what it gives for each number from 0, for so many seconds, a picture `every` seconds."""
        for number in range(round(seconds / every)):
            self.clock.advance(every)
            image = grainy(view(number) if callable(view) else view, noise)
            black_out(image, self._masks)
            now = self.clock.now()
            self.condition.see(Glimpse(now, image, shrink(image), now.mono))
            if self.condition.problem != (self.kinds[-1] if self.problems else None):
                self.problems.append((now.mono - self._start, self.condition.problem))


def grainy(view: Image, noise: float) -> Image:
    """The view with new noise of so many levels (standard deviation)."""
    if noise == 0:
        return view.copy()
    height, width = view.shape[:2]
    x, y = _random.integers(0, SIZE[0]), _random.integers(0, SIZE[1])
    grain = _GRAIN[y : y + height, x : x + width]
    return np.asarray(cv2.addWeighted(grain, noise, view.astype(np.float32), 1, 0, dtype=cv2.CV_8U), np.uint8)
