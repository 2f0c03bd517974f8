"""Exporting a checkpoint to ONNX, once, so that the daemon needs no torch.

Beside NAME-HASH.onnx lies NAME-HASH.onnx.json with its SHA-256, the checkpoint's and the exporter's version: by it a damaged or stale
export is known with a hash alone. An export is put in place only after ONNX Runtime gave the reference model's answer with it.
"""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint
from monitor.classify.atomic import replacing
from monitor.classify.card import Card, export_path
from monitor.classify.checksum import sha256_of
from monitor.classify.golden import GOLDEN_VALUES, agrees, golden_input
from monitor.classify.ort import onnxruntime
from monitor.classify.verify import verify_file
from monitor.errors import WeightsError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

EXPORTER = 1
"""Version of what this module writes; a change makes every export stale."""

OPSET = 17
"""Understood by every ONNX Runtime since 1.12 and every OpenVINO since 2022."""


def export(card: Card, weights: Path) -> Path:
    """Return the card's ONNX file, made from its checkpoint unless a sound one is there; WeightsError if it cannot be made.

    Input `image`: N x 3 x crop x crop float32. Outputs `logits`: N x classes; `features`: N x the pooled width.
    """
    problem = export_problem(card, weights)
    if problem is not None:
        if export_path(card, weights).exists():
            log.warning("exporting %s again: %s", card.name, problem)
        else:
            log.info("exporting %s to ONNX, once; on a small box this takes a minute", card.name)
        verify_file(card, weights)
        write_export(card, load_checkpoint(card, weights), weights)
    return export_path(card, weights)


def export_problem(card: Card, weights: Path) -> str | None:
    """Say why the card's export cannot be used, or None if it is sound. Reads the whole file, and needs neither torch nor onnx."""
    path = export_path(card, weights)
    if not path.is_file():
        return f"{path} is missing"
    try:
        record = json.loads(_record_path(path).read_text("utf-8"))
    except (OSError, ValueError):
        return f"{_record_path(path)} is missing or damaged"
    if not isinstance(record, dict) or (record.get("exporter"), record.get("checkpoint")) != (EXPORTER, card.sha256):
        return f"{path} was made by another version of the exporter or from another checkpoint"
    if record.get("sha256") != sha256_of(path):
        return f"{path} is damaged: its SHA-256 is not the one it was written with"
    return None


def write_export(card: Card, model: torch.nn.Module, weights: Path) -> None:
    """Write the export of `model`, as `load_checkpoint` gives it, and remove the card's older ones. WeightsError if it is not sound."""
    path = export_path(card, weights)
    reference = reference_logits(card, model)
    try:
        with replacing(path) as scratch:
            _write_onnx(card, model, scratch)
            _write_metadata(card, reference, scratch)
            if not agrees(_onnxruntime_logits(card, scratch), reference):
                raise WeightsError(f"the export of {card.name} does not give what the reference model gives; it was not kept")
            with replacing(_record_path(path)) as record:
                facts = {"sha256": sha256_of(scratch), "checkpoint": card.sha256, "exporter": EXPORTER}
                record.write_text(json.dumps(facts) + "\n", "utf-8")
        remove_older_exports(card, weights)
    except OSError as error:
        raise WeightsError(f"the export of {card.name} cannot be written to {weights}: {error.strerror}") from error
    log.info("exported %s to %s", card.name, path.name)


def remove_older_exports(card: Card, weights: Path) -> None:
    """Remove the exports that were made from earlier checkpoints of the card."""
    for old in set(weights.glob(f"{card.name}-????????.onnx")) - {export_path(card, weights)}:
        old.unlink()
        _record_path(old).unlink(missing_ok=True)


def reference_logits(card: Card, model: torch.nn.Module) -> NDArray[np.float32]:
    """Return the reference model's answer to the golden input: 1 x classes. WeightsError if it is NaN or infinite."""
    import torch

    with torch.inference_mode():
        logits: NDArray[np.float32] = model(torch.from_numpy(golden_input(card)))[0].numpy()
    if not np.isfinite(logits).all():
        raise WeightsError(f"the model {card.name} gives NaN or infinite scores: its weights are damaged or its training failed")
    return logits


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _write_onnx(card: Card, model: torch.nn.Module, path: Path) -> None:
    import torch

    names = ["image", "logits", "features"]
    with warnings.catch_warnings():
        # The TorchScript exporter is kept because it is exact here (5e-6) and quick; it announces that torch.export is the default now,
        # and that it cannot fold the slices of EfficientNet's padding, which ONNX Runtime does.
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript-based ONNX export", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        warnings.filterwarnings("ignore", "Constant folding - Only steps=1", UserWarning)
        torch.onnx.export(
            model,
            (torch.from_numpy(golden_input(card)),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "n"} for name in names},
        )


def _write_metadata(card: Card, reference: NDArray[np.float32], path: Path) -> None:
    """Put into the file what an engine needs to check it: all values are strings, the golden logits JSON."""
    import onnx

    graph = onnx.load(path)
    facts = {
        "card": card.name,
        "checkpoint_sha256": card.sha256,
        "exporter": str(EXPORTER),
        "golden_logits": json.dumps([float(value) for value in reference[0, :GOLDEN_VALUES]]),
    }
    onnx.helper.set_model_props(graph, facts)
    onnx.save(graph, path)


def _onnxruntime_logits(card: Card, path: Path) -> NDArray[np.float32]:
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # one picture: threads would cost more to wait for than they save
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    logits: NDArray[np.float32] = session.run(["logits"], {"image": golden_input(card)})[0]
    return logits
