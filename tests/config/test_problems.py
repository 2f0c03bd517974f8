"""Bad inputs, each with the line and the sentence that a person gets; `LINE` marks the line that must be named."""

from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from tests.config.conftest import Load, Problems

CAMERA = "cameras:\n  porch:\n    source: demo\n"
STREAM = "cameras:\n  porch:\n    source: rtsp://cam/x\n"
RULE = CAMERA + "rules:\n  - label: cat\n"

BAD = [
    # (text with LINE, path, what the message says)
    ("node: pi # LINE", "cameras", "is missing"),
    ("cameras: {} # LINE", "cameras", "must be one or more keys with values"),
    ("cameras: [demo] # LINE", "cameras", "must be one or more keys with values"),
    ("cameras:\n  porch: # LINE\n    fps: 5", "cameras.porch.source", "is missing; it must be an rtsp:// or http:// address"),
    ("cameras: # LINE\n  porch:hunter2", "cameras", "must be one or more keys with values"),
    (CAMERA + "camras: {} # LINE", "camras", "not a key that is known here; did you mean cameras?"),
    (CAMERA + "    fsp: 3 # LINE", "cameras.porch.fsp", "did you mean fps?"),
    (CAMERA + "    zzzz: 3 # LINE", "cameras.porch.zzzz", "known are source, username, password"),
    (CAMERA + "    fps: 0 # LINE", "cameras.porch.fps", "must be a number above 0, up to 120, not 0"),
    (CAMERA + "    fps: fast # LINE", "cameras.porch.fps", "not 'fast'"),
    (CAMERA + "    fps: true # LINE", "cameras.porch.fps", "not true"),
    (CAMERA + "    fps: .nan # LINE", "cameras.porch.fps", "not nan"),
    (CAMERA + "    fps: .inf # LINE", "cameras.porch.fps", "not inf"),
    (CAMERA + "    fps: # LINE", "cameras.porch.fps", "must be a number above 0, up to 120"),
    (CAMERA + "    frame_skip: 1.5 # LINE", "cameras.porch.frame_skip", "must be a whole number from 1 to 10000, not 1.5"),
    (CAMERA + "    frame_skip: 1_000 # LINE", "cameras.porch.frame_skip", "not '1_000'"),
    (CAMERA + "    queue_size: -1 # LINE", "cameras.porch.queue_size", "from 1 to 100, not -1"),
    (
        CAMERA + "    decode: keyframe # LINE",
        "cameras.porch.decode",
        "must be one of all, keyframes, not 'keyframe'; did you mean keyframes?",
    ),
    (CAMERA + "    loop: on # LINE", "cameras.porch.loop", "must be true or false, not 'on'"),
    (CAMERA + "    loop: 1 # LINE", "cameras.porch.loop", "must be true or false, not 1"),
    (CAMERA + "    zones: {a: [[0, 0], [640, 0], [640, 480]]} # LINE", "cameras.porch.zones.a[1][0]", "from 0 to 1 (not pixels), not 640"),
    (CAMERA + "    zones: {a: [[0, 0], [1, 0]]} # LINE", "cameras.porch.zones.a", "a list of 3 or more points"),
    (CAMERA + "    zones: {a: [[0, 0], [1, 0], [1]]} # LINE", "cameras.porch.zones.a[2][1]", "is missing"),
    (CAMERA + "    zones: {a: [[0, 0], [1, 0], [1, 1, 1]]} # LINE", "cameras.porch.zones.a[2]", "a point [x, y]"),
    (CAMERA + "    zones: {a: [[0, 0], [0.5, 0.5], [1, 1]]} # LINE", "cameras.porch.zones.a", "must enclose an area"),
    (CAMERA + "    zones: {a: [[0, 0], [1, 1], [1, 0], [0, 1]]} # LINE", "cameras.porch.zones.a", "must enclose an area"),
    (CAMERA + "    masks: [[0, 0], [1, 0], [1, 1]] # LINE", "cameras.porch.masks[0][0]", "a point [x, y]"),
    (CAMERA + "    motion: {sensitivity: 2} # LINE", "cameras.porch.motion.sensitivity", "from 0 to 1, not 2"),
    (STREAM + "    username: 1234 # LINE", "cameras.porch.username", "must be text, not 1234: put it in quotes"),
    (STREAM + "    username: a\n    password: 0 # LINE", "cameras.porch.password", "must be text, not ***: put it in quotes"),
    (STREAM + "    username: a\n    password: true # LINE", "cameras.porch.password", "must be text, not ***: put it in quotes"),
    (STREAM + "    username: a\n    password: 1e5 # LINE", "cameras.porch.password", "must be text, not ***: put it in quotes"),
    (STREAM + "    username: a\n    password: [x] # LINE", "cameras.porch.password", "must be text, not ***"),
    (STREAM + "    password: x # LINE", "cameras.porch.password", "needs a `username`"),
    (STREAM + "    username: 'a:b' # LINE", "cameras.porch.username", "must hold no colon"),
    (CAMERA + "    username: x # LINE", "cameras.porch.username", "is only for an rtsp:// or http:// source"),
    ("cameras:\n  a:\n    source: rtsp://u:p@cam/ # LINE\n    username: u", "cameras.a.source", "must hold no user name or password when"),
    (RULE + "    threshold: 0 # LINE", "rules[0].threshold", "must be a number above 0, up to 1, not 0"),
    (RULE + "    threshold: -0.5 # LINE", "rules[0].threshold", "not -0.5"),
    (RULE + "    threshold: 1.5 # LINE", "rules[0].threshold", "not 1.5"),
    (RULE + "    threshold: .nan # LINE", "rules[0].threshold", "not nan"),
    (RULE + "    threshold: 50% # LINE", "rules[0].threshold", "not '50%'"),
    (RULE + "    threshold: 0.5\n    release: 0.6 # LINE", "rules[0].release", "must not be above threshold (0.5), not 0.6"),
    (RULE + "    looks: 0 # LINE", "rules[0].looks", "from 1 to 1000"),
    (RULE + "    hold: 5 # LINE", "rules[0].hold", "must be a duration with its unit, such as 500ms, 5s, 10m, 2h or 30d, not 5"),
    (RULE + "    hold: 5 minutes # LINE", "rules[0].hold", "not '5 minutes'"),
    (RULE + "    zones: frame # LINE", "rules[0].zones", "must be a list that is not empty, not 'frame'"),
    (RULE + "    zones: [] # LINE", "rules[0].zones", "must be a list that is not empty"),
    (RULE + "    severity: notise # LINE", "rules[0].severity", "must be one of alert, notice, not 'notise'; did you mean notice?"),
    (CAMERA + "rules:\n  - threshold: 0.5 # LINE", "rules[0].label", "is missing"),
    (CAMERA + "rules:\n  - label: 7 # LINE", "rules[0].label", "put it in quotes"),
    (CAMERA + 'rules:\n  - label: "a\\nb" # LINE', "rules[0].label", "without line breaks or invisible characters"),
    (CAMERA + 'rules:\n  - label: "a\\u202Eb" # LINE', "rules[0].label", "without line breaks or invisible characters"),
    (CAMERA + 'rules:\n  - label: "a\\0b" # LINE', "rules[0].label", r"must not hold the control character \x00"),
    (CAMERA + f"rules:\n  - label: {'x' * 70_000} # LINE", "rules[0].label", "text of 1 to 200 characters"),
    (CAMERA + "rules: # LINE", "rules", "must be a list"),
    (CAMERA + "groups: {pet: []} # LINE", "groups.pet", "a list that is not empty"),
    (CAMERA + "groups: {pet: dog} # LINE", "groups.pet", "a list that is not empty"),
    (CAMERA + "model: {threads: many} # LINE", "model.threads", "must be a whole number from 1 to 64 or auto, not 'many'"),
    (CAMERA + "model: {threads: true} # LINE", "model.threads", "not true"),
    (CAMERA + "model: {engine: onxruntime} # LINE", "model.engine", "did you mean onnxruntime?"),
    (CAMERA + "model: {name: ../x} # LINE", "model.name", "the name of a model card"),
    (CAMERA + "model: {fallback: resnet18} # LINE", "model.fallback", "must be another card than `name`"),
    (CAMERA + "history: {max_size: 500} # LINE", "history.max_size", "must be a size above 0 with its unit, such as 500MB or 2GB, not 500"),
    (CAMERA + "history: {keep: 0s} # LINE", "history.keep", "a duration above 0"),
    (CAMERA + "history: {path: a, log: a} # LINE", "history.log", "must be another file than `path`"),
    (CAMERA + "mqtt: {host: a..b} # LINE", "mqtt.host", "must be a host name whose parts between dots have 1 to 63 characters, not 'a..b'"),
    (CAMERA + "mqtt: {port: 0} # LINE", "mqtt.port", "from 1 to 65535, not 0"),
    (CAMERA + "mqtt: {port: 70000} # LINE", "mqtt.port", "from 1 to 65535, not 70000"),
    (CAMERA + "mqtt: {base_topic: home/+} # LINE", "mqtt.base_topic", "must hold no wildcard (+ or #), not 'home/+'"),
    (CAMERA + "mqtt: {base_topic: $SYS} # LINE", "mqtt.base_topic", "must not begin with $"),
    (CAMERA + "mqtt: {discovery_prefix: /ha} # LINE", "mqtt.discovery_prefix", "must neither begin nor end with /"),
    (CAMERA + "mqtt: {discovery_prefix: monitor} # LINE", "mqtt.discovery_prefix", "must be another topic than `base_topic`"),
    (CAMERA + "mqtt: {client_id: a/b} # LINE", "mqtt.client_id", "must be 1 to 64 letters"),
    (CAMERA + "mqtt: {password: x} # LINE", "mqtt.password", "needs a `username`"),
    (CAMERA + "mqtt: {host: embedded, tls: {enabled: true}} # LINE", "mqtt.tls", "is not for the broker `embedded`"),
    (CAMERA + "mqtt: {tls: {enabled: yes}} # LINE", "mqtt.tls.enabled", "must be true or false, not 'yes'"),
    (CAMERA + "mqtt: {tls: {cert: x}} # LINE", "mqtt.tls.cert", "needs its `key`"),
    (CAMERA + "mqtt: {tls: {key: x}} # LINE", "mqtt.tls.key", "needs its `cert`"),
    (CAMERA + "mqtt:\n  tls:\n    enabled: true\n    ca: none.pem # LINE", "mqtt.tls.ca", "must be a file that is there"),
    (CAMERA + "mqtt: hunter2 # LINE", "mqtt", "must be keys with values (`key: value`, with a space after the colon)"),
    (CAMERA + "web: {listen: '0.0.0.0:8080'} # LINE", "web.listen", "unless `password_hash` or `tokens` is set, not '0.0.0.0:8080'"),
    (CAMERA + "web: {listen: '[::]:8080'} # LINE", "web.listen", "must be a loopback address"),
    (CAMERA + "web: {listen: 8080} # LINE", "web.listen", "must be text, not 8080"),
    (CAMERA + "web: {tokens: ['']} # LINE", "web.tokens[0]", "must be text"),
    (CAMERA + "web: {password_hash: ''} # LINE", "web.password_hash", "must be text"),
    (CAMERA + "logging: {level: verbose} # LINE", "logging.level", "must be one of debug, info, warning, error, not 'verbose'"),
]


