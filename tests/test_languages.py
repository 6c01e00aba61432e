"""Every language is complete: all texts are translated, and no page of one language holds a text of the other."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from gamify_site.players.models import Account
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player

ROOT = Path(settings.BASE_DIR)
SOURCES = ("achievements", "gamify_site", "leaderboards", "templates", "manage.py")
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
GERMAN = {"accept-language": "de"}
PART = {"HX-Request": "true", "HX-Target": "rows"}
PAGES = (
    "/",
    "/achievements/",
    "/achievements/?q=nothing",
    "/achievements/ten/",
    "/achievements/relics/",
    "/achievements/ladder/",
    "/achievements/week/",
    "/achievements/none/",
    "/players/?q=b",
    "/players/alice/",
    "/players/bob/",
    "/players/bob/share/",
    "/players/alice/compare/bob/",
    "/leaderboards/",
    "/leaderboards/coins/",
    "/leaderboards/coins/?window=week",
    "/leaderboards/coins/?friends=1",
    "/leaderboards/coins/?after=",
    "/leaderboards/coins/?top=many",
    "/leaderboards/none/",
    "/play/",
    "/accounts/settings/",
    "/accounts/password/",
    "/manage/",
    "/manage/boards/",
    "/manage/boards/new/",
    "/manage/boards/coins/edit/",
    "/manage/boards/coins/delete/",
    "/manage/boards/coins/scores/?player=alice",
    "/manage/accounts/",
)
# What is spelled the same in both, and what somebody has called so.
SAME = {
    *("Gamify", "Name", "Team", "Region", "Live", "Meta", "Demo", "Start", "Deutsch", "English", "UTC"),
    *("Jan", "Feb", "Apr", "Jun", "Jul", "Aug", "Sep", "Nov"),
    *("Alice", "Bob", "alice", "bob", "Ten", "Hundred", "Hush", "Relics", "Ladder", "Week", "cup", "ring"),
    *("Coins", "coins", "coin", "Achievement points", "achievement-points", "The points of everything unlocked."),
}


def catalog(language: str) -> Catalog:
    with (ROOT / f"gamify_site/locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, (list, tuple)) else [str(message.string)]


def as_key(message: Message) -> str:
    """The text in English; the singular where there are two."""
    return message.id if isinstance(message.id, str) else message.id[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated(language):
    found = catalog(language)
    assert [message.id for message in found if message.id and (message.fuzzy or not all(texts(message)))] == []
    assert list(found.obsolete) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_kept(language):
    for message in catalog(language):
        asked = sorted(set(PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[-1])))
        for number, text in enumerate(texts(message)):
            told = sorted(set(PLACEHOLDER.findall(text)))
            is_singular = number == 0 and not isinstance(message.id, str)
            assert told == asked or (is_singular and set(told) <= set(asked)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_texts_are_those_of_the_catalog(language):
    with (ROOT / f"gamify_site/locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
        compiled = {as_key(message): texts(message) for message in read_mo(file) if message.id}
    assert compiled == {as_key(message): texts(message) for message in catalog(language) if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed: texts cannot be collected")
def test_every_marked_text_is_in_the_catalog(language, tmp_path):
    for name in SOURCES:
        copy = shutil.copy if (ROOT / name).is_file() else shutil.copytree
        copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "manage.py", "makemessages", "--locale", language, "--no-location", "--no-obsolete"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "GAMIFY"))}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    with (tmp_path / f"gamify_site/locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        assert {as_key(message) for message in read_po(file)} == {as_key(message) for message in catalog(language)}


class Words(HTMLParser):
    """What can be read on a page: texts, and the attributes that are read aloud or shown."""

    READ = ("aria-label", "alt", "title", "placeholder")

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.is_silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_silent = tag in {"script", "style", "code", "option"}
        for name, value in attrs:
            if value and (name in self.READ or name.startswith("data-label")):
                self.found.add(" ".join(value.split()))

    def handle_endtag(self, _tag: str) -> None:
        self.is_silent = False

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split()).removesuffix(" · Gamify")
        if not self.is_silent and re.search(r"[A-Za-z]{2}", text):
            self.found.add(text)


def words(client, address: str, **headers: str) -> set[str]:
    reader = Words()
    reader.feed(client.get(address, headers=headers).content.decode())
    return reader.found


@pytest.fixture
def played(store, clock) -> None:  # noqa: ARG001  (the store comes first)
    make_board("coins", {"alice": 5, "bob": 1234567}, action="coin", windows=("all", "week"), segment_by="country")
    make_player("bob", name="Bob", country="SE", about="bob")
    make("ten")
    make("hundred", target=100, prerequisites=("ten",))
    make("hush", hidden=True)
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("week", type="streak", action="login", target=7, freezes=1)
    for player in ("alice", "bob"):
        do(player, "coin", amount=20)
        do(player, "login")
    do("alice", "relic", item="cup")


@pytest.fixture
def boss(played, client) -> Client:  # noqa: ARG001  (the store comes first)
    """Alice, who is staff, so that every page is open to her."""
    make_player("alice", name="Alice")
    client.force_login(Account.objects.create_user(username="alice", password=None, is_staff=True))
    return client


@pytest.mark.parametrize("address", PAGES)
def test_no_page_mixes_languages(boss, address):
    assert words(boss, address) & words(boss, address, **GERMAN) - SAME == set()


def test_first_visit_goes_by_the_browser_and_a_choice_is_kept(client, store):  # noqa: ARG001
    assert '<html lang="de">' in client.get("/", headers=GERMAN).content.decode()
    answer = client.post("/language/", {"language": "en", "next": "/players/?q=a"}, headers=GERMAN)
    assert answer.url == "/players/?q=a"
    page = client.get("/", headers=GERMAN)
    assert '<html lang="en">' in page.content.decode()
    assert {"Accept-Language", "Cookie"} <= set(page["Vary"].split(", "))


def test_choice_of_a_language_leads_nowhere_else(client, store):  # noqa: ARG001
    assert client.post("/language/", {"language": "de", "next": "https://example.org/"}).url == "/"
    assert client.get("/language/").status_code in {302, 405}


@pytest.mark.usefixtures("played")
def test_what_is_kept_for_everybody_is_kept_by_language(client):
    pages = [client.get("/leaderboards/coins/", headers=it) for it in (GERMAN, {}, GERMAN)]
    assert ["1.234.587" in page.content.decode() for page in pages] == [True, False, True]
    assert all('data-score="1234587"' in page.content.decode() for page in pages)
    english, german = (client.get("/leaderboards/coins/", headers=PART | it) for it in ({}, GERMAN))
    assert english["ETag"] != german["ETag"]
    again = client.get("/leaderboards/coins/", headers=PART | GERMAN | {"if-none-match": german["ETag"]})
    assert again.status_code == 304
    cards = [client.get("/achievements/", headers=it).content.decode() for it in (GERMAN, {}, GERMAN)]
    assert ["Punkte" in page for page in cards] == [True, False, True]
