from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import monitor
from monitor.publish.topics import Topics

FLOW: list[dict[str, Any]] = json.loads((Path(monitor.__file__).parent / "share" / "node-red.json").read_text())
NODES = {node["id"]: node for node in FLOW}


def of_type(kind: str) -> dict[str, Any]:
    """The one node of a type."""
    (node,) = (node for node in FLOW if node["type"] == kind)
    return node


def run(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send payloads through the function node, as Node-RED does; give those that come out."""
    if not (node := shutil.which("node")):
        pytest.skip("node is not installed")
    script = f"""
const kept = {{}};
const context = {{get: name => kept[name], set: (name, value) => {{ kept[name] = value; }}}};
const does = new Function("msg", "context", {json.dumps(of_type("function")["func"])});
const sent = {json.dumps(messages)}.map(payload => does({{payload}}, context)).filter(msg => msg !== null);
console.log(JSON.stringify({{sent: sent.map(msg => msg.payload), kept: kept.seen ? kept.seen.length : 0}}));
"""
    ran = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True, timeout=30)
    result = json.loads(ran.stdout)
    assert result["kept"] <= 1000
    sent: list[dict[str, Any]] = result["sent"]
    return sent


def alert(identity: str, seq: int = 0, *, delayed: bool = False) -> dict[str, Any]:
    return {"event_type": "start", "id": identity, "seq": seq, "delayed": delayed}


def test_every_node_has_an_id_of_its_own_and_leads_to_one_that_exists() -> None:
    assert len(NODES) == len(FLOW)
    ends = [end for node in FLOW for output in node.get("wires", []) for end in output]
    assert ends
    assert set(ends) <= set(NODES)


def test_all_nodes_are_on_its_tab_and_use_its_broker() -> None:
    tab, broker = of_type("tab")["id"], of_type("mqtt-broker")["id"]
    assert {node["z"] for node in FLOW if node["type"] not in ("tab", "mqtt-broker")} == {tab}
    assert {node["broker"] for node in FLOW if node["type"] in ("mqtt in", "mqtt out")} == {broker}


def test_every_node_can_be_reached_from_an_alert_or_a_click() -> None:
    reached = {node["id"] for node in FLOW if node["type"] in ("mqtt in", "inject", "tab", "mqtt-broker")}
    todo = list(reached)
    while todo:
        for output in NODES[todo.pop()].get("wires", []):
            todo += [end for end in output if end not in reached]
            reached |= set(output)
    assert reached == set(NODES)


def test_it_hears_the_alerts_of_every_camera_and_switches_detection_without_the_retain_flag() -> None:
    topics = Topics("monitor")
    heard, said = of_type("mqtt in"), of_type("mqtt out")
    assert (heard["topic"], heard["datatype"]) == (topics.alert("CAM").replace("cam", "+"), "json")
    assert (said["topic"], said["retain"]) == (f"{topics.detect('porch')}/set", "false")
    clicks = {node["payload"]: node["wires"] for node in FLOW if node["type"] == "inject"}
    assert clicks == {state: [[said["id"]]] for state in ("ON", "OFF")}


def test_starts_and_ends_part() -> None:
    switch = of_type("switch")
    assert switch["property"] == "payload.event_type"
    names = [NODES[end]["name"] for (end,) in switch["wires"]]
    assert list(zip([rule["v"] for rule in switch["rules"]], names, strict=True)) == [
        ("start", "it came: put your notification here"),
        ("end", "it went"),
    ]


def test_alerts_go_through_and_those_that_are_late_do_not() -> None:
    assert run([alert("a"), alert("b", delayed=True), alert("c")]) == [alert("a"), alert("c")]


def test_an_alert_that_comes_again_goes_through_once() -> None:
    first, second = alert("a"), alert("a", 1)
    assert run([first, second, first, second, alert("a", delayed=True), alert("b")]) == [first, second, alert("b")]


def test_what_was_seen_is_not_remembered_for_ever() -> None:
    many = [alert(str(number)) for number in range(1100)]
    assert run([*many, many[-1], many[0]]) == [*many, many[0]]
