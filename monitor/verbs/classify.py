"""`classify`: what the model sees in pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import PictureError, UsageError
from monitor.verbs.common import Verbs, add_config_option, json_line, message, models, out

if TYPE_CHECKING:
    from monitor.classify.classifier import Classifier


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("classify", help="what the model sees in pictures")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="JPEG, PNG, WebP, or GIF (its first frame)")
    parser.add_argument("--model", metavar="NAME", help="a model card, in place of the configuration's")
    parser.add_argument("--engine", choices=["auto", "onnxruntime", "openvino", "torch"], help="in place of the configuration's")
    parser.add_argument("--precision", choices=["fp32", "int8"], help="in place of the configuration's")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many labels (5)")
    parser.add_argument("--json", action="store_true", help="a JSON object per image")
    add_config_option(parser)
    parser.set_defaults(verb=classify)


def classify(args: argparse.Namespace) -> int:
    """Classify each image by itself; 69 if one of them could not be, after the others were answered."""
    from monitor.camera.opencv import prepare_opencv
    from monitor.classify.load import load_classifier, override

    if args.top < 1:
        raise UsageError("--top must be at least 1")
    prepare_opencv()
    classifier = load_classifier(override(models(args.config), args.model, args.engine, args.precision))
    bad = [path for path in args.images if not _answer(path, classifier, args)]
    if bad:
        raise PictureError(f"{len(bad)} of {len(args.images)} images could not be read; the reasons are above")
    return 0


def _answer(path: Path, classifier: Classifier, args: argparse.Namespace) -> bool:
    """Print what is in one image, or why that cannot be told; say whether it could."""
    from monitor.classify.classifier import top_k
    from monitor.classify.decode import read_image
    from monitor.classify.preprocess import Square
    from monitor.clock import stopwatch

    try:
        image = read_image(path)
    except PictureError as error:
        if args.json:
            json_line({"file": str(path), "error": str(error)})
        else:
            message(f"monitor: {error}")
        return False
    began = stopwatch()
    predictions = top_k(classifier.classify([Square(image)])[0], classifier.card.labels, args.top)
    elapsed = 1000 * (stopwatch() - began)
    if args.json:
        found: list[dict[str, Any]] = [{"label": p.label, "class_id": p.class_id, "score": round(p.score, 6)} for p in predictions]
        engine = classifier.engine.name
        json_line(
            {"file": str(path), "model": classifier.card.name, "engine": engine, "predictions": found, "elapsed_ms": round(elapsed, 2)}
        )
    else:
        out(f"{path}: " + ", ".join(f"{p.label} {p.score:.2f}" for p in predictions))
    return True
