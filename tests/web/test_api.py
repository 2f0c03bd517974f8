"""Status, configuration, history and alerts as scripts and the page ask for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from monitor.values import ALERT_COLUMNS, SIGHTING_COLUMNS
from monitor.web.window import Json, Query
from tests.web.fakes import FakeWindow, alert, jpeg, sighting

LISTINGS = ["/api/history", "/api/history.csv", "/api/alerts"]
ID = alert(1)["id"]


@pytest.fixture
def asked(window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> list[Query]:
    """Collect what the window is asked."""
    queries: list[Query] = []
    rows = window._rows

    def note(which: list[dict[str, Any]], query: Query) -> Iterator[Json]:
        queries.append(query)
        return rows(which, query)

    monkeypatch.setattr(window, "_rows", note)
    return queries


def error_of(client: FlaskClient, address: str, status: int, **how: Any) -> str:
    """Ask for what is refused, and give the sentence."""
    response = client.get(address, **how)
    assert response.status_code == status, response.text
    body = response.get_json()
    assert list(body) == ["error"]
    sentence: str = body["error"]
    return sentence


def test_status_and_configuration_are_the_windows_own_in_their_order(client: FlaskClient, window: FakeWindow) -> None:
    assert client.get("/api/status").get_json() == window.status()
    assert list(client.get("/api/status").get_json()["cameras"]) == ["porch", "yard"]
    assert client.get("/api/config").get_json() == window.config()
    assert client.get("/api/config").headers["Cache-Control"] == "no-store"


def test_listings_give_the_rows_of_the_detection_log(client: FlaskClient, window: FakeWindow) -> None:
    assert client.get("/api/history").get_json() == {"sightings": window.sighting_rows}
    assert client.get("/api/alerts").get_json() == {"alerts": window.alert_rows}


def test_the_columns_are_those_of_the_rows() -> None:
    assert tuple(sighting()) == SIGHTING_COLUMNS
    assert tuple(alert(1)) == ALERT_COLUMNS


@pytest.mark.parametrize("listing", LISTINGS)
def test_all_filters_reach_the_window(client: FlaskClient, asked: list[Query], listing: str) -> None:
    client.get(
        listing,
        query_string={"camera": "porch", "label": "tabby", "since": "2026-09-21T12:00+02:00", "until": "2026-09-22", "limit": "7"},
    )
    since = datetime.fromisoformat("2026-09-21T10:00+00:00").timestamp()
    until = datetime(2026, 9, 22).astimezone().timestamp()
    assert asked == [Query("porch", "tabby", since, until, 7)]


def test_json_is_limited_where_no_limit_is_asked_for_and_csv_is_not(client: FlaskClient, asked: list[Query]) -> None:
    for listing in LISTINGS:
        client.get(listing)
    assert [query.limit for query in asked] == [100, None, 100]


@pytest.mark.parametrize("listing", LISTINGS)
def test_fields_that_a_form_leaves_empty_ask_for_nothing(client: FlaskClient, asked: list[Query], listing: str) -> None:
    assert client.get(f"{listing}?camera=&label=&since=&until=&limit=").status_code == 200
    assert (asked[0].camera, asked[0].label, asked[0].since, asked[0].until) == (None, None, None, None)


def test_a_plus_that_became_a_space_on_its_way_is_taken_for_one(client: FlaskClient, asked: list[Query]) -> None:
    client.get("/api/alerts?since=2026-09-21T12:00:00+02:00&until=2026-09-21 12:00")
    assert asked[0].since == datetime.fromisoformat("2026-09-21T10:00+00:00").timestamp()
    assert asked[0].until == datetime(2026, 9, 21, 12).astimezone().timestamp()


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "NaN", "1e3", "1_000", "\u0663", "99999999999", " 5"])
def test_a_bad_limit_is_told(client: FlaskClient, listing: str, limit: str) -> None:
    sentence = error_of(client, listing, 400, query_string={"limit": limit})
    assert "`limit` must be a whole number from 1 to" in sentence


def test_a_thousand_rows_are_the_most_in_json(client: FlaskClient) -> None:
    assert client.get("/api/history?limit=1000").status_code == 200
    assert "1 to 1000" in error_of(client, "/api/history?limit=1001", 400)
    assert client.get("/api/history.csv?limit=1001").status_code == 200


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "time", ["yesterday", "nan", "inf", "1e9", "-1", "2026-13-01", "12026-01-01", "0001-01-01", "9999-12-31", "1969-12-31T00:00+00:00"]
)
def test_a_bad_time_is_told(client: FlaskClient, listing: str, name: str, time: str) -> None:
    assert f"`{name}`" in error_of(client, listing, 400, query_string={name: time})


@pytest.mark.parametrize("listing", LISTINGS)
def test_an_unknown_camera_is_not_found(client: FlaskClient, listing: str) -> None:
    assert "porch, yard" in error_of(client, f"{listing}?camera=attic", 404)


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_history_that_cannot_be_read_says_why(client: FlaskClient, window: FakeWindow, listing: str) -> None:
    window.broken = True
    assert "disk I/O error" in error_of(client, listing, 503)


def test_csv_has_a_head_line_and_the_rows_and_is_saved_as_a_file(client: FlaskClient, window: FakeWindow) -> None:
    window.sighting_rows = [sighting(looks=number) for number in range(1, 451)]
    response = client.get("/api/history.csv")
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == "attachment; filename=history.csv"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert tuple(rows[0]) == SIGHTING_COLUMNS
    assert [row["looks"] for row in rows] == [str(number) for number in range(1, 451)]
    window.sighting_rows = []
    assert client.get("/api/history.csv").text == ",".join(SIGHTING_COLUMNS) + "\n"


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_label_becomes_a_formula(client: FlaskClient, window: FakeWindow, label: str) -> None:
    window.sighting_rows = [sighting(label, best_score=0.5)]
    assert f",frame,'{label},281," in client.get("/api/history.csv").text


def test_a_label_with_commas_quotes_and_line_breaks_stays_one_cell(client: FlaskClient, window: FakeWindow) -> None:
    window.sighting_rows = [sighting('a "big",\ncat')]
    assert next(csv.DictReader(io.StringIO(client.get("/api/history.csv").text, newline="")))["label"] == 'a "big",\ncat'


def fetch(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    """Fetch a file, to its end."""
    return client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()}, buffered=True)


def test_a_picture_stays_in_no_cache(client: FlaskClient) -> None:
    response = fetch(client, f"/api/alerts/{ID}/0.jpg")
    assert (response.mimetype, response.data) == ("image/jpeg", jpeg())
    assert response.headers["Cache-Control"] == "no-store"


def test_a_picture_that_a_browser_has_is_not_sent_again(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    path = window.snapshot(ID, 0)
    monkeypatch.setattr(window, "snapshot", lambda alert_id, seq: path)
    tag = fetch(client, f"/api/alerts/{ID}/0.jpg").headers["ETag"]
    again = fetch(client, f"/api/alerts/{ID}/0.jpg", If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")


def test_a_browser_can_seek_in_a_clip(client: FlaskClient) -> None:
    whole = fetch(client, f"/api/alerts/{ID}/clip")
    assert (whole.mimetype, whole.headers["Accept-Ranges"]) == ("video/webm", "bytes")
    part = fetch(client, f"/api/alerts/{ID}/clip", Range="bytes=4-5")
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, whole.data[4:6], "bytes 4-5/8")
    assert "8 bytes" in error_of(client, f"/api/alerts/{ID}/clip", 416, headers={"Range": "bytes=100-"})


def test_a_picture_of_a_relative_folder_is_found(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(window.folder)
    monkeypatch.setattr(window, "folder", window.folder.relative_to(window.folder))
    assert fetch(client, f"/api/alerts/{ID}/0.jpg").data == jpeg()


@pytest.mark.parametrize(
    "address",
    [
        *(f"/api/alerts/{ID}/9.jpg", "/api/alerts/none/0.jpg", "/api/alerts/none/clip", f"/api/alerts/{ID}/-1.jpg"),
        *(f"/api/alerts/{ID}/{'9' * 5000}.jpg", f"/api/alerts/{ID}/\u0663.jpg", f"/api/alerts/{ID}/0x0.jpg"),
        *("/api/alerts/../0.jpg", "/api/alerts/..%2f..%2fetc%2fpasswd/clip", "/api/alerts/*/clip", "/api/alerts/a%00b/clip"),
        *("/api/alerts/.hidden/clip", "/api/alerts/[a-z]*/0.jpg", f"/api/alerts/{'a' * 1000}/clip", "/api/alerts/a b/clip"),
    ],
)
def test_what_is_no_alert_is_not_found(client: FlaskClient, address: str) -> None:
    assert error_of(client, address, 404)


def test_only_what_can_be_an_id_is_looked_for(client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*asked: object) -> None:
        raise AssertionError(asked)

    monkeypatch.setattr(window, "clip", never)
    monkeypatch.setattr(window, "snapshot", never)
    for name in ("..", "*", "a%00b", "..%5c..", "%2e%2e", "a b"):
        client.get(f"/api/alerts/{name}/clip")
        client.get(f"/api/alerts/{name}/0.jpg")


def test_a_picture_that_was_cleared_away_meanwhile_is_not_found(
    client: FlaskClient, window: FakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "snapshot", lambda alert_id, seq: window.folder / "gone.jpg")
    assert error_of(client, f"/api/alerts/{ID}/0.jpg", 404)
