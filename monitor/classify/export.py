"""Exporting a checkpoint to ONNX, once, so that the daemon needs no torch.

torch writes the graph, ONNX Runtime's basic optimisations fold what is constant in it (batch norms, and what torch leaves of paddings), and
the result is put in place only after ONNX Runtime gave the reference model's answer with it.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.classify.architectures import load_checkpoint
from monitor.classify.atomic import replacing
from monitor.classify.card import Card, export_path
from monitor.classify.golden import GOLDEN_VALUES, agrees, golden_input
from monitor.classify.ort import open_session
from monitor.classify.sidecar import problem_of, write_sidecar
from monitor.classify.verify import verify_file
from monitor.errors import WeightsError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

EXPORTER = 2
"""Version of what this module writes; a change makes every export stale."""

OPSET = 17
"""Understood by every ONNX Runtime since 1.12 and every OpenVINO since 2022."""


def export(card: Card, weights: Path) -> Path:
    """Return the card's ONNX file, made from its checkpoint unless a sound one is there; WeightsError if it cannot be made.

    Input `image`: N x 3 x crop x crop float32. Outputs `logits`: N x classes; `features`: N x the pooled width.
    """
    problem = export_problem(card, weights)
    if problem is not None:
        announce(card, weights, problem)
        verify_file(card, weights)
        write_export(card, load_checkpoint(card, weights), weights)
        log.info("exported %s to %s", card.name, export_path(card, weights).name)
    return export_path(card, weights)


def announce(card: Card, weights: Path, problem: str) -> None:
    """Say that the card is about to be exported, and why if it is not the first time."""
    if export_path(card, weights).exists():
        log.warning("exporting %s again: %s", card.name, problem)
    else:
        log.info("exporting %s to ONNX, once; on a small box this takes a minute", card.name)


def export_problem(card: Card, weights: Path) -> str | None:
    """Say why the card's export cannot be used, or None if it is sound. Reads the whole file, and needs neither torch nor onnx."""
    return problem_of(export_path(card, weights), {"exporter": EXPORTER, "checkpoint": card.sha256})


def write_export(card: Card, model: torch.nn.Module, weights: Path) -> None:
    """Write the export of `model`, as `load_checkpoint` gives it, and remove the card's older ones. WeightsError if it is not sound."""
    path = export_path(card, weights)
    reference = reference_logits(card, model)
    facts = {
        "card": card.name,
        "checkpoint": card.sha256,
        "exporter": EXPORTER,
        "golden_logits": [float(value) for value in reference[0, :GOLDEN_VALUES]],
    }
    try:
        with replacing(path) as scratch:
            _write_torch_onnx(card, model, scratch)
            open_session(scratch.read_bytes(), threads=1, save_as=scratch, level="BASIC")
            _write_metadata(facts, scratch)
            logits = open_session(scratch, threads=1).run(["logits"], {"image": golden_input(card)})[0]
            if not agrees(logits, reference):
                raise WeightsError(f"the export of {card.name} does not give what the reference model gives; it was not kept")
            write_sidecar(path, scratch, facts)
        remove_older_exports(card, weights)
    except OSError as error:
        raise WeightsError(f"the export of {card.name} cannot be written to {weights}: {error.strerror}") from error


def remove_older_exports(card: Card, weights: Path) -> None:
    """Remove the exports that were made from earlier checkpoints of the card, and all that was made from those."""
    made = re.compile(re.escape(card.name) + r"-[0-9a-f]{8}\..*(onnx|bin|json)")
    for file in weights.iterdir():
        if made.fullmatch(file.name) and not file.name.startswith(f"{export_path(card, weights).stem}."):
            file.unlink()


def reference_logits(card: Card, model: torch.nn.Module) -> NDArray[np.float32]:
    """Return the reference model's answer to the golden input: 1 x classes. WeightsError if it is NaN or infinite."""
    import torch

    with torch.inference_mode():
        logits: NDArray[np.float32] = model(torch.from_numpy(golden_input(card)))[0].numpy()
    if not np.isfinite(logits).all():
        raise WeightsError(f"the model {card.name} gives NaN or infinite scores: its weights are damaged or its training failed")
    return logits


def _write_torch_onnx(card: Card, model: torch.nn.Module, path: Path) -> None:
    """Write what torch's exporter makes of the model."""
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
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "n"} for name in names},
        )


def _write_metadata(facts: dict[str, object], path: Path) -> None:
    """Put into the file itself what it is and what it must answer, as JSON values, and leave out the operator sets that it does not use."""
    import onnx

    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {key: json.dumps(value) for key, value in facts.items()})
    used = [entry for entry in graph.opset_import if entry.domain == ""]
    del graph.opset_import[:]
    graph.opset_import.extend(used)
    onnx.save(graph, path)
