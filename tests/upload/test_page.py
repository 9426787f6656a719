"""The upload page in both languages and all its states, run as a person would use it."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import LOCAL_PERSON, PEOPLE_FILE
from dashboard.home import Home
from dashboard.upload import runs
from dashboard.words import word
from tests.conftest import close_all
from tests.drawn import write_export
from tests.once import load_once

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff]")
PAID = b"payment_id,case_id,paid_on,amount,kind\nP2,C1,2026-01-20,250.00,payment\nP3,C1,2026-01-21,x,payment\n" + b"".join(
    b"Q%d,C1,2026-01-10,1.00,payment\n" % number for number in range(30)
)
Open = Callable[[str], AppTest]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    place = Home(tmp_path / "home")
    tables = {
        "cases": "case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000",
        "payments": "case_id | paid_on | amount\nC1 | 2026-01-09 | 10.00",
    }
    load_once(write_export(tmp_path / "first", tables, settings={"as_of": "2026-01-31"}), place)
    monkeypatch.setenv("COLLECTIONS_HOME", str(place.path))
    return place


@pytest.fixture
def opened(home: Home) -> Open:
    def open_page(lang: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        app.switch_page(str(ROOT / "pages" / "upload.py")).run()
        return checked(app, lang)

    return open_page


def checked(app: AppTest, lang: str) -> AppTest:
    """No exception, and no word of the other language."""
    assert not app.exception, [error.value for error in app.exception]
    said = [text.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error, app.success) for text in kind]
    said += [one.label for kind in (app.button, app.selectbox, app.metric) for one in kind]
    for text in said:
        rest = text.replace("中文", "")
        if lang == "en":
            assert not CHINESE.search(rest), rest
        elif re.search(r"[A-Za-z]{3,}", rest):
            rest = re.sub(
                r":\w+\[|`[^`]*`|[\w\\.-]+\.(csv|pdf)|CSV|Excel|CNY|default|utf|zip|csv, .*, ndjson|export|\\\([a-z_.]+\\\)|[\da-f]{8}",
                "",
                rest,
            )
            assert not re.search(r"[A-Za-z]{3,}", rest), rest
    return app


def send(app: AppTest, lang: str, name: str = "export.zip", content: bytes | None = None) -> AppTest:
    app.file_uploader[0].set_value([(name, zipped() if content is None else content, "application/octet-stream")])
    app.run()
    app.button(key="upload_start").click().run()
    return checked(app, lang)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("export/payments.csv", PAID)
        archive.writestr("export/export.toml", "[export]\nas_of = 2026-01-31\n")
        archive.writestr("export/notes.pdf", "x")
    return out.getvalue()


def answered(app: AppTest, lang: str) -> AppTest:
    run = runs.find(LOCAL_PERSON, app.session_state["upload"])
    assert run is not None
    for _ in range(600):
        if run.state != "running":
            break
        time.sleep(0.1)
    app.run()
    return checked(app, lang)


def said(app: AppTest) -> str:
    return " ".join(text.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error, app.success) for text in kind)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_from_nothing_chosen_to_published(opened: Open, home: Home, lang: str) -> None:
    before = home.info().id
    app = opened(lang)
    assert app.button(key="upload_start").disabled and "600 MB" in said(app)
    send(app, lang)
    answered(app, lang)
    assert not app.file_uploader
    cards = {card.label: (card.value, card.delta) for card in app.metric}
    net, change = cards["Net cash" if lang == "en" else "净回款"]
    assert net.replace("\\", "") == "¥290.00" and change == "+2,800.0%"
    assert "payments" not in said(app) or lang == "en"
    assert "notes\\.pdf" in said(app) and word("data.accounted", lang) in said(app)
    assert len(app.dataframe) == 4  # changes, files, one breach, one kind of suspicion
    assert home.info().id == before
    app.button(key="upload_publish").click().run()
    checked(app, lang)
    assert app.success and home.info().id != before
    assert home.info().id in app.query_params["snapshot"]
    app.button(key="upload_another").click().run()
    assert checked(app, lang).file_uploader
    close_all(home)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_refused_with_every_breach(opened: Open, home: Home, lang: str) -> None:
    before = home.info().id
    app = answered(send(opened(lang), lang, "cases.csv", b"case_id,product\nC2,card\n"), lang)
    assert word("upload.refused", lang) in said(app)
    (shown,) = app.dataframe
    assert len(shown.value) == 3
    assert not any(button.key == "upload_publish" for button in app.button) and home.info().id == before
    assert app.get("download_button")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_discarded_and_overtaken_and_picked_up_by_another_tab(opened: Open, home: Home, tmp_path: Path, lang: str) -> None:
    app = answered(send(opened(lang), lang), lang)
    token = app.session_state["upload"]
    other = opened(lang)
    other.button(key=token).click().run()
    assert any(button.key == "upload_publish" for button in checked(other, lang).button)
    extra = {"payments": "payment_id | case_id | paid_on | amount\nX1 | C1 | 2026-01-08 | 5.00"}
    load_once(write_export(tmp_path / "extra", extra, settings={"as_of": "2026-01-31"}), home)
    app.button(key="upload_publish").click().run()
    assert checked(app, lang).warning and word("upload.again", lang) in [button.label for button in app.button]
    app.button(key="upload_again").click().run()
    answered(app, lang)
    app.button(key="upload_discard").click().run()
    assert word("upload.discarded", lang) in said(checked(app, lang))
    close_all(home)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_not_taken_in_is_said_at_once(opened: Open, home: Home, lang: str) -> None:
    app = send(opened(lang), lang, "a.zip", b"no archive")
    assert app.error and app.file_uploader and not list((home.path / "uploads").glob("*/export"))


def test_running_can_be_cancelled(opened: Open, home: Home) -> None:
    with home.lock():
        app = send(opened("en"), "en")
        assert "Trying it" in said(app)
        app.button(key="upload_cancel").click().run()
        answered(app, "en")
    assert "Cancelled" in said(app)


def test_who_may_not_upload_is_told_so(opened: Open, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("en")
    monkeypatch.setattr("dashboard.access.may_upload", lambda who: False)
    app.run()
    assert not app.exception and not app.file_uploader
    (home.path / PEOPLE_FILE).write_text('[[person]]\nid = "ann"\nrole = "hr"\n', encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_USER", "ann")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert "Upload" not in [link.proto.label for link in app.sidebar.get("page_link")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_data_page_leads_here(opened: Open, lang: str) -> None:
    app = opened(lang)
    app.switch_page(str(ROOT / "pages" / "data.py")).run()
    assert not app.exception
    assert word("upload.choose", lang) in [link.proto.label for link in app.main.get("page_link")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_load_of_all(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Home(tmp_path / "empty")
    monkeypatch.setenv("COLLECTIONS_HOME", str(place.path))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["lang"] = lang
    checked(app.run(), lang)
    assert [title.value for title in app.title] == [word("app.nothing_loaded", lang)]
    first = io.BytesIO()
    with zipfile.ZipFile(first, "w") as archive:
        for path in write_export(tmp_path / "first", {"payments": "case_id | paid_on | amount\nC1 | 2026-01-09 | 10.00"}).iterdir():
            archive.write(path, path.name)
    answered(send(app, lang, content=first.getvalue()), lang)
    app.button(key="upload_publish").click().run()
    checked(app, lang)
    assert place.info().rows == 1 and [title.value for title in app.title] == [word("page.upload", lang)]
    close_all(place)


def test_who_may_not_upload_is_told_that_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Home(tmp_path / "empty")
    place.path.mkdir()
    (place.path / PEOPLE_FILE).write_text('[[person]]\nid = "ann"\nrole = "hr"\n', encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_HOME", str(place.path))
    monkeypatch.setenv("COLLECTIONS_USER", "ann")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert not app.exception and not app.file_uploader and app.title[0].value == word("app.nothing_loaded", "en")