@pytest.mark.parametrize(("text", "where", "words"), BAD, ids=[f"{where}: {words}"[:60] for _, where, words in BAD])
def test_a_mistake_is_named_with_its_line_its_path_and_what_is_allowed(problems_of: Problems, text: str, where: str, words: str) -> None:
    line = next(number for number, content in enumerate(text.split("\n"), start=1) if "# LINE" in content)
    problems = problems_of(text)
    found = [problem for problem in problems if problem.where == where and words in problem.message]
    assert found, problems
    assert found[0].line == line
    assert len(found[0].message) < 400


def test_every_mistake_is_reported_at_once_in_the_order_of_the_file(problems_of: Problems) -> None:
    text = """
camras: {}
cameras:
  bridge: {source: demo}
  porch: {source: demo, fps: 0}
  Porch: {source: demo}
rules:
  - {label: cat, threshold: 1.5}
  - {label: cat, threshold: 0.5, release: 0.6, hold: 5}
  - {label: dog, zones: [drive]}
mqtt: {host: a..b, port: 0, username: u, password: "${NOT_SET}"}
"""
    assert [(problem.line, problem.where) for problem in problems_of(text)] == [
        (2, "camras"),
        (4, "cameras.bridge"),
        (5, "cameras.porch.fps"),
        (6, "cameras.Porch"),
        (8, "rules[0].threshold"),
        (9, "rules[1].release"),
        (9, "rules[1].hold"),
        (9, "rules[1].label"),
        (10, "rules[2].zones[0]"),
        (11, "mqtt.password"),
        (11, "mqtt.host"),
        (11, "mqtt.port"),
    ]


