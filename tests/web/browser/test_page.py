from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.web.browser.conftest import TABS, Visitor
from tests.web.fakes import alert, jpeg, sighting

pytestmark = pytest.mark.real

COLOUR = """
const image = document.querySelector(".card img");
if (!image.naturalWidth) return null;
const canvas = new OffscreenCanvas(1, 1).getContext("2d");
canvas.drawImage(image, 0, 0, 1, 1);
return canvas.getImageData(0, 0, 1, 1).data[0];
"""


def test_someone_signs_in_looks_tries_a_picture_and_signs_out(stranger: Visitor, tmp_path: Path) -> None:
    stranger.browser.get(stranger.address)
    stranger.until(lambda: stranger.browser.current_url.endswith("/login"))
    stranger.find("#username").send_keys("admin")
    stranger.find("#password").send_keys("wrong", Keys.ENTER)
    stranger.until(lambda: stranger.texts("[role=alert]"))
    stranger.find("#username").send_keys("admin")
    stranger.find("#password").send_keys("correct horse", Keys.ENTER)
    stranger.until(lambda: stranger.texts("#connection") == ["live"])
    stranger.until(lambda: stranger.texts(".card h3") == ["porch", "yard"])
    (tmp_path / "cat.jpg").write_bytes(jpeg())
    stranger.go("try")
    stranger.find("#file").send_keys(str(tmp_path / "cat.jpg"))
    stranger.until(lambda: len(stranger.texts(".result .bars li")) == 3)
    stranger.find("#sign-out").click()
    stranger.until(lambda: stranger.browser.current_url.endswith("/login"))
    stranger.browser.get(stranger.address)
    stranger.until(lambda: stranger.browser.current_url.endswith("/login"))


def test_a_session_that_ended_leads_back_to_the_sign_in(stranger: Visitor) -> None:
    stranger.browser.get(f"{stranger.address}/login")
    stranger.find("#username").send_keys("admin")
    stranger.find("#password").send_keys("correct horse", Keys.ENTER)
    stranger.until(lambda: stranger.texts("#connection") == ["live"])
    stranger.browser.delete_all_cookies()
    stranger.find('nav a[href="#settings"]').click()
    stranger.until(lambda: stranger.browser.current_url.endswith("/login"))


def test_the_live_picture_moves(visitor: Visitor) -> None:
    visitor.open()
    first = visitor.until(lambda: visitor.run(COLOUR))
    visitor.until(lambda: visitor.run(COLOUR) != first)
    assert visitor.run("return document.querySelector('.card img').naturalWidth") == 160
    assert not visitor.complaints()


def test_nobody_is_watched_for_while_another_part_is_shown_or_the_picture_is_paused(visitor: Visitor) -> None:
    visitor.open()
    visitor.until(lambda: visitor.window.watching.get("porch") == 1)
    visitor.go("health")
    visitor.until(lambda: visitor.window.watching["porch"] == 0)
    visitor.go("live")
    visitor.until(lambda: visitor.window.watching["porch"] == 1)
    visitor.find(".card .watch").click()
    visitor.until(lambda: visitor.texts(".card .watch") == ["Watch"] and visitor.window.watching["porch"] == 0)
    visitor.find(".card .watch").click()
    visitor.until(lambda: visitor.window.watching["porch"] == 1)


def test_nobody_is_watched_for_while_another_window_covers_the_page(visitor: Visitor) -> None:
    visitor.open()
    visitor.until(lambda: visitor.window.watching.get("porch") == 1)
    page = visitor.browser.current_window_handle
    visitor.browser.switch_to.new_window("tab")
    visitor.until(lambda: visitor.window.watching["porch"] == 0)
    visitor.browser.close()
    visitor.browser.switch_to.window(page)
    visitor.until(lambda: visitor.window.watching["porch"] == 1)
    visitor.until(lambda: visitor.texts("#connection") == ["live"])


