from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Make = Callable[..., subprocess.CompletedProcess[str]]

TARGETS = ("setup", "run", "test", "faults", "soak", "check", "weights", "install-service", "uninstall-service", "clean")


def fake_python(folder: Path, pretence: str) -> Path:
    """A Python that runs what it is given after `pretence`."""
    fake = folder / "python"
    fake.write_text(f"""#!/bin/sh\nexec {sys.executable} -c 'import sys, platform\n{pretence}\nexec(sys.argv[2])' "$@"\n""")
    fake.chmod(0o755)
    return fake


def test_bare_make_prints_every_target_with_its_help(make: Make) -> None:
    done = make()
    assert done.returncode == 0
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()[1:]]
    assert tuple(target for target, _ in lines) == TARGETS
    assert all(help_text for _, help_text in lines)


@pytest.mark.parametrize(
    ("pretence", "said"),
    [
        ("sys.maxsize = 2**31 - 1", "64-bit"),
        ('platform.machine = lambda: "armv7l"', "64-bit"),
        ("sys.version_info = (3, 9, 2)", "Python 3.11 or newer and this is 3.9"),
        ('sys.modules["ensurepip"] = None', "apt install python3-venv"),
    ],
)
def test_setup_stops_with_one_sentence_where_it_cannot_work(make: Make, tmp_path: Path, pretence: str, said: str) -> None:
    done = make("setup", f"PYTHON={fake_python(tmp_path, pretence)}")
    assert done.returncode != 0
    sentence, *rest = done.stderr.splitlines()
    assert said in sentence
    assert all(line.startswith("make: ***") for line in rest), done.stderr
    assert done.stdout == ""


def test_setup_stops_with_one_sentence_without_python(make: Make) -> None:
    done = make("setup", "PYTHON=python-that-is-not-there")
    assert done.returncode != 0
    assert done.stderr.startswith("There is no python-that-is-not-there here;")


def test_a_second_setup_installs_and_fetches_nothing(make: Make) -> None:
    done = make("setup")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Ready. Start with: make run\n", "")


CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
PLAIN, CPU = "Available versions: 2.14.0, 2.13.0, 2.12.0+cpu", "Available versions: 2.14.0, 2.13.0+cpu, 2.13.0"


@pytest.mark.parametrize(
    ("offered", "with_index", "machine", "index_used", "warned"),
    [
        (PLAIN, CPU, "x86_64", True, False),
        (CPU, CPU, "x86_64", False, False),
        (PLAIN, PLAIN, "x86_64", False, True),
        (PLAIN, PLAIN, "aarch64", False, False),
    ],
    ids=["the CPU index can be reached", "a local CPU build", "neither, on a PC", "neither, on a Pi"],
)
def test_setup_takes_a_cpu_build_where_there_is_one(
    make: Make, checkout: Path, tmp_path: Path, offered: str, with_index: str, machine: str, index_used: bool, warned: bool
) -> None:
    (checkout / ".venv/.installed").unlink()
    (checkout / "constraints.txt").write_text("torch==2.13.0\n")
    uname, python = tmp_path / "uname", checkout / ".venv/bin/python"
    uname.write_text(f"#!/bin/sh\necho {machine}\n")
    python.unlink()
    python.write_text(f"""#!/bin/sh
case "$*" in
    *"index versions torch"*whl/cpu) echo "{with_index}" ;;
    *"index versions torch"*) echo "{offered}" ;;
    *install*) echo "pip $*" ;;
esac
""")
    uname.chmod(0o755)
    python.chmod(0o755)
    done = make("setup", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    torch = next(line for line in done.stdout.splitlines() if line.startswith("pip") and line.endswith(" torch torchvision"))
    assert "-c constraints.txt" in torch
    assert (CPU_INDEX in torch) == index_used
    assert ("several gigabytes" in done.stdout) == warned


def test_setup_fetches_the_weights(make: Make, checkout: Path) -> None:
    (checkout / ".venv/.weights").unlink()
    assert "stub weights fetch" in make("setup").stdout
    assert (checkout / ".venv/.weights").exists()


def test_weights_that_cannot_be_fetched_are_a_warning_and_tried_again(make: Make, checkout: Path) -> None:
    (checkout / ".venv/.weights").unlink()
    (checkout / ".venv/bin/monitor").write_text("#!/bin/sh\nexit 1\n")
    done = make("setup")
    assert done.returncode == 0
    assert "make weights" in done.stderr
    assert not (checkout / ".venv/.weights").exists()
    assert make("weights").returncode != 0


def test_clean_keeps_what_cannot_be_made_again(make: Make, checkout: Path) -> None:
    assert make("clean").returncode == 0
    assert not (checkout / ".venv").exists()
    assert (checkout / "weights/resnet18.onnx").exists()


def test_ctrl_c_ends_run_without_an_error(checkout: Path, clean: dict[str, str]) -> None:
    """On a terminal of its own, as a person has it: the interrupt reaches make and the daemon alike."""
    on_a_terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
    command = [*on_a_terminal, "make", "run"]
    with subprocess.Popen(command, cwd=checkout, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        begun = terminal.stdout.readline()
        terminal.stdin.write(b"\x03")
        terminal.stdin.flush()
        seen = terminal.stdout.read()
    assert begun == b"stub run\r\n"
    assert b"ended" in seen
    assert b"***" not in seen
