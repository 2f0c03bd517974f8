"""A clip as WebM with VP8, which browsers and Home Assistant play, made of pictures that each stand for themselves.

A lossy WebP picture is a VP8 key frame in a RIFF wrapper (RFC 9649, section 2.5), so what OpenCV writes as WebP is taken out of one wrapper
and put into another. Against OpenCV's own VideoWriter that takes a third less time and room, gives each picture its own time, and what
the disk says is heard.

The elements and their numbers are those of Matroska (RFC 9559); each has a number, a size and a content (EBML, RFC 8794).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.errors import PictureError

QUALITY = 60
"""Of WebP, 1..100: 640x360 pixels are some 15 kB each, and people and plates can be made out as in the small picture itself."""

_HEADER, _DOC_TYPE, _DOC_TYPE_VERSION, _DOC_TYPE_READ_VERSION = 0x1A45DFA3, 0x4282, 0x4287, 0x4285
_SEGMENT, _INFO, _TIMESTAMP_SCALE, _DURATION, _MUXING_APP, _WRITING_APP = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489, 0x4D80, 0x5741
_TRACKS, _TRACK_ENTRY, _TRACK_NUMBER, _TRACK_UID, _TRACK_TYPE, _CODEC_ID = 0x1654AE6B, 0xAE, 0xD7, 0x73C5, 0x83, 0x86
_LACING, _DEFAULT_DURATION, _VIDEO, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0x9C, 0x23E383, 0xE0, 0xB0, 0xBA
_CLUSTER, _TIMESTAMP, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
_CUES, _CUE_POINT, _CUE_TIME, _CUE_POSITIONS, _CUE_TRACK, _CUE_CLUSTER = 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7, 0xF1

_RIFF = 12
"""Bytes of WebP before its first chunk, which is a kind (four letters), a size (four bytes) and a content."""

_MILLISECOND = 1_000_000  # in nanoseconds, the unit of _TIMESTAMP_SCALE
_BLOCK = bytes([0x81, 0, 0, 0x80])
"""Before a frame: of track 1, at its cluster's time, a key frame."""


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A picture as VP8. mono: when it was taken, in seconds of the monotonic clock; width, height: pixels."""

    mono: float
    width: int
    height: int
    data: bytes


def key_frame(jpeg: bytes, mono: float) -> KeyFrame:
    """Encode a JPEG anew. Raises PictureError if that cannot be done: it is none, or longer than 16383 pixels each way."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if image is None:
        raise PictureError("a picture cannot be decoded")
    height, width = image.shape[:2]
    done, encoded = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    webp = encoded.tobytes() if done else bytes(_RIFF + 8)
    kind, size = struct.unpack_from("<4sI", webp, _RIFF)
    if kind != b"VP8 ":
        raise PictureError(f"a picture of {width}x{height} pixels cannot be encoded as VP8")
    return KeyFrame(mono, width, height, webp[_RIFF + 8 : _RIFF + 8 + size])


def webm(frames: Sequence[KeyFrame], rest: float) -> bytes:
    """Return the file that shows `frames` (at least one, in order), each until the next, the last for `rest` seconds."""
    first = frames[0]
    times = [round(1000 * (frame.mono - first.mono)) for frame in frames]
    info = _element(
        _INFO,
        _number(_TIMESTAMP_SCALE, _MILLISECOND),
        _element(_DURATION, struct.pack(">d", times[-1] + 1000 * rest)),
        _element(_MUXING_APP, b"monitor"),
        _element(_WRITING_APP, b"monitor"),
    )
    video = _element(_VIDEO, _number(_PIXEL_WIDTH, first.width), _number(_PIXEL_HEIGHT, first.height))
    track = _element(
        _TRACK_ENTRY,
        _number(_TRACK_NUMBER, 1),
        _number(_TRACK_UID, 1),
        _number(_TRACK_TYPE, 1),  # video
        _number(_LACING, 0),
        _number(_DEFAULT_DURATION, round(rest * 1e9)),
        _element(_CODEC_ID, b"V_VP8"),
        video,
    )
    clusters = [
        _element(_CLUSTER, _number(_TIMESTAMP, time), _element(_SIMPLE_BLOCK, _BLOCK, frame.data))
        for time, frame in zip(times, frames, strict=True)
    ]
    head = info + _element(_TRACKS, track)
    # before what it points at, so that a player that jumps has it at once; where it points to does not change its size
    begin = len(head) + len(_cues(times, [0] * len(times)))
    starts = [begin + sum(map(len, clusters[:number])) for number in range(len(clusters))]
    kind = _element(_DOC_TYPE, b"webm"), _number(_DOC_TYPE_VERSION, 2), _number(_DOC_TYPE_READ_VERSION, 2)
    return _element(_HEADER, *kind) + _element(_SEGMENT, head, _cues(times, starts), *clusters)


def _cues(times: Sequence[int], starts: Sequence[int]) -> bytes:
    """The index: where the cluster of each time begins, in bytes from the first of the segment."""
    points = [
        _element(_CUE_POINT, _number(_CUE_TIME, time), _element(_CUE_POSITIONS, _number(_CUE_TRACK, 1), _number(_CUE_CLUSTER, start)))
        for time, start in zip(times, starts, strict=True)
    ]
    return _element(_CUES, *points)


def _element(number: int, *content: bytes) -> bytes:
    # a size in eight bytes is always allowed: a 1 in the first, seven for the number
    size = sum(map(len, content)) | 1 << 56
    return b"".join((number.to_bytes((number.bit_length() + 7) // 8, "big"), size.to_bytes(8, "big"), *content))


def _number(number: int, value: int) -> bytes:
    return _element(number, value.to_bytes(8, "big"))
