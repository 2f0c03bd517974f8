"""Scenes as a surveillance camera sends them, encoded once: a real view that stands still under sensor noise, and a cat that visits it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from monitor.camera.source import DEMO

VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
"""Real footage of a square (Debian: opencv-doc). Its first picture is the view."""

KEY_SECONDS = 2
"""Between two key frames, as most cameras have it."""

_NOISE = "noise=alls=7:allf=t+u"
"""New for each frame; about what a small sensor shows in the evening."""

_CAT = "select='between(t,10,10.05)',crop=782:520:89:10"
"""The photograph of the cat in the demo clip while it stands in the middle."""

_GLIDE = 0.5
"""Seconds that the cat takes to come in from the right and to go again."""


def quiet(target: Path, width: int, height: int, fps: int, seconds: int, kbits: int) -> Path:
    """A view in which nothing happens."""
    return _encode(target, f"[0]{_view(width, height, fps)},{_NOISE}", fps, seconds, kbits)


def visit(target: Path, width: int, height: int, fps: int, seconds: int, kbits: int, *, comes: float, goes: float) -> Path:
    """The same, and a cat half as high as the picture that is in the middle of it from second `comes` to `goes`."""
    speed = f"(W+w)/2/{_GLIDE}"
    x = f"(W-w)/2+max(0,{comes}+{_GLIDE}-t)*{speed}+max(0,t-{goes})*{speed}"
    cat = f"[1]{_CAT},scale=-2:{height // 2},{_still(fps)}[cat]"
    scene = f"[0]{_view(width, height, fps)}[view];{cat};[view][cat]overlay=x='{x}':y=(H-h)/2,{_NOISE}"
    return _encode(target, scene, fps, seconds, kbits)


def repeat(clip: Path, target: Path, seconds: float, *, skip: float = 0.0) -> Path:
    """The clip again and again, begun `skip` seconds later: a multiple of KEY_SECONDS."""
    source = ["-stream_loop", "-1", "-i", str(clip)]
    _ffmpeg(*source, "-t", str(seconds + skip), "-c", "copy", str(target.with_suffix(".whole.mp4")))
    _ffmpeg("-ss", str(skip), "-i", str(target.with_suffix(".whole.mp4")), "-c", "copy", str(target))
    target.with_suffix(".whole.mp4").unlink()
    return target


def _view(width: int, height: int, fps: int) -> str:
    return f"select='eq(n,0)',crop=iw:iw*9/16:0:ih-oh,scale={width}:{height}:flags=lanczos,{_still(fps)}"


def _still(fps: int) -> str:
    """One picture for ever."""
    return f"loop=-1:1,setpts=N/{fps}/TB,fps={fps}"


def _encode(target: Path, scene: str, fps: int, seconds: int, kbits: int) -> Path:
    """Encode as cameras do: constant rate, no B frames, one slice a picture, one reference."""
    rate = ["-b:v", f"{kbits}k", "-maxrate", f"{kbits}k", "-bufsize", f"{2 * kbits}k"]
    form = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p", "-bf", "0", "-refs", "1"]
    keys = ["-g", str(KEY_SECONDS * fps), "-keyint_min", str(KEY_SECONDS * fps), "-sc_threshold", "0", "-x264-params", "slices=1"]
    inputs = ["-i", str(VTEST), "-i", str(DEMO)]
    _ffmpeg(*inputs, "-filter_complex", f"{scene}[out]", "-map", "[out]", "-t", str(seconds), *form, *rate, *keys, str(target))
    return target


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL, timeout=600)
