from __future__ import annotations

import math
from pathlib import Path

import pytest

from monitor.config.document import Document, NotYamlError, parse


def document(text: str, environ: dict[str, str] | None = None, folder: Path = Path("/nowhere")) -> Document:
    return parse(text, folder, environ or {})


def value(text: str) -> object:
    return document(f"key: {text}").value_at(("key",))


@pytest.mark.parametrize(
    "word", ["off", "no", "on", "yes", "True", "TRUE", "N", "2026-11-22", "12:30:45", "0o17", "017", "0x1F", "1_000", "nan"]
)
def test_only_what_looks_plain_is_more_than_a_word(word: str) -> None:
    assert value(word) == word


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("false", False),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_true_false_numbers_and_nothing_have_their_type(text: str, meant: object) -> None:
    assert value(text) == meant
    assert type(value(text)) is type(meant)


def test_not_a_number_is_a_number_for_the_schema_to_refuse() -> None:
    found = value(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_a_number_too_long_for_python_is_still_only_a_number() -> None:
    assert value("9" * 5000) == math.inf


def test_what_is_in_quotes_is_text() -> None:
    assert value("'true'") == "true"
    assert value('"7"') == "7"


def test_every_key_and_item_knows_its_line() -> None:
    lines = document("node: pi\nrules:\n  - label: cat\n\n  - {label: dog,\n     looks: 3}\n").lines
    assert lines["rules",] == 2
    assert lines["rules", 0] == lines["rules", 0, "label"] == 3
    assert lines["rules", 1] == 5
    assert lines["rules", 1, "looks"] == 6


def test_a_place_that_is_not_written_has_the_line_of_what_is_around_it() -> None:
    found = document("node: pi\ncameras:\n  porch:\n    fps: 5\n")
    assert found.line_of(("cameras", "porch", "source")) == 3


def test_a_key_that_stands_twice_names_both_lines() -> None:
    fault = document("node: a\nmqtt: {}\nnode: b\n").faults[0]
    assert fault.where == ("node",)
    assert "line 1 and line 3" in fault.message
    assert fault.line == 3


def test_a_word_without_colon_may_be_half_a_password_and_is_not_repeated() -> None:
    fault = document("mqtt: {password: ab,hunter2}").faults[0]
    assert "a value with a comma in it must be in quotes" in fault.message
    assert "hunter2" not in f"{fault.where}{fault.message}"


@pytest.mark.parametrize("text", ["password: &secret", "password: *secret", "a: [&x 1, *x]", "? *x\n: 1", "&x a: b"])
def test_anchors_and_aliases_are_refused_because_such_a_password_would_vanish(text: str) -> None:
    with pytest.raises(NotYamlError, match="begins with & or"):
        document(text)


def test_a_deep_nest_ends_before_the_stack_does() -> None:
    with pytest.raises(NotYamlError, match="more levels"):
        document("[" * 100_000)


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system [true]", "!!binary aGk=", "!secret x", "!!str 5", "!file [a]", "!!map {a: b}"]
)
def test_only_the_tag_file_is_known(text: str) -> None:
    assert "only `!file PATH` is known" in document(f"key: {text}").faults[-1].message


@pytest.mark.parametrize("text", [r'"a\0b"', r'"\x1b[2J"', r'"\ud800"'])
def test_control_characters_and_halves_of_characters_are_refused(text: str) -> None:
    assert "must not hold" in document(f"key: {text}").faults[0].message


