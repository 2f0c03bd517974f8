from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def install(make: Make, root: Path) -> str:
    done = make("install-service", f"DESTDIR={root}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_service_is_laid_out_below_destdir(make: Make, root: Path) -> None:
    install(make, root)
    assert (root / "etc/systemd/system/monitor.service").is_file()
    assert (root / "opt/monitor/.venv/bin/monitor").is_file()
    assert (root / "etc/monitor/config.yaml").is_file()
    assert (root / "var/lib/monitor/weights/resnet18.onnx").read_bytes() == b"a model"
    assert (root / "var/log/monitor").is_dir()
    assert (root / "usr/local/bin/monitor").readlink() == Path("/opt/monitor/.venv/bin/monitor")


def test_the_units_program_is_what_was_installed(make: Make, root: Path) -> None:
    install(make, root)
    unit = (root / "etc/systemd/system/monitor.service").read_text()
    program, verb, option, config = next(line for line in unit.splitlines() if line.startswith("ExecStart=")).partition("=")[2].split()
    assert os.access(root / program[1:], os.X_OK)
    assert (verb, option) == ("run", "--config")
    assert (root / config[1:]).is_file()


def test_the_installed_program_needs_no_checkout(make: Make, root: Path, checkout: Path, tmp_path: Path) -> None:
    install(make, root)
    checkout.rename(tmp_path / "moved away")
    python = root / "opt/monitor/.venv/bin/python"
    done = subprocess.run([python, "-P", "-m", "monitor", "history"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("stub history\n", "")
    subprocess.run([python, "-P", "-c", "import numpy"], check=True)


def test_nothing_installed_mentions_where_it_was_made(make: Make, root: Path, checkout: Path) -> None:
    install(make, root)
    for path in (root / "opt").rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            text = path.read_bytes()
            assert str(root).encode() not in text, path
            assert str(checkout).encode() not in text, path


def test_the_group_owns_folders_that_others_cannot_enter(make: Make, root: Path) -> None:
    install(make, root)
    for folder in ("var/lib/monitor", "var/lib/monitor/weights", "var/log/monitor"):
        assert mode(root / folder) == 0o2770, folder
    assert mode(root / "var/lib/monitor/weights/resnet18.onnx") == 0o660
    assert mode(root / "etc/monitor/config.yaml") == 0o640


def test_the_program_can_be_read_by_everybody_whatever_the_umask(make: Make, root: Path, checkout: Path) -> None:
    (checkout / "monitor" / "__main__.py").chmod(0o600)
    install(make, root)
    for path in (root / "opt").rglob("*"):
        assert path.is_symlink() or mode(path) & 0o444 == 0o444, path


def test_an_existing_configuration_is_kept_and_the_new_default_laid_beside_it(make: Make, root: Path, checkout: Path) -> None:
    config = root / "etc/monitor/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("mine\n")
    assert "config.yaml.new" in install(make, root)
    assert config.read_text() == "mine\n"
    assert (config.parent / "config.yaml.new").read_text() == (checkout / "systemd/config.yaml").read_text()


def test_an_untouched_configuration_gets_no_twin(make: Make, root: Path) -> None:
    install(make, root)
    assert "config.yaml.new" not in install(make, root)
    assert not (root / "etc/monitor/config.yaml.new").exists()


def test_a_second_installation_replaces_the_program_and_keeps_the_data(make: Make, root: Path, checkout: Path) -> None:
    install(make, root)
    (root / "opt/monitor/.venv/stale").touch()
    (root / "var/lib/monitor/history.db").write_bytes(b"a year")
    (checkout / "monitor" / "__main__.py").write_text("print('newer')\n")
    install(make, root)
    assert not (root / "opt/monitor/.venv/stale").exists()
    assert (root / "var/lib/monitor/history.db").read_bytes() == b"a year"
    done = subprocess.run([root / "opt/monitor/.venv/bin/python", "-P", "-m", "monitor"], capture_output=True, text=True, check=False)
    assert done.stdout == "newer\n"
    assert not (root / "opt/monitor.new").exists()


def test_a_checkout_that_lies_where_the_program_goes_is_left_alone(make: Make, root: Path) -> None:
    theirs = root / "opt/monitor/Makefile"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    for target in ("install-service", "uninstall-service"):
        done = make(target, f"DESTDIR={root}")
        assert done.returncode != 0
        assert "holds a checkout" in done.stderr
        assert theirs.exists()


def test_a_link_that_the_service_left_is_not_written_through(make: Make, root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("not a model")
    os.utime(victim, (0, 0))
    link = root / "var/lib/monitor/weights/resnet18.onnx"
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    os.utime(link, (0, 0), follow_symlinks=False)
    install(make, root)
    assert victim.read_text() == "not a model"
    assert link.read_bytes() == b"a model"


def test_another_program_of_that_name_is_left_alone(make: Make, root: Path) -> None:
    theirs = root / "usr/local/bin/monitor"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    install(make, root)
    assert make("uninstall-service", f"DESTDIR={root}").returncode == 0
    assert theirs.read_text() == "theirs"


def test_the_next_steps_are_told(make: Make, root: Path) -> None:
    said = install(make, root)
    assert "sudo systemctl enable --now monitor" in said
    assert "/etc/monitor/config.yaml" in said
    assert "usermod -aG monitor" in said


def test_uninstalling_leaves_configuration_and_data_and_says_so(make: Make, root: Path) -> None:
    install(make, root)
    done = make("uninstall-service", f"DESTDIR={root}")
    assert done.returncode == 0, done.stderr
    left = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    assert left == {"etc/monitor/config.yaml", "var/lib/monitor/weights/resnet18.onnx"}
    assert f"{root}/var/lib/monitor" in done.stdout


def test_without_root_and_destdir_one_sentence_says_what_is_needed(make: Make, tmp_path: Path) -> None:
    nobody = tmp_path / "id"
    nobody.write_text("#!/bin/sh\necho 1000\n")
    nobody.chmod(0o755)
    done = make("install-service", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode != 0
    assert "sudo make install-service" in done.stderr
