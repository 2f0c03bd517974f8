"""The measurements as a table for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.bench.child import Result

HEAD = ("", "precision", "threads", "first score", "peak", "inference", "(bare)", "look", "of plain", "each of 2", "each of 4")
WIDTHS = (27, 10, 8, 12, 8, 11, 8, 10, 9, 10, 10)
PLAIN = "PIL + torchvision + torch"


def lines(result: Result) -> Iterator[str]:
    """Yield the table, line by line."""
    machine = result["machine"]
    yield (
        f"{result['model']} on {machine['cpu']} ({machine['architecture']}, {machine['cores']} cores), Python {machine['python']}, "
        f"{machine['date']}; medians"
    )
    yield "first score: from the start of the process; peak: its memory; bare: the library without us; look: from a 1920x1080 frame to its"
    yield "labels, of plain: in times of the plain pipeline's with as many threads; each of N: a picture in a batch of N"
    yield ""
    yield _row(HEAD)
    for reference in result["reference"]:
        yield _engine(PLAIN, {"precision": "fp32", "of_reference": 1.0, **reference})
    for row in result["engines"]:
        yield _engine(f"{row['engine']} {row.get('version', '')}".strip(), row)
    yield ""
    yield from _rest(result)


def _engine(name: str, row: Result) -> str:
    if "error" in row:
        return f"{name:<{WIDTHS[0]}}{row['precision']:>{WIDTHS[1]}}{row['threads']:>{WIDTHS[2]}}  {row['error']}"
    bare = f"({row['bare_ms']:.1f})" if row.get("bare_ms") else ""
    ratio = f"{row['of_reference']:.2f}" if row.get("of_reference") else ""
    times = (f"{row['inference_ms']:.1f} ms", bare, f"{row['look_ms']:.1f} ms", ratio)
    batches = [f"{row['batch_ms'][size] / size:.1f} ms" if "batch_ms" in row else "" for size in (2, 4)]
    start = (f"{row['first_score_s']:.2f} s", f"{row['peak_mb']:.0f} MB")
    return _row((name, row["precision"], str(row["threads"]), *start, *times, *batches))


def _rest(result: Result) -> Iterator[str]:
    parts = result["parts"]
    if "error" in parts:
        yield f"preprocessing and decoding: {parts['error']}"
    else:
        yield f"preprocessing a 1920x1080 frame, one thread: {parts['preprocess_ms']:.2f} ms"
        times = f"{parts['decode_ms']:.2f} ms a frame, {parts['convert_ms']:.2f} ms more for one that is looked at"
        yield f"decoding {parts['decoded']}, one thread: {times}"
    for each in result["daemon"]:
        what = each["error"] if "error" in each else f"{each['peak_mb']:.0f} MB at its peak"
        yield f"the daemon with one camera, {each['engine']} {each['precision']}: {what}"
    for precision, rate in result["looks_per_second"].items():
        yield f"to expect, {precision}: up to {rate:.0f} looks a second over all cameras, in the fastest engine"
    for precision, choice in result["auto"].items():
        yield f"engine: auto takes {choice['engine']} for {precision} ({choice['why']})"


def _row(cells: Sequence[str]) -> str:
    return (f"{cells[0]:<{WIDTHS[0]}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells[1:], WIDTHS[1:], strict=True))).rstrip()
