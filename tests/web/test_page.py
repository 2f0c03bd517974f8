from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from monitor.web import page
from tests.web.fakes import FakeWindow

STATIC = Path(page.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
SHEETS = sorted(STATIC.glob("*.css"))
TEMPLATES = sorted(STATIC.glob("*.html"))


class Tags(HTMLParser):
    """Keeps the elements of a document, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.all if "id" in attributes]


@pytest.fixture
def html(client: FlaskClient) -> str:
    return client.get("/").text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_script_and_no_style_stands_inside_a_page(path: Path) -> None:
    for tag, attributes in Tags(path.read_text()).all:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS, *SHEETS, STATIC / "icon.svg"], ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    # The name of the SVG namespace is an address that nobody asks.
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|[\"'(]//\w|@import|@font-face", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_foreign_text_never_becomes_markup(path: Path) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML|eval\(|new Function|srcdoc"
    )
    assert not re.search(forbidden, path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_one_small_idea(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 140


def test_each_element_that_a_script_asks_for_is_there_once(html: str) -> None:
    ids = Tags(html).ids()
    assert len(set(ids)) == len(ids)
    asked = {found for path in SCRIPTS for found in re.findall(r'byId\("([^"]+)"\)', path.read_text())}
    assert asked
    assert asked - set(ids) <= {"sign-out"}


def test_what_a_script_imports_is_there(client: FlaskClient) -> None:
    for path in SCRIPTS:
        for names, module in re.findall(r'import \{ ([^}]+) \} from "\./([^"]+)"', path.read_text()):
            exported = set(re.findall(r"export (?:async )?(?:function|const|class) (\w+)", (STATIC / module).read_text()))
            assert set(names.split(", ")) <= exported, path.name
            assert client.get(f"/static/{module}").status_code == 200


def test_each_field_has_a_label_and_each_part_a_heading(html: str) -> None:
    tags = Tags(html).all
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    for tag, attributes in tags:
        if tag in ("input", "select") and attributes.get("type") not in ("hidden", "checkbox"):
            assert attributes.get("id") in labelled or attributes.get("aria-label"), attributes
        if tag == "section":
            assert attributes.get("aria-labelledby") in Tags(html).ids()


def test_each_tab_leads_to_a_part_of_the_page(html: str) -> None:
    links = re.findall(r'<a href="#(\w+)"><svg', html)
    assert links == ["live", "alerts", "history", "health", "settings", "try"]
    assert set(links) <= set(Tags(html).ids())


def test_without_scripts_a_sentence_says_what_to_do(html: str) -> None:
    assert re.search(r"<noscript>.*needs JavaScript.*/api/status.*</noscript>", html)


@pytest.mark.parametrize(("name", "kind"), [("style.css", "text/css"), ("main.js", "text/javascript"), ("icon.svg", "image/svg+xml")])
def test_files_are_served_with_their_types(client: FlaskClient, name: str, kind: str) -> None:
    response = client.get(f"/static/{name}")
    assert response.status_code == 200
    assert response.content_type == f"{kind}; charset=utf-8"
    assert response.data == (STATIC / name).read_bytes()


def test_a_file_that_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/static/main.js")
    again = client.get("/static/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["index.html", "login.html", "nothing.js", "..%2fpage.py", "%2e%2e/page.py", "../page.py", ""])
def test_nothing_else_is_given_out(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_the_page_names_the_box_and_its_cameras(html: str) -> None:
    assert "<title>shed · monitor</title>" in html
    assert "<option>porch</option><option>yard</option>" in html


def test_where_nobody_signs_in_nobody_signs_out(html: str) -> None:
    assert 'id="sign-out"' not in html
    assert "signed-in" not in html


def test_the_sign_in_is_a_plain_form_that_needs_its_own_sheet_only(locked: FlaskClient) -> None:
    html = locked.get("/login").text
    assert [attributes.get("name") for tag, attributes in Tags(html).all if tag == "input"] == ["csrf", "username", "password"]
    assert re.findall(r'(?:src|href)="(/[^"]*)"', html) == ["/static/style.css"]
    assert locked.get("/static/style.css").status_code == 200
    assert 'role="alert"' not in html


@pytest.mark.parametrize("kept", [True, False])
def test_clips_are_offered_only_where_they_are_kept(client: FlaskClient, window: FakeWindow, kept: bool) -> None:
    window.clips = kept
    assert ('name="clips"' in client.get("/").text) is kept
