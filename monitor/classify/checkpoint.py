"""Reading a PyTorch checkpoint that somebody made: tensors only, never code.

`torch.load(weights_only=True)` refuses everything but plain tensors and containers; what is refused here is refused in words.
"""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import WeightsError, WeightsRefusedError

if TYPE_CHECKING:
    import torch

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIX = "module."  # torch.nn.DataParallel puts it before every name
_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
    *(struct.error, zipfile.BadZipFile),
)  # what torch.load raises at damaged bytes, found by damaging some thousand files at random
_SAVE = "save it with torch.save(model.state_dict(), FILE)"


def read_state(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a checkpoint by name, unwrapped and without the prefix of DataParallel.

    WeightsRefusedError says what is wrong with "it"; whoever catches it knows what to call the file. WeightsError without torch.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise WeightsError("a checkpoint can be read only where torch is installed: pip install torch torchvision") from error
    try:
        _refuse_what_is_no_checkpoint(file)
        with warnings.catch_warnings():  # a plain pickle gets its answer below, not an invitation to file an issue with PyTorch
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refusal(str(error)) from error
    except _DAMAGE as error:
        raise WeightsRefusedError("it is truncated or damaged; copy or download it again") from error
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
            break
    if not isinstance(content, dict) or not content or not all(_is_weight(name, value) for name, value in content.items()):
        raise WeightsRefusedError(f"it holds no state dict (names and floating-point tensors); {_SAVE}")
    if all(name.startswith(_PREFIX) for name in content):
        return {name.removeprefix(_PREFIX): value for name, value in content.items()}
    return content


def _is_weight(name: object, value: object) -> bool:
    import torch

    return isinstance(name, str) and isinstance(value, torch.Tensor) and (value.is_floating_point() or name.endswith("num_batches_tracked"))


def _refuse_what_is_no_checkpoint(file: Path) -> None:
    with file.open("rb") as stream:
        head = stream.read(512)
    if not head:
        raise WeightsRefusedError("it is empty; copy or download it again")
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] == b"<":
        raise WeightsRefusedError("it is a web page, not a model: a site or a proxy answered the download; download it again")
    if head.startswith(b"PK") and not zipfile.is_zipfile(file):
        raise WeightsRefusedError("it is truncated: the end of the archive is missing; copy or download it again")


def _refusal(message: str) -> WeightsRefusedError:
    """Say why the unpickler stopped: at something that is not a tensor, or at bytes that mean nothing."""
    found = re.search(r"GLOBAL (\S+)", message)
    if found:
        what = f"it holds Python objects ({found[1]!a}), not only tensors; it was not opened, because that can run any code: {_SAVE}"
        return WeightsRefusedError(what)
    return WeightsRefusedError(f"it is not a PyTorch checkpoint; {_SAVE}")
