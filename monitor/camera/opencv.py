"""OpenCV's VideoCapture as a `Source`, with what it takes to make it behave.

OpenCV 5's FFmpeg backend reads its options from the environment at each opening, counts a failed read as the end of everything, and
writes to the terminal past Python's logging. All of that is dealt with here and seen nowhere else.
"""

from __future__ import annotations

import os
import threading
from typing import Literal

import cv2
import numpy as np

from monitor.camera.diagnose import check_file, connect, verdict, why_stream_failed
from monitor.camera.folder import open_folder
from monitor.camera.http_get import HttpClient
from monitor.camera.protocol import Fault, Source, SourceFacts
from monitor.camera.snapshot import SnapshotSource
from monitor.camera.source import Clip, Description, Device, Stream
from monitor.camera.usb import open_device
from monitor.clock import stopwatch
from monitor.errors import CameraError
from monitor.values import Image

Decode = Literal["all", "keyframes"]

OPEN_TIMEOUT = 10.0
"""Seconds until an attempt to open a stream is given up."""

READ_TIMEOUT = 6.0
"""Seconds without a frame until a stream counts as stalled; it shows after twice that, for a stale frame comes in between."""

KEYFRAME_TIMEOUT = 20.0
"""The same where only key frames are decoded: OpenCV counts from one frame it gives to the next, and cameras that save bandwidth
send a key frame every ten seconds or so."""

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

_FROM_NETWORK = "rtsp_transport;tcp|protocol_whitelist;rtsp,rtsps,rtp,http,https,tcp,tls,crypto"
"""TCP, as setting the variable at all takes away OpenCV's own preference for it; and nothing that reads this machine's files."""

_FROM_FILE = "protocol_whitelist;file"
_KEYFRAMES = "|avdiscard;nonkey"

_SETTLE = 0.1
"""Seconds that options stay put after an opening began, so that it has read them before another changes them."""

_CODECS = {"avc1": "h264", "hev1": "hevc", "hvc1": "hevc", "h265": "hevc", "mjpg": "mjpeg"}


def prepare_opencv() -> None:
    """Set what OpenCV and FFmpeg take from the process. Called once, at the start, before any camera is opened."""
    os.environ.update({
        # a dead camera must not hold the lock that all others open under (safe with FFmpeg 5 and later)
        "OPENCV_FFMPEG_IS_THREAD_SAFE": "1",
        # a camera with a bad line would write a page a second to the journal; what matters we say ourselves
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": str(int(READ_TIMEOUT)),
        # present from the start, as replacing a variable is safe beside C code that reads it, and adding one is not
        _OPTIONS: _FROM_NETWORK,
    })  # fmt: skip
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    cv2.setNumThreads(1)


