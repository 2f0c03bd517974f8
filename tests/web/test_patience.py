from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from monitor.web.patience import HEAD, STALLED, WHOLE, Patience


@dataclass(eq=False)
class Half:
    headers_finished: bool = False


@dataclass(eq=False)
class Client:
    request: Half | None = None
    total_outbufs_len: int = 0
    last_activity: float = 0.0


@dataclass
class Watch:
    """Looks at clients twice a second, as the server does."""

    clients: list[Client]
    now: float = 1000.0
    patience: Patience = field(default_factory=Patience)

    def lost_within(self, seconds: float) -> list[Client]:
        end = self.now + seconds
        while self.now < end:
            lost = self.patience.spent(self.clients, self.now)
            if lost:
                return lost
            self.now += 0.5
        return []


def test_a_client_that_waits_for_us_may_stay() -> None:
    assert Watch([Client()]).lost_within(1000.0) == []


def test_a_client_whose_headers_never_end_is_lost_however_often_it_sends_a_byte() -> None:
    client = Client(Half())
    watch = Watch([client, Client()])
    assert watch.lost_within(HEAD - 1) == []
    client.last_activity += 1
    assert watch.lost_within(2.0) == [client]


def test_a_body_has_longer_to_come() -> None:
    client = Client(Half(headers_finished=True))
    watch = Watch([client])
    assert watch.lost_within(WHOLE - 1) == []
    assert watch.lost_within(2.0) == [client]


def test_a_client_that_takes_nothing_is_lost() -> None:
    client = Client(total_outbufs_len=100)
    watch = Watch([client])
    assert watch.lost_within(STALLED - 1) == []
    assert watch.lost_within(2.0) == [client]


@pytest.mark.parametrize("progress", [{"total_outbufs_len": 90}, {"last_activity": 5.0}, {"total_outbufs_len": 0}])
def test_a_client_that_takes_a_little_now_and_then_may_stay(progress: dict[str, float]) -> None:
    client = Client(total_outbufs_len=100)
    watch = Watch([client])
    assert watch.lost_within(STALLED - 1) == []
    for name, value in progress.items():
        setattr(client, name, value)
    assert watch.lost_within(STALLED - 1) == []


def test_each_request_on_a_connection_has_the_whole_time() -> None:
    client = Client(Half())
    watch = Watch([client])
    for _ in range(5):
        assert watch.lost_within(HEAD - 1) == []
        client.request = Half()


def test_connections_that_have_ended_are_forgotten() -> None:
    patience = Patience()
    patience.spent([Client(Half()) for _ in range(100)], 1000.0)
    patience.spent([], 1001.0)
    assert not patience._since