def test_four_cameras_stream_at_most_and_another_one_on_request(visitor: Visitor) -> None:
    def streaming() -> set[str]:
        return {name for name, viewers in visitor.window.watching.items() if viewers}

    def playing() -> set[str]:
        return {card for card, word in zip(names, visitor.texts(".card .watch"), strict=True) if word == "Pause"}

    names = visitor.window.names = [f"camera-{number}" for number in range(6)]
    visitor.look(1280, height=3000)
    visitor.open()
    visitor.until(lambda: streaming() == set(names[:4]) and playing() == streaming())
    visitor.browser.find_elements(By.CSS_SELECTOR, ".card .watch")[5].click()
    visitor.until(lambda: streaming() == {names[5], *names[:3]} and playing() == streaming())


def test_nothing_moves_by_itself_for_those_who_asked_their_system_for_that(visitor: Visitor) -> None:
    visitor.media("prefers-reduced-motion", "reduce")
    visitor.open()
    visitor.until(lambda: visitor.run(COLOUR))
    assert visitor.texts(".card .watch") == ["Watch"]
    visitor.until(lambda: visitor.window.watching["porch"] == 0)


def test_a_card_says_what_the_model_sees_and_why_the_rules_decide_so(visitor: Visitor) -> None:
    visitor.open()
    visitor.until(lambda: visitor.texts(".card h3") == ["porch", "yard"])
    assert visitor.texts(".card .bars li")[0].split() == ["tabby", "91%"]
    assert visitor.texts(".rules .chip") == ["ON", "OFF"]
    assert visitor.texts(".rule-words") == ["seen at 0.91 or more since 12 s", "0.02 is below 0.60"]
    assert visitor.texts(".gate") == ["Gate: something moves"]
    assert visitor.texts(".card > header .chip") == ["online", "offline"]
    assert visitor.texts(".picture-words") == ["Offline: no connection; nobody answers."]


def test_a_model_that_only_stands_in_is_named_above_the_cameras(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    status = visitor.window.status()
    model = {**status["model"], "name": "efficientnet_lite0", "fallback_reason": "resnet18 is missing"}
    monkeypatch.setattr(visitor.window, "status", lambda: {**status, "model": model})
    visitor.open()
    words = "efficientnet_lite0 stands in for the model that was asked for: resnet18 is missing."
    visitor.until(lambda: visitor.texts("#live-warning") == [words])


def test_what_the_model_sees_is_drawn_on_request(visitor: Visitor) -> None:
    visitor.open()
    visitor.until(lambda: visitor.texts(".card h3"))
    assert not visitor.find(".overlay").is_displayed()
    visitor.find("#overlay-toggle").click()
    visitor.until(lambda: visitor.find(".overlay").is_displayed())
    assert [visitor.find(f".overlay .{kind}").is_displayed() for kind in ("square", "movement", "zone")] == [True] * 3


def test_an_alert_appears_by_itself_and_is_announced(visitor: Visitor) -> None:
    visitor.open("alerts")
    visitor.until(lambda: len(visitor.texts(".episode")) == 2)
    visitor.window.alert_rows.append(alert(3, label="Persian cat", started_at="2026-09-21T15:00:00.000+00:00"))
    visitor.until(lambda: len(visitor.texts(".episode")) == 3)
    assert visitor.texts(".episode h3")[0] == "Persian cat 91%"
    assert visitor.find("#announcer").get_attribute("textContent") == "New alert: Persian cat on porch, rule cat"
    assert visitor.texts(".episode .chip")[0] == "still there"
    visitor.window.alert_rows.append(alert(3, "end", label="Persian cat", started_at="2026-09-21T15:00:00.000+00:00"))
    visitor.until(lambda: visitor.texts(".episode .chip")[0] == "gone")
    assert "lasted 13 s" in visitor.texts(".episode")[0]
    visitor.until(lambda: visitor.run("return document.querySelector('.episode img').naturalWidth") == 160)


def test_alerts_that_came_meanwhile_are_counted(visitor: Visitor) -> None:
    visitor.open("health")
    visitor.window.alert_rows.append(alert(3))
    visitor.until(lambda: visitor.texts("#alerts-new") == ["1 new"])
    visitor.go("alerts")
    visitor.until(lambda: visitor.texts("#alerts-new") == [])


def test_a_clip_is_played_on_request(visitor: Visitor, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "clip.webm"), cv2.VideoWriter.fourcc(*"VP80"), 5, (160, 90))
    for level in range(0, 250, 25):
        writer.write(np.full((90, 160, 3), level, np.uint8))
    writer.release()
    visitor.open("alerts")
    visitor.until(lambda: visitor.texts(".episode"))
    visitor.find(".clip button").click()
    visitor.until(lambda: visitor.run("return document.querySelector('video').currentTime > 0.2"))


