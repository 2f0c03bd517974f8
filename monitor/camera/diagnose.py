"""Finding out why a camera cannot be opened, in words: OpenCV says only that it could not.

Everything here is short and bounded (name resolution apart, which only the resolver's own settings bound), is asked once per attempt,
and gives a `CameraError` whose text holds no secret and repeats nothing that the other side said but numbers.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import socket
import ssl
import struct
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, parse_headers

from monitor.camera.login import Login
from monitor.camera.protocol import Fault
from monitor.camera.source import Clip, Device, Stream
from monitor.clock import stopwatch
from monitor.errors import CameraError

_PATIENCE = 2.0
"""Seconds to wait for a connection, and then for an answer. A camera in the house answers in milliseconds."""

_LONGEST_HEAD = 16_384

# linux/videodev2.h: struct v4l2_capability, VIDIOC_QUERYCAP and flags
_CAPABILITY = struct.Struct("16s32s32sIII12s")
_QUERY_CAPABILITY = 0x80685600
_CAN_CAPTURE = 0x00000001 | 0x00001000
_HAS_NODE_CAPABILITIES = 0x80000000

_RAW_SENSORS = (b"unicam", b"rp1-cfe")
"""Drivers of the Raspberry Pi's camera connectors, which give raw sensor data that OpenCV cannot read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of a response. status: the three digits."""

    status: int
    headers: HTTPMessage


def connect(stream: Stream) -> socket.socket:
    """Connect to the camera's port. Raises CameraError when nobody is there."""
    try:
        return socket.create_connection((stream.host, stream.port), timeout=_PATIENCE)
    except (socket.gaierror, UnicodeError):
        raise CameraError(f"the host name {stream.host} is not known: check it, and the network", Fault.UNRESOLVED) from None
    except ConnectionRefusedError:
        raise CameraError(f"connection refused by {stream.place}: is the camera running, is the port right?", Fault.REFUSED) from None
    except OSError as error:
        said = "no answer" if isinstance(error, TimeoutError) else os.strerror(error.errno or 0).lower()
        raise CameraError(
            f"{stream.place} cannot be reached ({said}): is the camera on, is it in this network?", Fault.UNREACHABLE
        ) from None


def why_stream_failed(stream: Stream, waited: float, patience: float) -> CameraError:
    """Ask an RTSP camera that OpenCV could not open what is wrong. waited: seconds the attempt took of the `patience` it had."""
    login = Login(stream.username, stream.password.get_secret_value() if stream.password else "")
    try:
        answer = _ask(stream, login)
        if answer.status == 401 and login.take(answer.headers.get_all("WWW-Authenticate", [])):
            answer = _ask(stream, login)
    except CameraError as error:
        return error
    return verdict(stream, answer.status, answer.headers, silent=waited >= 0.9 * patience)


def verdict(stream: Stream, status: int, headers: HTTPMessage, *, silent: bool = False) -> CameraError:
    """What it means that a camera gave this answer, and no video. silent: nothing came for as long as we waited."""
    if status == 401 and stream.username is None:
        return CameraError(f"{stream.place} asks for a user name and password: set `username:` and `password:`", Fault.AUTH_FAILED)
    if status in (401, 403):
        return CameraError(f"{stream.place} refuses the user name or password ({status})", Fault.AUTH_FAILED)
    if status in (404, 454):
        return CameraError(f"there is no stream at {stream} ({status}): check the path", Fault.NOT_FOUND)
    if status in (453, 503):
        return CameraError(f"{stream.place} is busy ({status}): too many viewers, or it is still starting", Fault.BUSY)
    if status >= 300:
        return CameraError(f"{stream.place} answers {status} to {stream}", Fault.REJECTED)
    if headers.get_content_type() == "text/html":
        return CameraError(f"{stream} is a web page, not a video stream", Fault.NOT_VIDEO)
    if silent:
        return CameraError(f"{stream.place} answers but sends no picture", Fault.SILENT)
    return CameraError(f"{stream.place} sends no video that can be decoded (H.264, H.265 and MJPEG can)", Fault.NOT_VIDEO)


