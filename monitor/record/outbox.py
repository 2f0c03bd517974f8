"""The outbox as the publisher sees it: messages on the disk, and in memory while the disk refuses them.

The record thread puts messages on the disk (`store`) and, if it cannot, into memory (`hold`, `held`, `release`). The rest is the
publisher's thread, but for `facts`, which anyone may read.
A verdict that the disk does not take is kept in memory until it does: what a broker has is not handed out again before the next start.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from monitor.clock import Clock
from monitor.outgoing import OutboxFacts, Outgoing
from monitor.record.held import CAPACITY, Held, Key
from monitor.record.losses import Losses, add_losses
from monitor.record.outbox_rows import GET_CAMERAS, GET_LINE, MAX_PAYLOAD, State, facts_in, outgoing_of
from monitor.record.rows import Row
from monitor.record.second import SecondConnection
from monitor.record.turns import take_turns
from monitor.record.verdicts import AT_ONCE, DELIVERED, Verdict, apply, try_refused
from monitor.values import Moment

log = logging.getLogger(__name__)

RETRY = 600.0
"""Seconds between two attempts with what a broker refused, on one connection."""


class Outbox:
    """Hands messages out and takes verdicts. No call raises: a disk that refuses delays, no more.

    max_payload: bytes of a payload that is handed out; a larger one on the disk is never read.
    """

    def __init__(self, file: SecondConnection, clock: Clock, max_payload: int = MAX_PAYLOAD) -> None:
        self._file = file
        self._clock = clock
        self._max_payload = max_payload
        self._held = Held()
        self._out: set[Key] = set()
        self._verdicts: dict[Key, Verdict] = {}
        self._last = ""
        self._tried = float("-inf")
        self._refusal = ""
        self._overflowing = False
        self._on_disk = self._facts = OutboxFacts()

    def hold(self, outgoing: Sequence[Outgoing]) -> None:
        """Keep in memory what the disk refused; what a broker has by now is left out."""
        losses = self._held.hold(outgoing, self._clock.now().wall)
        if losses and not self._overflowing:
            log.error("%d alerts wait in memory, as the disk does not take them: from now on each new one drops an old one", CAPACITY)
        self._overflowing = bool(losses)

    def held(self) -> list[Outgoing]:
        """Give what is in memory, to be committed now; the outcome is told by `hold` or `release`."""
        return self._held.leave()

    def release(self, keys: Sequence[Key]) -> None:
        """Forget what is on the disk."""
        self._held.release(keys)

    def next(self, limit: int) -> list[Outgoing]:
        """Hand out at most `limit` messages that are not out already: of each camera in order, cameras taking turns."""
        self._settle()
        self._try_refused()
        messages = self._file.read(lambda connection: self._take(connection, limit), None)
        if messages is None:
            messages = self._take(None, limit)
        self._out.update(message.key for message in messages)
        if messages:
            self._last = messages[-1].camera
        self._look()
        return messages

    def again(self) -> None:
        """Take back all that is out; try one refused message of each camera again."""
        self._out.clear()
        self._tried = float("-inf")

    def acknowledge(self, keys: Sequence[Key]) -> None:
        """Forget messages that the broker has."""
        self._held.deliver(keys)
        for key in keys:
            self._decide(key, DELIVERED)
        if keys:
            self._refusal = ""
        self._settle()
        self._look()

    def refuse(self, key: Key, why: str) -> None:
        """Set a message aside that the broker will not have now."""
        if why != self._refusal:
            self._refusal = why
            log.warning("alert %s/%d is set aside and tried again later: %s (see `monitor outbox`)", *key, why)
        self._decide(key, Verdict(State.REJECTED, why))
        self._settle()

    def quarantine(self, key: Key, why: str) -> None:
        """Set a message aside that no broker should see again, until `monitor outbox retry`."""
        log.error("alert %s/%d is not sent: %s (see `monitor outbox`)", *key, why)
        self._decide(key, Verdict(State.POISON, why))
        self._settle()

    @property
    def facts(self) -> OutboxFacts:
        """How the outbox stood at the last `next` or `acknowledge`."""
        return self._facts

    def _take(self, connection: sqlite3.Connection | None, limit: int) -> list[Outgoing]:
        """Choose what to hand out: of each camera what is on the disk, then what is in memory."""
        lines: defaultdict[str, list[Iterable[Outgoing]]] = defaultdict(list)
        if connection is not None:
            for (camera,) in connection.execute(GET_CAMERAS).fetchall():
                lines[camera].append(self._line(connection, camera))
        for message in self._held.messages():
            lines[message.camera].append([message])
        seen = self._out | self._verdicts.keys()
        return take_turns({camera: _unseen(chain.from_iterable(parts), seen) for camera, parts in lines.items()}, self._last, limit)

    def _line(self, connection: sqlite3.Connection, camera: str) -> Iterator[Outgoing]:
        """Read what waits of a camera, row by row as it is asked for."""
        for row in connection.execute(GET_LINE, {"camera": camera, "limit": self._max_payload}):
            message = outgoing_of(row)
            if message is None:
                self._set_aside_unread(row)
            else:
                yield message

    def _set_aside_unread(self, row: Row) -> None:
        key, size = (row[0], row[1]), row[7]
        if key not in self._verdicts:
            why = f"its payload of {size} bytes is too large for any broker, and is not kept"
            log.error("alert %s/%d is not sent: %s", *key, why)
            self._verdicts[key] = Verdict(State.POISON, why, keep=False)

    def _decide(self, key: Key, verdict: Verdict) -> None:
        self._out.discard(key)
        self._verdicts[key] = verdict

    def _settle(self) -> None:
        """Write down the verdicts on what is on the disk, and the losses."""
        elsewhere = self._held.keys()
        due = dict(islice(((key, verdict) for key, verdict in self._verdicts.items() if key not in elsewhere), AT_ONCE))
        losses = self._held.losses
        if not due and not losses:
            return

        def write_down(connection: sqlite3.Connection) -> None:
            apply(connection, due)
            add_losses(connection, losses)

        if self._file.write(write_down):
            for key in due:
                del self._verdicts[key]
            self._held.counted(losses)

    def _try_refused(self) -> None:
        """Now and then, let some of what a broker refused wait again."""
        now = self._clock.now().mono
        if now - self._tried >= RETRY:
            self._tried = now
            self._file.write(try_refused)
            for key in self._held.keys() & self._verdicts.keys():
                if self._verdicts[key].aside is State.REJECTED:
                    del self._verdicts[key]

    def _look(self) -> None:
        self._on_disk = self._file.read(facts_in, self._on_disk)
        self._facts = _with_memory(self._on_disk, self._held.messages(), self._held.losses, self._clock.now())


def _unseen(messages: Iterable[Outgoing], seen: set[Key]) -> Iterator[Outgoing]:
    """Leave out what was seen, and note the rest as seen."""
    for message in messages:
        if message.key not in seen:
            seen.add(message.key)
            yield message


def _with_memory(facts: OutboxFacts, held: Sequence[Outgoing], lost: Losses, now: Moment) -> OutboxFacts:
    """Add what is in memory to what is on the disk."""
    total = Losses(facts.lost_alerts, facts.lost_notices, facts.lost_since, facts.lost_until) + lost
    since = [now.wall - (now.mono - message.since) for message in held if message.since > float("-inf")]
    return replace(
        facts,
        waiting=facts.waiting + len(held),
        size=facts.size + sum(len(message.payload) for message in held),
        oldest=min([*since, *filter(None, [facts.oldest])], default=None),
        lost_alerts=total.alerts,
        lost_notices=total.notices,
        lost_since=total.since,
        lost_until=total.until,
    )