class _Options:
    """The one environment variable through which every opening gets its options."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled = 0.0
        self._pause = threading.Event()

    def set(self, options: str) -> None:
        """Make `options` those of the opening that follows at once. Waits at most `_SETTLE`, and only behind other options."""
        with self._lock:
            if os.environ.get(_OPTIONS) != options:
                self._pause.wait(max(0.0, self._settled - stopwatch()))
                os.environ[_OPTIONS] = options
            self._settled = stopwatch() + _SETTLE


_options = _Options()


class OpenCvSource:
    """An open VideoCapture as a `Source`."""

    def __init__(self, capture: cv2.VideoCapture, *, live: bool, misses: int, read_timeout: float | None) -> None:
        self._capture = capture
        self._grabbed = 0
        fps = capture.get(cv2.CAP_PROP_FPS)
        self._facts = SourceFacts(
            width=int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            fps=fps if 0 < fps <= 240 else None,  # where a stream tells none, FFmpeg gives its clock rate or NaN
            codec=_codec(int(capture.get(cv2.CAP_PROP_FOURCC))),
            live=live,
            misses=misses,
            read_timeout=read_timeout,
        )

    @property
    def facts(self) -> SourceFacts:
        """What was learnt when it was opened."""
        return self._facts

    @property
    def position(self) -> float:
        """Seconds from the beginning; counted by frames where the stream has no time stamps, such as a bare H.264 file."""
        told = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return told if told > 0 else max(0, self._grabbed - 1) / (self._facts.fps or 25.0)

    @property
    def is_key(self) -> bool:
        """Whether the grabbed frame is a key frame (an I picture); V4L2 tells nothing, and there every frame stands for itself."""
        kind = int(self._capture.get(cv2.CAP_PROP_FRAME_TYPE))
        return kind == ord("I") or kind <= 0

    def grab(self) -> bool:
        """Take the next frame: demultiplexes and, but for V4L2, decodes."""
        try:
            grabbed = self._capture.grab()
        except cv2.error as error:
            raise _broken(error) from None
        self._grabbed += grabbed
        return grabbed

    def retrieve(self, into: Image | None = None) -> Image | None:
        """Convert the grabbed frame to BGR, None where that gives no picture. Into memory that is there it takes 1.8 ms instead of 2.9."""
        try:
            given, image = self._capture.retrieve(into)
            if not given or image.size == 0:
                return None
            if image.ndim == 2:
                image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        except cv2.error as error:
            raise _broken(error) from None
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            return None
        return np.asarray(image, dtype=np.uint8)

    def close(self) -> None:
        """Release the device or connection."""
        self._capture.release()


def open_source(description: Description, decode: Decode = "all", read_timeout: float = READ_TIMEOUT, fps: float = 5.0) -> Source:
    """Open a camera, file or folder. Blocks for up to `OPEN_TIMEOUT`, over HTTP twice that, and some seconds of asking why it failed.

    read_timeout: seconds without a frame until a stream counts as stalled; with `keyframes` at least `KEYFRAME_TIMEOUT`. fps: pictures a
    second where the source leaves that to us: an address that gives one picture for each request, and a folder of pictures.
    Raises CameraError whose reason is a `Fault` and whose text tells people what to do.
    """
    match description:
        case Device():
            return _open_device(description)
        case Clip() if description.path.is_dir():
            return open_folder(description, fps, lambda clip: _open_clip(clip, decode))
        case Clip():
            return _open_clip(description, decode)
        case Stream() if description.rtsp:
            return _open_rtsp(description, decode, read_timeout)
        case Stream():
            return _open_http(description, decode, read_timeout, fps)


def _open_rtsp(stream: Stream, decode: Decode, read_timeout: float) -> Source:
    connect(stream).close()  # nobody there: known at once, and for nearly nothing
    began = stopwatch()
    source = _open_stream(stream, decode, read_timeout)
    if source is None:
        raise why_stream_failed(stream, stopwatch() - began, OPEN_TIMEOUT)
    return source


def _open_http(stream: Stream, decode: Decode, read_timeout: float, fps: float) -> Source:
    """Ask once what there is. Only the head of an answer tells a picture from a stream: a decoder takes either for a video."""
    client = HttpClient(stream)
    answer = client.get(OPEN_TIMEOUT)
    kind = answer.headers.get_content_type()
    if answer.status < 300 and kind.startswith("image/"):
        return SnapshotSource(client, answer, fps, READ_TIMEOUT)
    client.close()  # before the decoder connects: small cameras have room for one viewer only
    if answer.status >= 300 or kind == "text/html":
        raise verdict(stream, answer.status, answer.headers)
    began = stopwatch()
    source = _open_stream(client.stream, decode, read_timeout)
    if source is None:
        raise verdict(stream, answer.status, answer.headers, silent=stopwatch() - began >= 0.9 * OPEN_TIMEOUT)
    return source


def _open_stream(stream: Stream, decode: Decode, read_timeout: float) -> OpenCvSource | None:
    timeout = max(read_timeout, KEYFRAME_TIMEOUT) if decode == "keyframes" else read_timeout
    capture = _ffmpeg(stream.url, _FROM_NETWORK, decode, timeout)
    return OpenCvSource(capture, live=True, misses=1, read_timeout=timeout) if capture.isOpened() else None


def _open_clip(clip: Clip, decode: Decode) -> OpenCvSource:
    check_file(clip)
    capture = _ffmpeg(str(clip.path), _FROM_FILE, decode, READ_TIMEOUT)
    if not capture.isOpened():
        raise CameraError(f"{clip} is not a video that can be decoded", Fault.NOT_VIDEO)
    # a damaged packet fails one grab and the file goes on behind it; at the end all fail
    return OpenCvSource(capture, live=False, misses=3, read_timeout=None)


def _open_device(device: Device) -> OpenCvSource:
    try:
        capture = open_device(device)
    except cv2.error as error:
        raise _broken(error) from None
    return OpenCvSource(capture, live=True, misses=3, read_timeout=None)


def _ffmpeg(address: str, options: str, decode: Decode, read_timeout: float) -> cv2.VideoCapture:
    _options.set(options + (_KEYFRAMES if decode == "keyframes" else ""))
    limits = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: OPEN_TIMEOUT * 1000,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: read_timeout * 1000,
        cv2.CAP_PROP_N_THREADS: 1,  # each further one holds back a frame
    }
    try:
        return cv2.VideoCapture(address, cv2.CAP_FFMPEG, [int(number) for pair in limits.items() for number in pair])
    except cv2.error as error:
        raise _broken(error) from None


def _broken(error: cv2.error) -> CameraError:
    # the text of the error may quote the address with its password; its code does not
    return CameraError(f"OpenCV gave up (error {error.code})", Fault.LOST)


def _codec(fourcc: int) -> str:
    """The four letters as the usual short name, "" where they are none."""
    letters = (fourcc & 0xFFFFFFFF).to_bytes(4, "little").decode("ascii", "replace").strip("\0 ").lower()
    return _CODECS.get(letters, letters) if letters.isprintable() and letters.isascii() else ""
