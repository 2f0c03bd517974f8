from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.names import RULE_WORDS, check_names
from monitor.config.slug import slug
from tests.config.conftest import Load, Problems


def faults(data: object) -> list[tuple[str, str]]:
    """Path (joined by blanks) and message of each fault."""
    return [(" ".join(map(str, fault.where)), fault.message) for fault in check_names(data)]


@given(st.text())
def test_a_slug_may_stand_in_a_topic_and_is_its_own_slug(text: str) -> None:
    short = slug(text)
    assert len(short) <= 64
    assert set(short) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert slug(short) == short


def test_names_are_free_text_as_long_as_their_slugs_differ(load_text: Load) -> None:
    cameras = "cameras: {Front Door: {source: demo, zones: {Große Wiese: [[0, 0], [1, 0], [1, 1]]}}}"
    text = f"{cameras}\nrules: [{{label: cat, name: Any cat!, zones: [Große Wiese]}}]"
    assert list(load_text(text).config.cameras) == ["Front Door"]


def test_no_camera_is_called_bridge() -> None:
    assert faults({"cameras": {"Bridge!": {}}}) == [
        ("cameras Bridge!", "must not give the name bridge, which the MQTT topics use for something else")
    ]


@pytest.mark.parametrize("word", sorted(RULE_WORDS))
def test_no_rule_and_no_zone_takes_a_word_of_the_topics(word: str) -> None:
    found = faults({"cameras": {"a": {"zones": {word: []}, "rules": [{"label": "x", "name": word}]}}, "rules": [{"label": word.upper()}]})
    assert [where for where, _ in found] == ["rules 0 label", f"cameras a zones {word}", "cameras a rules 0 name"]
    assert "give the rule a `name` of its own" in found[0][1]


@pytest.mark.parametrize(
    "data",
    [{"cameras": {"a b": {}, "A_B": {}}}, {"rules": [{"label": "cat"}, {"label": "Cat"}]}, {"cameras": {"a": {"zones": {"x": 1, "X": 2}}}}],
)
def test_two_names_must_not_give_one_slug(data: object) -> None:
    [(_, message)] = faults(data)
    assert "gives the same name in MQTT topics" in message


def test_names_that_differ_only_after_64_characters_are_one_name() -> None:
    assert len(faults({"cameras": {"x" * 64 + "1": {}, "x" * 64 + "2": {}}})) == 1


def test_two_cameras_may_have_rules_and_zones_of_one_name() -> None:
    camera = {"zones": {"drive": []}, "rules": [{"label": "cat", "zones": ["drive"]}]}
    assert faults({"cameras": {"a": camera, "b": camera}}) == []


@pytest.mark.parametrize("name", ["猫", "!!!", " "])
def test_a_name_of_which_nothing_can_stand_in_a_topic_is_refused(name: str) -> None:
    found = faults({"node": name, "cameras": {name: {"zones": {name: []}}}, "rules": [{"label": name}]})
    assert len(found) == 4
    assert all("at least one letter a-z or digit" in message for _, message in found)


def test_a_label_without_a_slug_is_good_with_a_name() -> None:
    assert faults({"rules": [{"label": "猫", "name": "neko"}]}) == []


def test_no_zone_shares_its_name_with_a_rule_of_its_camera() -> None:
    own = {"cameras": {"a": {"zones": {"Drive": []}, "rules": [{"label": "car", "name": "drive"}]}}}
    shared = {"cameras": {"a": {"zones": {"cat": []}}, "b": {"zones": {"cat": []}, "rules": []}}, "rules": [{"label": "cat"}]}
    assert [where for where, _ in faults(own)] == ["cameras a zones Drive"]
    assert [where for where, _ in faults(shared)] == ["cameras a zones cat"]


def test_a_global_rule_needs_its_zone_on_one_camera_only() -> None:
    cameras: dict[str, object] = {"a": {"zones": {"drive": []}}, "b": {}}
    assert faults({"cameras": cameras, "rules": [{"label": "cat", "zones": ["drive", "frame"]}]}) == []


def test_a_zone_that_no_camera_has_is_named_with_the_nearest_one() -> None:
    [(where, message)] = faults({"cameras": {"a": {"zones": {"drive": []}}}, "rules": [{"label": "cat", "zones": ["frame", "dirve"]}]})
    assert where == "rules 0 zones 1"
    assert "did you mean drive?" in message


def test_a_zone_of_a_camera_with_rules_of_its_own_does_not_help_a_global_rule() -> None:
    cameras = {"a": {"zones": {"drive": []}, "rules": []}, "b": {}}
    assert len(faults({"cameras": cameras, "rules": [{"label": "cat", "zones": ["drive"]}]})) == 1


def test_where_every_camera_has_rules_of_its_own_a_global_rule_may_name_a_zone_of_any() -> None:
    cameras: dict[str, object] = {"a": {"zones": {"drive": []}, "rules": []}}
    assert faults({"cameras": cameras, "rules": [{"label": "cat", "zones": ["drive"]}]}) == []
    assert len(faults({"cameras": cameras, "rules": [{"label": "cat", "zones": ["gate"]}]})) == 1


def test_a_cameras_own_rule_needs_the_zone_on_that_camera() -> None:
    cameras = {"a": {"zones": {"drive": []}}, "b": {"rules": [{"label": "cat", "zones": ["drive"]}]}}
    assert [where for where, _ in faults({"cameras": cameras})] == ["cameras b rules 0 zones 0"]


def test_a_zone_stands_once_in_a_rule() -> None:
    assert faults({"cameras": {"a": {}}, "rules": [{"label": "x", "zones": ["frame", "frame"]}]}) == [
        ("rules 0 zones 1", "names the zone frame twice")
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["cameras", "rules", "zones", "label", "name", "node", "a"]), inner)
        ),
    )
)
def test_data_of_any_shape_is_no_reason_to_fail(data: object) -> None:
    list(check_names(data))


def test_a_reserved_name_is_an_error_of_the_file(problems_of: Problems) -> None:
    [problem] = problems_of("cameras:\n  porch:\n    source: demo\n  bridge:\n    source: demo\n")
    assert (problem.line, problem.where) == (4, "cameras.bridge")
