"""ONNX Runtime's own form of a model file: optimised for this CPU, its weights in a file that is mapped instead of read.

Loading the plain file costs ResNet-18 200 MB for a moment and 110 MB for good, loading this form 110 MB, 43 of them pages of the file that
the system may take back, and a fifth of the time [measured]. It holds for one version of ONNX Runtime on one kind of CPU and is made anew
for any other; where it cannot be written, the plain file does.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from monitor.classify.atomic import place
from monitor.classify.checksum import sha256_of
from monitor.classify.cpu import cpu_id
from monitor.classify.ort import onnxruntime, open_session
from monitor.classify.sidecar import problem_of, read_sidecar, write_sidecar
from monitor.errors import WeightsError

log = logging.getLogger(__name__)

_SMALLEST = "1024"
"""Bytes from which on a tensor goes to the file of weights."""

_SCRATCH = ".prepare-"
"""How the names of the folders begin in which a prepared form comes to be."""


def prepared(model: Path) -> Path | None:
    """Return the prepared form of `model`, or None if there is no sound one for this CPU and this ONNX Runtime. Reads all of it."""
    path = _path(model)
    if problem_of(path, _made_from(model)):
        return None
    return path if read_sidecar(path).get("weights_sha256", "") == _sha256_if_there(path.with_suffix(".bin")) else None


def prepare(model: Path) -> None:
    """Make the prepared form of `model` and remove those that no longer fit. Where it cannot be made, the log says why."""
    path = _path(model)
    try:
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=model.parent) as folder:
            made = Path(folder) / path.name
            weights = made.with_suffix(".bin")  # the model names it, so it must have its final name
            entries = {
                "session.optimized_model_external_initializers_file_name": weights.name,
                "session.optimized_model_external_initializers_min_size_in_bytes": _SMALLEST,
            }
            open_session(model, threads=1, entries=entries, save_as=made)
            facts = {**_made_from(model), "weights_sha256": _sha256_if_there(weights)}
            for old in model.parent.glob(f"{model.stem}.ort-*"):
                old.unlink()
            if weights.exists():  # a model may be too small to need it
                place(weights, path.with_suffix(".bin"))
            write_sidecar(path, made, facts)
            place(made, path)
    except (OSError, WeightsError) as error:  # the latter from ONNX Runtime where the disk is full
        why = error.strerror if isinstance(error, OSError) else error
        log.info("the prepared form of %s cannot be written (%s): the model takes more memory", model.name, why)


def remove_leftovers(weights: Path) -> None:
    """Remove what a process that was ended in the midst of `prepare` has left in the weights folder."""
    for folder in weights.glob(f"{_SCRATCH}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _path(model: Path) -> Path:
    return model.with_name(f"{model.stem}.ort-{cpu_id()}.onnx")


def _sha256_if_there(file: Path) -> str | None:
    return sha256_of(file) if file.is_file() else None


def _made_from(model: Path) -> dict[str, object]:
    return {"model": read_sidecar(model).get("sha256"), "onnxruntime": onnxruntime().__version__}
