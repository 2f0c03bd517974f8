from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.config.load import find_config, load
from monitor.config.read import LARGEST, SYSTEM_WIDE
from monitor.errors import ConfigError


def sentence(path: Path) -> str:
    """What a person reads when the file at `path` cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ={}, hostname="pi")
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.fixture
def unreadable(config_file: Path) -> Iterator[Path]:
    """A file that this process may not read: root reads everything, so it is somebody else for the length of a test."""
    config_file.chmod(0)
    if os.geteuid() != 0:
        yield config_file
        return
    os.seteuid(65534)
    yield config_file
    os.seteuid(0)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none.yaml") == f"{tmp_path}/none.yaml: there is no such file"


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    assert "is a folder" in sentence(tmp_path)


def test_a_file_in_something_that_is_no_folder_cannot_be_read(config_file: Path) -> None:
    assert "cannot be read" in sentence(config_file / "config.yaml")


def test_a_file_that_may_not_be_read_names_the_permission(unreadable: Path) -> None:
    assert "may not be read by this user" in sentence(unreadable)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "~"])
def test_an_empty_file_says_what_it_needs(config_file: Path, text: str) -> None:
    config_file.write_text(text)
    assert "is empty; it needs at least one camera" in sentence(config_file)


@pytest.mark.parametrize("text", ["- a\n- b\n", "5", "cameras", "[]"])
def test_a_file_that_is_no_mapping_says_so(config_file: Path, text: str) -> None:
    config_file.write_text(text)
    assert f"{config_file}:1: must hold keys with values" in sentence(config_file)


def test_a_file_that_is_not_utf_8_names_the_line(config_file: Path) -> None:
    config_file.write_bytes("node: pi\nnode: küche\n".encode("latin-1"))
    assert f"{config_file}:2: is not UTF-8" in sentence(config_file)


def test_utf_16_is_recognised(config_file: Path) -> None:
    config_file.write_text("cameras: {}", encoding="utf-16")
    assert "UTF-16" in sentence(config_file)


def test_a_huge_file_is_refused_without_being_read(config_file: Path) -> None:
    with config_file.open("wb") as file:
        file.truncate(50 * LARGEST)
    assert "larger than 1024 KB" in sentence(config_file)


def test_a_byte_order_mark_is_no_part_of_the_text(config_file: Path) -> None:
    config_file.write_text("cameras: {demo: {source: demo}}", encoding="utf-8-sig")
    assert list(load(config_file, environ={}).config.cameras) == ["demo"]


def test_the_file_that_is_named_wins_even_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    assert find_config(tmp_path / "other.yaml", tmp_path) == tmp_path / "other.yaml"


def test_else_the_working_directory_is_looked_at(config_file: Path) -> None:
    assert find_config(None, config_file.parent) == config_file


def test_nothing_found_says_where_it_was_looked_for(tmp_path: Path) -> None:
    if SYSTEM_WIDE.exists():
        assert find_config(None, tmp_path) == SYSTEM_WIDE
        return
    with pytest.raises(ConfigError, match="--config FILE") as caught:
        find_config(None, tmp_path)
    assert f"{tmp_path}/config.yaml" in str(caught.value)
    assert "/etc/monitor/config.yaml" in str(caught.value)
