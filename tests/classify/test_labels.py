from __future__ import annotations

import hashlib

import pytest

from monitor.classify.labels import MAX_LABEL, duplicates, fingerprint, parse_labels


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\n",
        "cat\r\ndog\r\n\r\n",
        "  cat\ndog",
        '["cat", "dog"]',
        '{"0": "cat", "1": "dog"}',
        '{"1": "dog", "0": "cat"}',
        '{"0": ["n02123045", "cat"], "1": ["n02084071", "dog"]}',
    ],
)
def test_every_usual_form_of_a_label_list_is_read_in_class_order(text: str) -> None:
    assert parse_labels(text) == ("cat", "dog")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("[]", "empty"),
        ("{}", "empty"),
        ("cat\n\ndog", "class 1 is empty"),
        ('["cat", " "]', "class 1 is empty"),
        ('["cat", 7]', "class 1 is 7"),
        ('["cat", ["a", "b", "c"]]', "class 1"),
        ('["cat", null]', "class 1"),
        ('{"0": "cat", "2": "dog"}', "class '1' is missing"),
        ('{"cat": 0}', "class '0' is missing"),
        ('["cat"', "not"),
        ('{"0": "cat", "1": "dog", "0": "cow"}', "'0' stands in it twice"),
        ("[" * 100_000, "not"),
        ('["a\\u0000b"]', "control character"),
        ('["a\\nb"]', "control character"),
        ('["\\ud800"]', "control character"),
        ("ca\tt", "control character"),
        ("cat\u2028dog", "control character"),
        ("\u202etac", "control character"),
        ("c" * 70_000, "70000 characters"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_and_says_where(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_labels(text)


def test_names_in_any_script_and_with_topic_characters_are_kept() -> None:
    names = ("a/b+c#d", "Kätzchen", "बिल्ली", "क्‍ष", "猫", "👩‍🚒", "x" * MAX_LABEL)
    assert parse_labels("\n".join(names)) == names


def test_two_classes_of_one_name_stay_two_and_are_named() -> None:
    labels = parse_labels("crane\nmaillot\ncrane\n")
    assert labels == ("crane", "maillot", "crane")
    assert duplicates(labels) == ["crane"]
    assert duplicates(labels[:2]) == []


def test_the_fingerprint_of_a_list_is_the_sha256_of_its_lines() -> None:
    assert fingerprint(("cat", "Bär")) == hashlib.sha256("cat\nBär".encode()).hexdigest()
    assert len({fingerprint(labels) for labels in (("a", "b"), ("b", "a"), ("a", "b", "b"), ("a",))}) == 4
