from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.clock import SystemClock
from monitor.config.schema import MqttSettings
from monitor.doctor import broker
from monitor.doctor.broker import Answer, ask, check_broker, judge
from monitor.doctor.finding import Finding
from monitor.publish.lasting import MqttLink
from tests.doctor.conftest import levels
from tests.publish.brokers import say
from tests.publish.conftest import Listener, Mosquitto, ScriptedBroker, free_port
from tests.publish.driving import Driver

BOX = "monitor-box-123456"


def settings(port: int, **keys: Any) -> MqttSettings:
    return MqttSettings(host="127.0.0.1", port=port, **keys)


def checked(settings: MqttSettings) -> list[Finding]:
    return list(check_broker(settings, "box", SystemClock()))


def test_a_broker_that_serves_us_is_well_and_keeps_nothing_of_it(
    mosquitto: Callable[..., Mosquitto], listen: Callable[..., Listener]
) -> None:
    port = mosquitto().port
    assert levels(checked(settings(port))) == ["ok"]
    late = listen(port)
    say(port, "end", b"")
    late.wait(late.topics)
    assert late.topics() == ["end"]


def test_a_daemon_beside_us_keeps_its_connection_and_its_topics(
    mosquitto: Callable[..., Mosquitto], listen: Callable[..., Listener], link_to: Callable[..., MqttLink], driver: Driver
) -> None:
    port = mosquitto().port
    listener, daemon = listen(port), link_to(port, box=BOX)
    driver.until(daemon, lambda: driver.connections)
    answer = ask(settings(port), BOX, SystemClock())
    assert answer == Answer(subscribed=True, acknowledged=True)
    say(port, "end", b"")
    listener.wait(lambda: "end" in listener.topics())
    assert listener.topics() == ["monitor/bridge/response/doctor", "end"]
    driver.turn(daemon, times=3)
    assert driver.troubles == []


def test_it_signs_in_under_a_name_of_its_own(scripted: Callable[..., ScriptedBroker]) -> None:
    for client_id, name in ((None, f"{BOX}-doctor"), ("porch", "porch-doctor")):
        server = scripted()
        assert ask(settings(server.port, client_id=client_id), BOX, SystemClock()).acknowledged
        assert name.encode() in server.connects[0]


def test_its_last_will_says_nothing_of_the_daemon(scripted: Callable[..., ScriptedBroker]) -> None:
    server = scripted()
    ask(settings(server.port), BOX, SystemClock())
    assert b"monitor/bridge/response/doctor\0\0" in server.connects[0], "an empty message"
    assert b"bridge/state" not in server.connects[0]


def test_a_broker_of_mqtt_3_is_as_good(scripted: Callable[..., ScriptedBroker]) -> None:
    server = scripted(connect=lambda level: b"\x20\x02\0\0" if level == 4 else b"")
    assert levels(checked(settings(server.port))) == ["ok"]
    assert server.levels == [5, 4]


def test_nobody_there_is_a_problem_with_what_to_do() -> None:
    port = free_port()
    (finding,) = checked(settings(port))
    assert (finding.level, finding.told) == ("problem", f"nothing listens at 127.0.0.1:{port} (connection refused)")
    assert "systemctl start mosquitto" in finding.remedy


def test_a_password_that_is_refused_is_told_and_not_shown(mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    (tmp_path / "passwords").touch(0o600)
    port = mosquitto(f"allow_anonymous false\npassword_file {tmp_path}/passwords").port
    (finding,) = checked(settings(port, username="viewer", password=SecretStr("hush")))
    assert finding.level == "problem"
    assert "refused user name or password" in finding.told
    assert "mqtt.password" in finding.remedy
    assert "hush" not in finding.told + finding.remedy


def test_an_access_list_that_keeps_us_from_publishing_is_a_problem_with_the_line_that_it_needs(
    mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text("topic read monitor/#\n")
    (tmp_path / "acl").chmod(0o600)
    port = mosquitto(f"acl_file {tmp_path}/acl").port
    findings = checked(settings(port))
    assert levels(findings) == ["ok", "problem"]
    assert findings[1].told == "it does not let us publish under monitor/ (not authorized)"
    assert findings[1].remedy == "in the broker's access list: topic readwrite monitor/#"


def test_a_broker_that_does_not_let_us_listen_is_a_warning(scripted: Callable[..., ScriptedBroker]) -> None:
    server = scripted(subscribe=lambda topic: 0x87 if topic.endswith("/info") else 1)
    findings = checked(settings(server.port))
    assert levels(findings) == ["ok", "warning"]
    assert "monitor/bridge/info" in findings[1].told


def test_another_box_on_the_base_topic_is_a_problem_and_this_one_is_not(mosquitto: Callable[..., Mosquitto]) -> None:
    port = mosquitto().port
    say(port, "monitor/bridge/state", b'{"state":"online"}', retain=True)
    say(port, "monitor/bridge/info", json.dumps({"id": BOX}).encode(), retain=True)
    assert ask(settings(port), BOX, SystemClock()).rival is None
    answer = ask(settings(port), "monitor-cellar-654321", SystemClock())
    assert answer.rival == BOX
    _, finding = judge(answer, settings(port))
    assert (finding.level, finding.remedy) == ("problem", "set mqtt.base_topic")
    assert BOX in finding.told


@pytest.mark.parametrize("script", [{"connect": lambda _: None}, {"publish": lambda _: None}])
def test_a_broker_that_says_nothing_does_not_keep_us_for_long(
    scripted: Callable[..., ScriptedBroker], monkeypatch: pytest.MonkeyPatch, script: dict[str, Any]
) -> None:
    monkeypatch.setattr(broker, "PATIENCE", 0.3)
    findings = checked(settings(scripted(**script).port))
    assert levels(findings)[-1] == "problem"


@pytest.mark.parametrize(("keys", "told"), [({"enabled": False}, "mqtt.enabled is false"), ({"host": "embedded"}, "for trying out")])
def test_where_there_is_no_broker_of_ones_own_nothing_is_asked(keys: dict[str, Any], told: str) -> None:
    (finding,) = check_broker(MqttSettings(**keys), "box", SystemClock())
    assert finding.level == "ok"
    assert told in finding.told
