"""The house rules that a compiler cannot hold: floors, rooms, who may read time, start threads, or touch a library."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "monitor"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    ("values", "outgoing", "clock", "errors"),
    ("config",),
    ("gate", "decide", "backoff"),
    ("camera", "classify", "record", "publish", "observe", "web", "runtime"),
    ("rulebook", "dispatch", "bridge"),
    ("portraits", "reload"),
    ("pipeline",),
    ("inbox", "clipping", "replay", "errands", "uploads"),
    ("recording",),
    ("workers",),
    ("commanding", "supervision", "duty", "onlooker"),
    ("messaging",),
    ("lanes",),
    ("app", "ladder"),
    ("vitals",),
    ("reporting", "window"),
    ("page",),
    ("service",),
    ("bench", "doctor"),
    ("verbs",),
    ("cli",),
    ("__main__",),
]
FLOOR = {unit: number for number, units in enumerate(FLOORS) for unit in units}
PURE = ("values", "outgoing", "errors", "backoff", "gate", "decide")
IMPURE_LIBRARIES = {
    "threading",
    "queue",
    "time",
    "socket",
    "sqlite3",
    "logging",
    "os",
    "io",
    "pathlib",
    "subprocess",
    "paho",
    "cv2",
    "datetime",
}
COMPUTES = {"gate": {"cv2"}}
"""What only computes: OpenCV on pictures that it is given."""
READS_OR_WRITES = ("cv2.VideoCapture", "cv2.VideoWriter", "cv2.imread", "cv2.imwrite")
LAZY_LIBRARIES = {"torch", "torchvision", "onnxruntime", "onnx", "openvino", "amqtt", "efficientnet_lite_pytorch"}
TOP_LEVEL = {
    *("monitor", "config.yaml", "weights", "systemd", "logs", "tests", "Makefile", "README.md"),
    *("pyproject.toml", "constraints.txt", "CHANGELOG.md", "Dockerfile", "compose.yaml", ".dockerignore", ".gitignore", ".ci"),
    *(".pre-commit-config.yaml",),
}


def unit_of(path: Path) -> str:
    """The room or spine module that a file belongs to; "" for the package itself."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported dotted name under `tree`, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def top_of(path: Path) -> ast.Module:
    """The module without the bodies of its functions and what only the type checker imports: what happens at import."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ):
            node.body = [ast.Pass()]
    return tree


def calls(path: Path, *names: str) -> list[str]:
    """Lines of `path` that call one of the dotted `names`."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [f"{path.relative_to(ROOT)}:{node.lineno}" for node in found if ast.unparse(node.func) in names]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down_and_rooms_on_one_floor_are_blind_to_each_other(path: Path) -> None:
    unit = unit_of(path)
    if not unit:
        return
    for name, line in imports(ast.parse(path.read_text())):
        target = name.split(".")[1] if name.startswith("monitor.") else unit
        if target == unit or target == "__version__":
            continue
        assert target in FLOOR, f"line {line}: {target} has no floor in this test"
        words = FLOOR[unit] == FLOOR[target] == 0
        assert FLOOR[target] < FLOOR[unit] or words, f"line {line}: {unit} (floor {FLOOR[unit]}) imports {target} (floor {FLOOR[target]})"


def test_every_file_of_the_package_has_a_floor() -> None:
    assert {unit_of(path) for path in MODULES} - {""} <= set(FLOOR)


def test_judgement_is_pure() -> None:
    for path in MODULES:
        if unit_of(path) in PURE:
            used = {name.split(".")[0] for name, _ in imports(ast.parse(path.read_text()))}
            assert not used & IMPURE_LIBRARIES - COMPUTES.get(unit_of(path), set()), path
            assert not calls(path, *READS_OR_WRITES), path


def test_only_the_clock_reads_time() -> None:
    for path in MODULES:
        if unit_of(path) == "clock":
            continue
        names = {name for name, _ in imports(ast.parse(path.read_text()))}
        assert not names & {"time", "time.time", "time.monotonic", "time.sleep"}, path
        assert not calls(path, "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"), path


def test_threads_are_made_in_one_place() -> None:
    makers = [
        line for path in MODULES for line in calls(path, "Thread", "threading.Thread", "Timer", "threading.Timer", "ThreadPoolExecutor")
    ]
    assert {line.split(":")[0] for line in makers} == {"monitor/runtime/threads.py"}


@pytest.mark.parametrize(("library", "home"), [("sqlite3", "record"), ("paho", "publish/link.py")])
def test_a_library_has_one_home(library: str, home: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for name, _ in imports(ast.parse(path.read_text()))
        if name.split(".")[0] == library
    }
    assert users
    assert all(user.startswith(home) for user in users), users


def test_heavy_libraries_are_imported_by_their_loader_only() -> None:
    for path in MODULES:
        at_import = {name.split(".")[0] for name, _ in imports(top_of(path))}
        assert not at_import & LAZY_LIBRARIES, path


def test_importing_the_package_does_nothing_and_needs_neither_torch_nor_opencv() -> None:
    code = "import sys, threading, monitor; assert threading.active_count() == 1; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not {"torch", "torchvision", "cv2", "numpy", "onnxruntime", "paho", "yaml", "pydantic"} & set(loaded)


def test_files_stay_small() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES if path.name != "__init__.py"}
    table = "\n".join(f"{size:4} {name}" for name, size in sorted(sizes.items(), key=lambda item: -item[1]))
    assert max(sizes.values()) <= 500, table
    assert statistics.median(sizes.values()) <= 120, table
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 300, table


def test_the_top_level_is_the_agreed_one() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split("\n")
    names = {name.split("/")[0] for name in listed if name}
    if not names:
        pytest.skip("not a git checkout: what belongs to the project cannot be told from what lies around")
    assert names <= TOP_LEVEL
