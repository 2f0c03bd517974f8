"""A model that knows three colours, a configuration for it, and pictures to show it.

`ColourEngine` runs in Python, for what is stepped by hand; `write_colour_model` writes the same as a file that ONNX Runtime runs, for
what loads its model itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.classify.card import Card, Preprocessing, card_text, export_path, weights_path
from monitor.classify.checksum import sha256_of
from monitor.classify.classifier import Classifier
from monitor.classify.export import EXPORTER
from monitor.clock import ManualClock
from monitor.config.load import Loaded, load
from monitor.pipeline import Pipeline
from monitor.rulebook import Rulebook
from monitor.values import Alert, EventType, Frame, Image, Moment, OpenEpisode, Place, Severity, Sighting

LABELS = ("red", "green", "blue")
GAIN = 3.0
"""How sure the model is: a picture of one colour scores 0.99 or more, a grey one a third for each."""

PREPROCESSING = Preprocessing(resize=32, crop=32, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
CARD = Card("colours", "resnet18", "colours.pth", "0" * 64, 1, PREPROCESSING, LABELS, "none")

RED, GREEN, BLUE, GREY = (0, 0, 255), (0, 255, 0), (255, 0, 0), (128, 128, 128)  # BGR
Colour = tuple[int, int, int]

ONE_CAMERA = """
cameras: {porch: {source: demo}}
rules: [{label: red}]
"""
PORCH_RED = Place("porch", "frame", "red")


class ColourEngine:
    """Gives the mean of each channel as its logit; NaN while it is `broken`. calls: how many pictures each call had."""

    name = "colour"
    version = "1"

    def __init__(self) -> None:
        self.broken = False
        self.calls: list[int] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(len(batch))
        logits: NDArray[np.float32] = batch.mean(axis=(2, 3)) * np.float32(GAIN)
        return logits * np.float32("nan") if self.broken else logits


def load_text(folder: Path, text: str = ONE_CAMERA) -> Loaded:
    """Load a configuration through the real loader, from `folder`/config.yaml."""
    file = folder / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(text)
    return load(file, environ={}, hostname="box")


def pipeline_of(
    loaded: Loaded,
    clock: ManualClock,
    camera: str = "porch",
    engine: ColourEngine | None = None,
    kept: Sequence[OpenEpisode] = (),
) -> Pipeline:
    """The pipeline of one camera, as the daemon makes it."""
    return Pipeline(camera, loaded.config, Classifier(CARD, engine or ColourEngine()), Rulebook(loaded, CARD), clock.now(), kept)


def painted(colour: Colour = RED, width: int = 64, height: int = 64) -> Image:
    return np.full((height, width, 3), colour, np.uint8)


def frame(at: Moment, colour: Colour = RED, *, camera: str = "porch", seq: int = 0) -> Frame:
    return Frame(camera, seq, at, painted(colour))


def an_alert(seq: int = 0, kind: EventType = EventType.START) -> Alert:
    return Alert(kind, "e1", seq, PORCH_RED, "red", 0.9, Severity.ALERT, started_at=1.7e9, time=1.7e9 + seq, duration=float(seq))


def a_sighting(label: str = "red", first: float = 1.7e9) -> Sighting:
    return Sighting("porch", "frame", label, LABELS.index(label), first, first + 2, 0.9, 5, None, CARD.name)


def write_video(path: Path, colours: Sequence[Colour], fps: float = 10.0) -> Path:
    """A clip of MJPEG in AVI, a frame of plain colour each."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 64))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPEG")
    for colour in colours:
        writer.write(painted(colour))
    writer.release()
    return path


def write_colour_model(weights: Path) -> Card:
    """Put the colour model into a weights folder: the card, a checkpoint that is never opened, and its export, all with right hashes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights.mkdir(parents=True, exist_ok=True)
    checkpoint = weights_path(CARD, weights)
    checkpoint.write_bytes(b"nothing that anybody may load")
    card = replace(CARD, sha256=sha256_of(checkpoint), size=checkpoint.stat().st_size)
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Mul", ["features", "gain"], ["logits"]),
    ]
    side = PREPROCESSING.crop
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("logits", "features")],
        [numpy_helper.from_array(np.array(GAIN, np.float32), "gain")],
    )
    export = export_path(card, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), export)
    record = {"sha256": sha256_of(export), "checkpoint": card.sha256, "exporter": EXPORTER}
    export.with_name(f"{export.name}.json").write_text(json.dumps(record))
    (weights / "colours.yaml").write_text(card_text(card))
    return card
