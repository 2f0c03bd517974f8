"""A folder as a `Source`: the videos in it one after another, or its pictures as if they were one.

Where there are both, the videos are played: a picture beside them is most often a recorder's still of the same scene. Other files, those
whose names begin with a dot, and folders in it are left alone. What cannot be played is said once and passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.camera.diagnose import check_file
from monitor.camera.once import warn_once
from monitor.camera.protocol import Fault, Source, SourceFacts
from monitor.camera.source import Clip
from monitor.camera.still import MAX_BYTES, codec_of, decode
from monitor.errors import CameraError
from monitor.values import Image

_VIDEOS = frozenset(
    ["3gp", "avi", "flv", "h264", "h265", "hevc", "m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "ts", "webm", "wmv"]
)
_PICTURES = frozenset(["bmp", "jpeg", "jpg", "png", "webp"])

_USUAL_FPS = 25.0
"""Where a video tells no rate: how far the next begins behind its last frame."""


def open_folder(clip: Clip, fps: float, opener: Callable[[Clip], Source]) -> Source:
    """Open a folder at the first file that can be played. fps: pictures a second; videos keep their own rate.

    Raises CameraError if there is nothing to play.
    """
    check_file(clip)
    found = sorted(path for path in clip.path.iterdir() if not path.name.startswith(".") and path.is_file())
    videos, pictures = ([path for path in found if path.suffix[1:].lower() in kinds] for kinds in (_VIDEOS, _PICTURES))
    if videos and pictures:
        warn_once(f"{clip} holds videos and pictures: the {len(pictures)} pictures are left out")
    if videos:
        return VideoFolder(clip, videos, opener)
    if pictures:
        return PictureFolder(clip, pictures, fps)
    raise CameraError(f"{clip} is a folder without videos or pictures", Fault.NOT_VIDEO)


class VideoFolder:
    """Videos one after another, on one time line. The facts are those of the first that can be played."""

    def __init__(self, clip: Clip, paths: list[Path], opener: Callable[[Clip], Source]) -> None:
        self._sources = _openable(paths, opener)
        first = next(self._sources, None)
        if first is None:
            raise CameraError(f"none of the videos in {clip} can be decoded", Fault.NOT_VIDEO)
        self._source: Source | None = first
        self._facts = first.facts
        self._began = 0.0
        self._position = 0.0

    @property
    def facts(self) -> SourceFacts:
        """What was learnt when it was opened."""
        return self._facts

    @property
    def position(self) -> float:
        """Seconds from the beginning of the first video, as if they were one."""
        return self._position

    @property
    def is_key(self) -> bool:
        """Whether the grabbed frame is a key frame."""
        return self._source is not None and self._source.is_key

    def grab(self) -> bool:
        """Take the next frame, out of the next video if this one is over. False: all are."""
        while self._source is not None:
            if any(self._source.grab() for _ in range(self._source.facts.misses)):
                self._position = max(self._position, self._began + self._source.position)
                return True
            self._began = self._position + 1 / (self._source.facts.fps or _USUAL_FPS)
            self._source.close()
            self._source = next(self._sources, None)
        return False

    def retrieve(self, into: Image | None = None) -> Image | None:
        """Give the grabbed frame, None if it cannot be decoded."""
        return self._source.retrieve(into) if self._source is not None else None

    def close(self) -> None:
        """Let go of the video."""
        if self._source is not None:
            self._source.close()
            self._source = None


class PictureFolder:
    """Pictures as the frames of a video."""

    def __init__(self, clip: Clip, paths: list[Path], fps: float) -> None:
        self._pictures = _decodable(paths)
        self._next = next(self._pictures, None)
        if self._next is None:
            raise CameraError(f"none of the pictures in {clip} can be decoded", Fault.NOT_VIDEO)
        image, codec = self._next
        self._facts = SourceFacts(image.shape[1], image.shape[0], fps, codec, live=False, misses=1, read_timeout=None)
        self._image: Image | None = None
        self._grabbed = 0

    @property
    def facts(self) -> SourceFacts:
        """What was learnt when it was opened; the size is that of the first picture."""
        return self._facts

    @property
    def position(self) -> float:
        """Seconds from the first picture, at so many a second."""
        return max(0, self._grabbed - 1) / (self._facts.fps or _USUAL_FPS)

    @property
    def is_key(self) -> bool:
        """Every picture stands for itself."""
        return True

    def grab(self) -> bool:
        """Take the next picture. False: there are no more."""
        if self._next is None:
            self._next = next(self._pictures, None)
        self._image, self._next = self._next[0] if self._next else None, None
        self._grabbed += self._image is not None
        return self._image is not None

    def retrieve(self, into: Image | None = None) -> Image | None:  # noqa: ARG002 - it is there already
        """Give the grabbed picture."""
        return self._image

    def close(self) -> None:
        """Forget the rest."""
        self._pictures = iter(())
        self._image = self._next = None


def _openable(paths: list[Path], opener: Callable[[Clip], Source]) -> Iterator[Source]:
    """Open one video after the other, when it is asked for."""
    for path in paths:
        try:
            yield opener(Clip(path))
        except CameraError as error:
            warn_once(f"left out: {error}")


def _decodable(paths: list[Path]) -> Iterator[tuple[Image, str]]:
    """Decode one picture after the other, when it is asked for; with the name of its kind."""
    for path in paths:
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            warn_once(f"left out: {path} cannot be read: {error.strerror}")
            continue
        if (image := decode(data)) is not None:
            yield image, codec_of(data)
        else:
            warn_once(f"left out: {path} is no picture that can be decoded")
