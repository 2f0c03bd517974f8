from __future__ import annotations

import pytest
from werkzeug.exceptions import HTTPException

from monitor.web.seats import Seats


def test_as_many_sit_as_there_are_seats_and_the_next_is_told_to_come_again() -> None:
    seats = Seats(2)
    with seats.take(), seats.take():
        assert seats.taken == 2
        with pytest.raises(HTTPException) as refused, seats.take():
            pass
        assert refused.value.response is not None
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) > 0
        assert seats.taken == 2
    assert seats.taken == 0


def test_a_seat_is_free_again_after_whoever_sat_on_it_failed() -> None:
    seats = Seats(1)
    with pytest.raises(ZeroDivisionError), seats.take():
        _ = 1 / 0
    with seats.take():
        pass