def test_a_clip_that_cannot_be_had_is_said_to_be_missing(visitor: Visitor) -> None:
    visitor.open("alerts")
    visitor.until(lambda: visitor.texts(".episode"))
    visitor.find(".clip button").click()
    visitor.until(lambda: visitor.texts(".clip")[0] == "There is no clip of this alert.")


def test_no_alerts_are_no_empty_page(visitor: Visitor) -> None:
    visitor.window.alert_rows.clear()
    visitor.window.sighting_rows.clear()
    visitor.open("alerts")
    visitor.until(lambda: visitor.texts("#alerts-empty"))
    visitor.go("history")
    visitor.until(lambda: visitor.texts("#history-empty"))
    assert visitor.texts("#timeline") == ["No alert on this day."]


def test_the_history_is_filtered_and_downloaded_with_the_same_filters(visitor: Visitor) -> None:
    visitor.open("history")
    visitor.until(lambda: visitor.texts("#history-rows td[data-name=Label]") == ["doormat", "tabby"])
    Select(visitor.find("#history-camera")).select_by_visible_text("yard")
    visitor.find("#history-form .primary").click()
    visitor.until(lambda: visitor.texts("#history-rows td[data-name=Label]") == ["doormat"])
    assert (visitor.find("#history-csv").get_attribute("href") or "").endswith("/api/history.csv?camera=yard")
    visitor.find("#history-label").send_keys("nothing", Keys.ENTER)
    visitor.until(lambda: visitor.texts("#history-empty"))
    assert "label=nothing" in (visitor.find("#history-json").get_attribute("href") or "")
    visitor.find("#history-form [type=reset]").click()
    visitor.until(lambda: len(visitor.texts("#history-rows tr")) == 2)


def test_the_timeline_has_a_line_for_each_rule_of_the_chosen_day(visitor: Visitor) -> None:
    visitor.window.alert_rows.append(alert(3, rule="parcel", zone="door"))
    visitor.open("history")
    visitor.run("const day = document.getElementById('day'); day.value = '2026-09-21'; day.dispatchEvent(new Event('change'))")
    visitor.until(lambda: visitor.texts(".line p") == ["cat · porch 2 alerts", "parcel · porch, door 1 alert"])


def test_a_history_that_cannot_be_read_is_said_to_be(visitor: Visitor) -> None:
    visitor.window.broken = True
    visitor.open("history")
    visitor.until(lambda: visitor.texts("#history-trouble"))
    visitor.go("alerts")
    visitor.until(lambda: visitor.texts("#alerts-trouble"))


def test_health_says_what_is_wrong_in_words(visitor: Visitor) -> None:
    visitor.open("health")
    visitor.until(lambda: visitor.texts("#health-summary") == ["1 bad"])
    assert "Offline: no connection; nobody answers" in visitor.texts(".thing > p")


def test_settings_open_as_a_tree(visitor: Visitor) -> None:
    visitor.open("settings")
    visitor.until(lambda: visitor.texts(".tree code") == ["shed"])
    visitor.find("#settings-open").click()
    assert "rtsp://***@cam.lan/sub" in visitor.texts(".tree code")
    visitor.find("#settings-close").click()
    assert visitor.texts(".tree code") == ["shed"]