@pytest.mark.parametrize("text", [r'"\ud800": 1', "[a]: 1", "? {a: b}\n: c", '"\\0": 1'])
def test_a_key_must_be_plain_text(text: str) -> None:
    assert "has a key that is not plain text" in [fault.message for fault in document(text).faults]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\t- b", 2, "a tab"),
        ("a: 1\nb: c: d", 2, "a second `:`"),
        ("a: 1\nb\nc: 2", 2, "without its colon"),
        ("a: {b: c\nd: 1", 2, "opened in line 1"),
        ("a: 1\nb: 'x", 2, "a quote that is opened in line 2 and never closed"),
        ("a: [1, 2", 1, "never closed"),
        ("a:\n  b: 1\n c: 2", 3, "begins in line 1: check the indentation"),
        ("a: @x", 1, "put it in quotes"),
        ("a: 1\nb: `x`", 2, "put it in quotes"),
        ("a: %x", 1, "put it in quotes"),
        ('a: "\\d"', 1, "a backslash"),
        ('a: "\\U00110000"', None, "a backslash"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("a: 1\nb: !x!y z", 2, "a value cannot begin with !"),
        ("a: 1\nb: \x00", 2, "a control character"),
        ("a: - b", 1, "a line of its own"),
        ("a: 1\nb: }", 2, "a value is missing"),
        ("mqtt: {password: ${X}}", 1, "a `${NAME}` must be in quotes"),
        ("a: |x\n", 1, "cannot be read"),
    ],
)
def test_what_is_not_yaml_is_said_in_plain_words_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(NotYamlError) as caught:
        document(text)
    assert words in str(caught.value)
    assert caught.value.line == line


def test_the_environment_fills_in_variables_which_stay_text() -> None:
    found = document("a: ${NUMBER}\nb: 'x${NUMBER}y'\nc: [\"${NUMBER}\"]\n", {"NUMBER": "0123"})
    assert found.data == {"a": "0123", "b": "x0123y", "c": ["0123"]}
    assert found.written == {("a",): "${NUMBER}", ("b",): "x${NUMBER}y", ("c", 0): "${NUMBER}"}


def test_two_dollars_are_one_and_a_single_one_is_itself() -> None:
    assert document("a: pa$word$\nb: $${HOME}\nc: scrypt$16$8$x\n").data == {"a": "pa$word$", "b": "${HOME}", "c": "scrypt$16$8$x"}


def test_what_a_variable_holds_is_not_expanded_again() -> None:
    assert document("a: ${A}", {"A": "${B} $$"}).data == {"a": "${B} $$"}


def test_a_variable_that_is_not_set_is_named() -> None:
    assert "variable PORCH_PASSWORD, which is not set" in document("a: ${PORCH_PASSWORD}").faults[0].message


@pytest.mark.parametrize("text", ["${}", "${1}", "${A:-b}", "${A"])
def test_a_reference_without_a_name_is_refused(text: str) -> None:
    assert "without a variable's name" in document(f"a: {text}", {"A": "x"}).faults[0].message


def test_a_variable_that_is_not_text_is_refused() -> None:
    assert "not Unicode" in document("a: ${A}", {"A": "\udcff"}).faults[0].message


def test_a_file_beside_the_configuration_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("  hunter2 \r\n\n")
    assert document("a: !file secret", folder=tmp_path).data == {"a": "  hunter2 "}


def test_systemds_credentials_come_first(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt-password").write_text("from systemd")
    (tmp_path / "mqtt-password").write_text("from beside")
    (tmp_path / "other").write_text("other")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    found = document("a: !file mqtt-password\nb: !file ${CREDENTIALS_DIRECTORY}/mqtt-password\nc: !file other\n", environ, tmp_path)
    assert found.data == {"a": "from systemd", "b": "from systemd", "c": "other"}


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert document(f"a: !file {tmp_path}/secret").data == {"a": "x"}


def test_what_a_file_holds_is_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a${B}$$")
    assert document("a: !file secret", folder=tmp_path).data == {"a": "a${B}$$"}


def test_each_way_in_which_a_secret_file_fails_has_its_words(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "nul").write_bytes(b"a\x00b")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "folder").mkdir()
    for name, words in [
        ("missing", f"looked in {tmp_path}"),
        ("folder", "not there"),
        ("''", "not there"),
        ("empty", "is empty"),
        ("binary", "is not UTF-8"),
        ("nul", "control character"),
        ("large", "larger than 64 KB"),
        (r'"a\0b"', "control character"),
        ("a" * 5000, "cannot be read"),
    ]:
        faults = document(f"key: !file {name}", folder=tmp_path).faults
        assert words in faults[0].message
