"""The broker: does it take us in and serve us, and is the base topic ours alone?

Asked under a name of our own, so that a daemon beside us keeps its connection. Nothing that stays is published: the one test message is
not retained, and the last will, which a connection has to have, is an empty one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.backoff import Backoff
from monitor.clock import Clock, stopwatch
from monitor.config.address import EMBEDDED, is_loopback
from monitor.config.schema import MqttSettings
from monitor.doctor.finding import Finding, ok, problem, warning
from monitor.publish.contract import Acknowledged, Received, Subscribed
from monitor.publish.hearing import Hearing
from monitor.publish.identity import client_id
from monitor.publish.lasting import MqttLink
from monitor.publish.link import Will
from monitor.publish.topics import Topics
from monitor.publish.trouble import Trouble, TroubleKind

PATIENCE = 15.0
"""Seconds for all of it. A broker in the house needs a fraction of one; a name that cannot be looked up takes a resolver ten."""

SUFFIX = "-doctor"

_TEST = b'{"status":"ok","data":{"doctor":true}}'
"""Like an answer to a request that nobody made."""

_REMEDY = {
    TroubleKind.DNS: "mqtt.host: check it, or write the broker's IP address",
    TroubleKind.REFUSED: "start the broker (`sudo systemctl start mosquitto`), or correct mqtt.host and mqtt.port; "
    "mosquitto listens to other machines only with a `listener` in its configuration",
    TroubleKind.UNREACHABLE: "is the broker's machine on, and in this network? correct mqtt.host if not",
    TroubleKind.TIMEOUT: "is mqtt.port right, and does a firewall let it through?",
    TroubleKind.TLS: "check mqtt.tls and mqtt.host against the broker's certificate",
    TroubleKind.AUTH: "check mqtt.username, mqtt.password, and the broker's own list of users",
    TroubleKind.PROTOCOL: "check mqtt.port and mqtt.tls",
}


@dataclass(slots=True)
class Answer:
    """How the broker dealt with us. trouble: why there was no connection; refused_topics: that it does not let us hear.

    refused: why it does not take a message under the base topic; acknowledged: it answered for one; rival: another box on the base topic.
    """

    trouble: Trouble | None = None
    subscribed: bool = False
    refused_topics: Sequence[str] = ()
    acknowledged: bool = False
    refused: str | None = None
    rival: str | None = None


def check_broker(settings: MqttSettings, node: str, clock: Clock) -> Iterator[Finding]:
    """Connect, listen, publish, and judge the answers."""
    if not settings.enabled:
        yield ok("broker", "mqtt.enabled is false: alerts go to the history alone")
    elif settings.host == EMBEDDED:
        yield ok("broker", "the embedded one, which is for trying out", "set mqtt.host to a broker of your own for everyday use")
    else:
        yield from judge(ask(settings, client_id(node), clock), settings)


def ask(settings: MqttSettings, box: str, clock: Clock) -> Answer:
    """Say hello to the broker, for `PATIENCE` at most. box: the id of this box, whose messages are our own. Raises OSError."""
    wake, answer, topics = threading.Event(), Answer(), Topics(settings.base_topic)
    test = topics.response("doctor")
    hearing = Hearing(topics, box, random=random.random)
    link = MqttLink(
        settings,
        (settings.client_id or box) + SUFFIX,
        Will(test, b""),
        clock=clock,
        backoff=Backoff(random.random, first=PATIENCE, longest=PATIENCE),
        wake=wake.set,
        subscriptions=hearing.subscriptions,
    )
    end = stopwatch() + PATIENCE
    wake.set()  # the first `drain` begins to connect
    try:
        while (left := end - stopwatch()) > 0 and not answer.acknowledged:
            wake.wait(min(left, 0.5))
            wake.clear()
            for event in link.drain():
                match event:
                    case Received():
                        hearing.hear(event, clock.now().mono)
                    case Subscribed(refused):
                        answer.subscribed, answer.refused_topics = True, refused
                        hearing.subscribed(refused)
                        link.publish(test, _TEST, qos=1, retain=False)
                    case Acknowledged():
                        answer.acknowledged, answer.refused = True, event.refused
            if (trouble := link.trouble) is not None:
                answer.trouble = trouble
                return answer
    finally:
        link.stop(farewell=False)
    hearing.may_talk(clock.now().mono)
    answer.rival = hearing.rival
    return answer


def judge(answer: Answer, settings: MqttSettings) -> Iterator[Finding]:
    """Put the answers into words."""
    where, base = f"{settings.host}:{settings.port}", settings.base_topic
    if answer.trouble is not None:
        yield problem("broker", str(answer.trouble), _REMEDY.get(answer.trouble.kind, ""))
        return
    if not answer.subscribed:
        yield problem("broker", f"no answer from {where} within {PATIENCE:.0f} s", _REMEDY[TroubleKind.TIMEOUT])
        return
    plain = "" if settings.tls.enabled or is_loopback(settings.host) else ", unencrypted"
    yield ok("broker", f"{where} takes us in{' over TLS' if settings.tls.enabled else plain}")
    if answer.refused is not None:
        yield problem("broker", f"it does not let us publish under {base}/ ({answer.refused})", _access(settings, "readwrite"))
    elif not answer.acknowledged:
        yield problem("broker", f"it does not acknowledge what is published under {base}/", _access(settings, "readwrite"))
    if answer.refused_topics:
        told = f"it does not let us listen to {', '.join(dict.fromkeys(answer.refused_topics))}: another box there would not be noticed"
        yield warning("broker", told, _access(settings, "readwrite"))
    if answer.rival is not None:
        yield problem(
            "broker", f"another box, {answer.rival}, publishes under {base}/, and this one would keep silent", "set mqtt.base_topic"
        )


def _access(settings: MqttSettings, right: str) -> str:
    """The line that mosquitto's access list needs (mosquitto.conf(5), acl_file)."""
    who = f"user {settings.username}: " if settings.username else ""
    return f"in the broker's access list: {who}topic {right} {settings.base_topic}/#"