def _ask(stream: Stream, login: Login) -> Answer:
    """Send a DESCRIBE and read the head of the answer."""
    request = [f"DESCRIBE {stream.bare_url} RTSP/1.0", "CSeq: 1", "Accept: application/sdp", "User-Agent: monitor"]
    if authorize := login.answer("DESCRIBE", stream.bare_url):
        request.append(f"Authorization: {authorize}")
    try:
        with connect(stream) as plain, wrapped(stream, plain) as link:
            link.sendall("\r\n".join([*request, "", ""]).encode())
            head = _head(link)
    except TimeoutError:
        raise CameraError(f"{stream.place} accepts a connection but does not answer", Fault.SILENT) from None
    except OSError:
        raise CameraError(f"{stream.place} broke off the connection", Fault.LOST) from None
    protocol, _, rest = head.partition(b" ")
    if not protocol.startswith(b"RTSP/") or not rest[:3].isdigit():
        raise CameraError(f"{stream.place} does not speak RTSP", Fault.NOT_VIDEO)
    try:
        headers = parse_headers(io.BytesIO(head.partition(b"\n")[2]))
    except HTTPException:
        headers = HTTPMessage()
    return Answer(int(rest[:3]), headers)


def wrapped(stream: Stream, plain: socket.socket) -> socket.socket:
    """Put TLS around the connection if it needs it, unverified as in the decoder: cameras have certificates of their own making.

    Raises CameraError when the other side does not speak it, and OSError when it hangs up.
    """
    if not stream.tls:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # old cameras know no better, and who they are is not checked anyway
    try:
        return context.wrap_socket(plain, server_hostname=stream.host)
    except ssl.SSLError:
        raise CameraError(f"{stream.place} does not speak TLS: try {stream.scheme[:-1]}://", Fault.REJECTED) from None


def _head(link: socket.socket) -> bytes:
    """Read up to the empty line that ends the head of a response, or what there is of it."""
    head, end = b"", stopwatch() + _PATIENCE
    while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
        if stopwatch() > end:
            raise TimeoutError
        data = link.recv(4096)
        if not data:
            break
        head += data
    return head.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def check_file(clip: Clip) -> None:
    """Raise CameraError unless the clip is a file or folder that can be read."""
    try:
        os.close(os.open(clip.path, os.O_RDONLY))
    except FileNotFoundError:
        raise CameraError(f"there is no file {clip}", Fault.MISSING) from None
    except PermissionError:
        raise CameraError(f"no permission to read {clip}", Fault.FORBIDDEN) from None
    except OSError as error:
        raise CameraError(f"{clip} cannot be read: {os.strerror(error.errno or 0)}", Fault.LOST) from None


def check_device(device: Device) -> None:
    """Raise CameraError unless the device is there and we may open it."""
    try:
        os.close(os.open(device.path, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError:
        raise CameraError(
            f"there is no {device}: is the camera plugged in? `ls /dev/v4l/by-id` lists what there is", Fault.MISSING
        ) from None
    except PermissionError:
        raise CameraError(f"no permission to use {device}: add the user to the group `video`", Fault.FORBIDDEN) from None
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise device_is_busy(device) from None
        if error.errno in (errno.ENODEV, errno.ENXIO):
            raise CameraError(f"{device} is there but no camera is behind it: unplug it and plug it in again", Fault.MISSING) from None
        raise CameraError(f"{device} cannot be opened: {os.strerror(error.errno or 0)}", Fault.LOST) from None


def device_is_busy(device: Device) -> CameraError:
    """What to say of a device that somebody else reads."""
    return CameraError(f"{device} is in use by another program: a USB camera serves one at a time", Fault.BUSY)


def why_device_failed(device: Device) -> CameraError:
    """Ask a device that is there, and may be opened, why OpenCV gets no picture from it."""
    answer = bytearray(_CAPABILITY.size)
    try:
        descriptor = os.open(device.path, os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(descriptor, _QUERY_CAPABILITY, answer)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            return CameraError(f"{device} is no camera", Fault.NOT_VIDEO)
        return CameraError(f"{device} went away while it was opened: {os.strerror(error.errno or 0)}", Fault.LOST)
    driver, _, _, _, everything, this_node, _ = _CAPABILITY.unpack(answer)
    can = this_node if everything & _HAS_NODE_CAPABILITIES else everything
    if driver.strip(b"\0").startswith(_RAW_SENSORS):
        return CameraError(f"{device} is a Raspberry Pi's CSI camera: let `rpicam-vid` serve it as RTSP", Fault.NOT_VIDEO)
    if not can & _CAN_CAPTURE:
        return CameraError(f"{device} gives no picture, another number of the same camera does: `ls /dev/v4l/by-id`", Fault.NOT_VIDEO)
    return device_is_busy(device)