def test_no_message_speaks_of_the_library_that_found_it(problems_of: Problems) -> None:
    messages = " ".join(problem.message for text, _, _ in BAD for problem in problems_of(text))
    for jargon in ("Input should", "pydantic", "https://errors", "Value error", "validator", "YAMLError"):
        assert jargon not in messages


def test_a_whole_line_reads_file_line_path_and_message(load_text: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(CAMERA + "    fps: 0\n")
    assert str(caught.value).endswith("config.yaml:4: cameras.porch.fps: must be a number above 0, up to 120, not 0")


def test_a_value_from_elsewhere_is_shown_as_it_is_written(problems_of: Problems) -> None:
    problems = problems_of(CAMERA + "mqtt:\n  port: ${PORT}\n", {"PORT": "hunter2"})
    assert problems[0].message == "must be a whole number from 1 to 65535, not ${PORT}"


def test_numbers_and_switches_may_come_from_the_environment(load_text: Load) -> None:
    config = load_text(CAMERA + "mqtt:\n  enabled: ${ON}\n  port: ${PORT}\n", {"PORT": "1884", "ON": "false"}).config
    assert config.mqtt.port == 1884
    assert config.mqtt.enabled is False


def test_what_follows_from_a_value_that_could_not_be_had_is_not_reported_too(problems_of: Problems) -> None:
    text = "cameras: {a: {source: demo}}\nrules:\n  - label: ${LABEL}\n    threshold: ${THRESHOLD}\n"
    assert [problem.where for problem in problems_of(text)] == ["rules[0].label", "rules[0].threshold"]


def test_a_file_of_nothing_but_mistakes_ends_with_their_number(problems_of: Problems) -> None:
    text = CAMERA + "rules:\n" + "".join(f"  - {{label: x{number}, threshold: 2}}\n" for number in range(150))
    problems = problems_of(text)
    assert len(problems) == 101
    assert problems[-1].message == "50 more problems"


def test_a_label_may_hold_what_a_topic_may_not(load_text: Load) -> None:
    rule = load_text(CAMERA + "rules: [{label: 'a/b+c#d'}]").config.rules[0]
    assert (rule.label, rule.name) == ("a/b+c#d", "a_b_c_d")