@pytest.mark.parametrize("way", ["chosen", "dropped", "pasted"])
def test_a_photograph_gets_its_labels(visitor: Visitor, tmp_path: Path, way: str) -> None:
    visitor.open("try")
    if way == "chosen":
        (tmp_path / "cat.jpg").write_bytes(jpeg())
        visitor.find("#file").send_keys(str(tmp_path / "cat.jpg"))
    else:
        visitor.run(
            """const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(arguments[0])], "cat.jpg", { type: "image/jpeg" }));
            const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
            if (arguments[1] === "dropped") document.getElementById("drop").dispatchEvent(drop);
            else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer }));""",
            list(jpeg()),
            way,
        )
    visitor.until(lambda: len(visitor.texts(".result .bars li")) == 3)
    assert visitor.texts(".result .bars li")[0].split() == ["tabby", "91.23%"]
    assert visitor.texts(".result h3") == ["cat.jpg"]
    assert visitor.run("return document.querySelector('.result img').naturalWidth") == 160


def test_of_several_files_each_gets_its_own_answer(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(jpeg())
    (tmp_path / "list.jpg").write_text("milk, eggs, cat food")
    visitor.open("try")
    visitor.find("#file").send_keys(f"{tmp_path / 'cat.jpg'}\n{tmp_path / 'list.jpg'}")
    visitor.until(lambda: len(visitor.texts(".result .bars li")) == 3 and len(visitor.texts(".result .trouble")) == 1)


def test_a_label_is_text_whatever_it_looks_like(visitor: Visitor) -> None:
    nasty = "<img src=x onerror=\"document.title='broken into'\">"
    visitor.window.alert_rows[:] = [alert(1, label=nasty, rule=nasty, reason=nasty)]
    visitor.window.sighting_rows[:] = [sighting(nasty)]
    visitor.open("alerts")
    visitor.until(lambda: visitor.texts(".episode h3") == [f"{nasty} 91%"])
    visitor.go("history")
    visitor.until(lambda: visitor.texts("#history-rows td[data-name=Label]") == [nasty])
    assert visitor.browser.title == "History · shed · monitor"
    assert not visitor.run("return document.querySelector('[onerror]')")
    assert not visitor.complaints()


def test_a_server_that_was_away_is_found_again(visitor: Visitor) -> None:
    visitor.open()
    visitor.until(lambda: visitor.run(COLOUR))
    visitor.restart(lambda: visitor.until(lambda: visitor.texts("#connection") == ["reconnecting"]))
    visitor.window.alert_rows.append(alert(3))
    visitor.until(lambda: visitor.texts("#connection") == ["live"])
    visitor.until(lambda: visitor.window.watching["porch"] == 1)
    first = visitor.run(COLOUR)
    visitor.until(lambda: visitor.run(COLOUR) not in (None, first))
    visitor.go("alerts")
    visitor.until(lambda: len(visitor.texts(".episode")) == 3)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_has_to_be_scrolled_sideways(visitor: Visitor, width: int) -> None:
    visitor.window.sighting_rows[:] = [sighting("a-label-without-a-single-space-" * 4)]
    visitor.window.alert_rows[:] = [alert(1, label="a-label-without-a-single-space-" * 4)]
    visitor.look(width)
    visitor.open()
    for tab in TABS:
        visitor.go(tab)
        overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert visitor.run(overflow) <= 0, tab


def test_the_page_is_dark_where_the_system_is(visitor: Visitor) -> None:
    def brightness() -> int:
        return int(visitor.run("return Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"))

    visitor.open()
    assert brightness() > 200
    visitor.look(1280, "dark")
    visitor.until(lambda: brightness() < 50)


def test_a_keyboard_reaches_every_control(visitor: Visitor) -> None:
    visitor.open()
    for tab in TABS:
        visitor.go(tab)
        visitor.filled(tab)
        wanted = visitor.run(CONTROLS)
        reached = {visitor.run("document.activeElement.blur(); return -1")}
        for _ in range(wanted + 30):
            ActionChains(visitor.browser).send_keys(Keys.TAB).perform()
            reached.add(visitor.run("return controls.indexOf(document.activeElement)"))
        assert reached >= set(range(wanted)), tab


CONTROLS = """
window.controls = [...document.querySelectorAll("a[href], button, input, select, summary")]
  .filter((node) => node.checkVisibility() || (node.type === "file" && !node.closest("[hidden]")));
return controls.length;
"""
