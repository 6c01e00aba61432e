"""Every language is complete: all texts are translated, and no page of one language holds a text of the other."""

import json
import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.utils.translation import override

from achievements import wording
from achievements.definitions import Tier
from achievements.views.play import MOVES
from gamify_site import clock
from gamify_site.clock import NOT_AHEAD, set_ahead
from gamify_site.players.choices import country_names
from gamify_site.players.models import Account
from gamify_site.store import keys
from leaderboards.forms import BoardForm
from leaderboards.services import ranking, scores
from leaderboards.wording import left
from tests.achievements.builders import do, make
from tests.achievements.test_hidden import names
from tests.builders import crowd, make_board, make_player, season
from tests.conftest import Store, forget_everything
from tests.ops import urls_with_demo
from tests.snapshots import build_once, copy, restore

ROOT = Path(settings.BASE_DIR)
SOURCES = ("achievements", "gamify_site", "leaderboards", "templates", "manage.py")
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}")
GERMAN = {"accept-language": "de"}
HOW = {"how": "set"}
BOARD = {
    "name": "Cups",
    "slug": "cups",
    "combine": "sum",
    "order": "desc",
    "decimals": "0",
    "windows": "all",
    "timezone": "UTC",
    "retention_days": "90",
    "grace_hours": "1",
    "ties": "shared",
    "floor": "0",
    "news_top": "100",
}
PART = {"HX-Request": "true", "HX-Target": "rows"}
# What every page shows, by the name of its address; the `manage` pages to staff, the rest to everybody who may see it.
PAGES = {
    "home": ["/"],
    "catalog": ["/achievements/", "/achievements/?q=nothing", "/achievements/?sort=rarest"],
    "achievement": [f"/achievements/{slug}/" for slug in ("ten", "relics", "ladder", "visits", "late", "none")],
    "find_players": ["/players/", "/players/?q=b", "/players/?q=nobody"],
    "profile": ["/players/alice/", "/players/bob/", "/players/nobody/"],
    "share": ["/players/bob/share/"],
    "compare": ["/players/alice/compare/bob/"],
    "board_list": ["/leaderboards/"],
    "board": [
        f"/leaderboards/{question}"
        for question in (
            *("coins/", "coins/?window=week", "coins/?friends=1", "coins/?after=", "coins/?rank=2", "coins/?top=many"),
            *("coins/?window=week&period=2020-W01", "coins/?window=day", "coins/?segment=SE", "none/", "laps/"),
        )
    ],
    "play": ["/play/"],
    "login": ["/accounts/login/"],
    "signup": ["/accounts/signup/"],
    "account_settings": ["/accounts/settings/"],
    "password_change": ["/accounts/password/"],
    "manage_home": ["/manage/"],
    "manage_achievement_list": ["/manage/achievements/", "/manage/achievements/?q=nothing"],
    "manage_achievement_create": ["/manage/achievements/new/", "/manage/achievements/new/?from=ladder"],
    "manage_achievement_edit": [
        f"/manage/achievements/{slug}/edit/"
        for slug in ("ten", "relics", "ladder", "visits", "sketch", "metas", "none")
    ],
    "manage_achievement_delete": ["/manage/achievements/sketch/delete/"],
    "manage_achievement_history": ["/manage/achievements/ten/history/"],
    "manage_achievement_backfill": ["/manage/achievements/ten/backfill/"],
    "manage_exchange": ["/manage/catalog/"],
    "manage_insights": ["/manage/insights/", "/manage/insights/?days=7&achievement=ladder"],
    "manage_player_list": ["/manage/players/", "/manage/players/?q=bob", "/manage/players/?q=nobody"],
    "manage_player": ["/manage/players/alice/", "/manage/players/bob/", "/manage/players/nobody/"],
    "manage_player_delete": ["/manage/players/alice/delete/", "/manage/players/bob/delete/"],
    "manage_board_archive": ["/manage/boards/coins/archive/", "/manage/boards/laps/archive/"],
    "manage_board_recount": ["/manage/boards/coins/recount/"],
    "manage_board_list": ["/manage/boards/"],
    "manage_board_create": ["/manage/boards/new/"],
    "manage_board_edit": ["/manage/boards/coins/edit/"],
    "manage_board_delete": ["/manage/boards/coins/delete/"],
    "manage_board_scores": ["/manage/boards/coins/scores/?player=alice", "/manage/boards/laps/scores/"],
    "manage_audit": ["/manage/audit/", "/manage/audit/?q=nothing", "/manage/audit/?from=soon&what=odd"],
    "manage_accounts": ["/manage/accounts/"],
    "manage_keys": ["/manage/keys/"],
    "manage_key_revoke": ["/manage/keys/abababababab/revoke/", "/manage/keys/none/revoke/"],
    "manage_redis": ["/manage/redis/"],
    "manage_demo": ["/manage/demo/"],
}
NO_TEXT = {"manage_export", "manage_audit_export", "badge_sprite", "share_picture", "healthz", "readyz", "metrics"}
ONLY_POSTED = {"logout", "follow", "unfollow", "pin", "set_language", "demo_login"}
ONLY_POSTED |= {"manage_achievement_restore", "manage_demo_clock", "manage_demo_tick", "manage_demo_login_as"}
# What forms are sent: wrong input, of which each says in words what is the matter, and input that does something.
MADE = {
    "name": "Cups",
    "slug": "cups",
    "category": "coins",
    "type": "counter",
    "action": "coin",
    "measure": "sum",
    "target": "5",
    "points": "5",
    "revision": "0",
}
TIERS = {"tiers-TOTAL_FORMS": "2", "tiers-INITIAL_FORMS": "0", "type": "tiered"}
BOB = "/manage/players/bob/"
SENT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/accounts/login/", {"username": "alice", "password": "wrong"}),
    ("/accounts/signup/", {"username": "a b", "password1": "x", "password2": "y"}),
    ("/accounts/signup/", {"username": "alice", "password1": "1234", "password2": "1234"}),
    ("/accounts/signup/", {}),
    ("/accounts/settings/", {"name": "", "timezone": "Nowhere", "country": "XX", "about": "1" * 501}),
    ("/accounts/password/", {"old_password": "wrong", "new_password1": "a", "new_password2": "b"}),
    ("/manage/accounts/", {"username": "nobody"}),
    ("/manage/accounts/", {"username": "alice"}),
    ("/manage/achievements/new/", {}),
    ("/manage/achievements/new/", MADE | {"do": "look", "type": "streak"}),
    ("/manage/achievements/new/", MADE | {"slug": "ten", "icon": "no icon", "metadata": "[", "category": "A b"}),
    ("/manage/achievements/new/", MADE | {"metadata": "[]", "target": "0", "points": "1001"}),
    ("/manage/achievements/new/", MADE | {"type": "collection", "items": "a\na"}),
    ("/manage/achievements/new/", MADE | TIERS | {"tiers-0-level": "a"}),
    ("/manage/achievements/new/", MADE | {"do": "publish"}),
    ("/manage/achievements/hundred/edit/", MADE | {"revision": "0"}),
    ("/manage/achievements/hundred/edit/", MADE | {"target": "15", "points": "9", "revision": "1"}),
    ("/manage/achievements/ten/edit/", MADE | {"target": "50", "revision": "1"}),
    ("/manage/achievements/ten/history/1/", {}),
    ("/manage/achievements/ten/backfill/", {}),
    ("/manage/achievements/ten/delete/", {}),
    ("/manage/achievements/sketch/delete/", {}),
    *(("/manage/achievements/", {"do": do, "chosen": ["ten"]} | HOW) for do in ("publish", "archive", "category")),
    ("/manage/achievements/", {"do": "publish", "chosen": ["sketch", "none"]}),
    ("/manage/achievements/", {"do": "publish"}),
    *((BOB, {"do": do}) for do in ("grant", "revoke", "hide", "show", "rename")),
    *((BOB, {"do": do, "reason": "bob", "achievement": it}) for do in ("grant", "revoke") for it in ("ten", "hundred")),
    *((BOB, {"do": do, "reason": "bob", "name": "Bob"}) for do in ("rename", "hide", "show")),
    (f"{BOB}delete/", {"player_id": "typo"}),
    (f"{BOB}delete/", {"player_id": "bob", "reason": "bob"}),
    ("/manage/boards/coins/recount/", {}),
    ("/manage/catalog/", {}),
    ("/manage/catalog/", {"text": "{"}),
    ("/manage/catalog/", {"text": "a,b", "category": "A b"}),
    ("/manage/catalog/", {"text": '{"gamify": 1, "boards": [{"slug": "cups"}, 5], "achievements": [{"pionts": 1}]}'}),
    ("/manage/catalog/", {"text": '{"gamify": 1, "boards": [{"slug": "cups", "name": "Cups"}], "achievements": []}'}),
    ("/manage/demo/clock/", {"step": "day"}),
    ("/manage/demo/tick/", {}),
    *(("/manage/demo/as/", {"player": player}) for player in ("", "no one", "nobody", "alice")),
    ("/manage/boards/new/", {}),
    ("/manage/boards/new/", BOARD | {"slug": "Not a slug"}),
    ("/manage/boards/new/", BOARD | {"slug": "coins", "seasons": "x"}),
    ("/manage/boards/new/", BOARD | {"decimals": "9", "retention_days": "0", "floor": "x", "windows": "season"}),
    ("/manage/boards/new/", BOARD | {"name": "\x07", "windows": ["season", "all"]}),
    ("/manage/boards/new/", BOARD | {"name": "\x07", "seasons": "a | A | 2026-02-01 | 2026-01-01"}),
    ("/manage/boards/coins/edit/", BOARD | {"slug": "coins", "order": "asc"}),
    ("/manage/boards/coins/edit/", BOARD | {"slug": "coins", "order": "asc", "known": "?"}),
    ("/manage/boards/achievement-points/edit/", BOARD | {"slug": "achievement-points", "combine": "sum"}),
    ("/manage/boards/coins/delete/", {"slug": "typo"}),
    ("/manage/boards/achievement-points/delete/", {"slug": "achievement-points"}),
    *(
        ("/manage/boards/coins/scores/", {"do": "score", "how": "set"} | wrong)
        for wrong in ({}, {"player": "a b", "score": "x"}, {"player": "bob", "score": "x"})
    ),
    *(("/manage/boards/coins/scores/", {"do": "score", "player": "bob", "score": it} | HOW) for it in ("1.5", "1e39")),
    ("/manage/boards/laps/scores/", {"do": "score", "player": "bob", "score": "1.555"} | HOW),
    ("/manage/boards/coins/scores/", {"do": "increment", "player": "bob", "increment": "9007199254740991"}),
    ("/manage/boards/achievement-points/scores/", {"do": "increment", "player": "bob", "increment": "1"}),
    ("/manage/boards/coins/scores/", {"do": "remove", "player": "nobody"}),
    ("/manage/keys/", {}),
    ("/manage/keys/", {"name": "Ten\x07", "scope": "none"}),
    ("/manage/keys/", {"name": "Ten", "scope": "read"}),
    ("/manage/keys/abababababab/revoke/", {}),
    ("/manage/demo/", {"scenario": "none", "players": "0"}),
    ("/manage/demo/", {"scenario": "showcase", "players": "10"}),
    *(("/play/", {"move": move}) for move in MOVES),
    ("/manage/boards/coins/scores/", {"do": "score", "player": "bob", "score": "7"} | HOW),
    ("/manage/boards/laps/scores/", {"do": "increment", "player": "bob", "increment": "1"}),
    ("/manage/boards/coins/scores/", {"do": "remove", "player": "bob"}),
    ("/manage/boards/coins/edit/", BOARD | {"slug": "coins"}),
    ("/manage/boards/coins/delete/", {"slug": "coins"}),
    ("/accounts/settings/", {"name": "Alice", "timezone": "UTC"}),
    ("/players/alice/follow/", {"next": "/players/"}),
)
# What is spelled the same in both, and what somebody has called so.
SAME = {
    *("Gamify", "Name", "Team", "Region", "Live", "Meta", "Demo", "Deutsch", "English", "UTC", "Olive"),
    *("Jan", "Feb", "Apr", "Jun", "Jul", "Aug", "Sep", "Nov", "Power-up"),
    *("Alice", "Bob", "alice", "bob", "Ten", "Hundred", "Hush", "Relics", "Ladder", "Visits", "Late", "cup", "ring"),
    *("Coins", "coins", "coin", "Laps", "laps", "Spring", "Achievement points", "achievement-points"),
    *("Sketch", "Metas", "Ladder: Gold", "Coins · Meta", "Clients", "noeviction", "ten", "Server", "Status"),
    *("Definition", "Median"),
    *("The points of everything unlocked.", "showcase", "Bronze", "Gold", "Ladder: Bronze", "Cups"),
    *country_names("de").values(),
    *available_timezones(),
    *(name.replace("_", " ") for name in available_timezones()),
}


@cache
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
def test_every_marked_text_is_in_the_catalog(language, tmp_path, monkeypatch, settings):
    for name in SOURCES:
        copy = shutil.copy if (ROOT / name).is_file() else shutil.copytree
        copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    settings.LOCALE_PATHS = [tmp_path / "gamify_site/locale"]
    call_command("makemessages", locale=[language], no_location=True, no_obsolete=True, verbosity=0)
    with (tmp_path / f"gamify_site/locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        assert {as_key(message) for message in read_po(file)} == {as_key(message) for message in catalog(language)}


class Words(HTMLParser):
    """What can be read on a page: texts, attributes that are read aloud or shown; and what only programs read."""

    READ = ("aria-label", "alt", "title", "placeholder")
    SAID = ("data-lost", "data-failed", "data-dismiss", "data-more", "data-on", "data-off", "data-live", "data-paused")
    SAID += ("data-you",)  # by scripts
    DRAWN = ("d", "x", "y", "cx", "cy", "r", "width", "height", "viewbox", "stroke-dasharray", "datetime", "min", "max")

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.for_programs: list[tuple[str, str, str]] = []
        self.is_silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_silent = tag in {"script", "style", "code", "textarea"}
        given = {name: value for name, value in attrs if value}
        is_number = tag == "progress" or given.get("type") == "number"
        for name, value in given.items():
            is_told = tag == "meta" and given.get("property", "").endswith(("title", "description", "alt"))
            if name in self.READ + self.SAID or name.startswith("data-label") or (is_told and name == "content"):
                self.found.add(" ".join(value.split()).removesuffix(" · Gamify"))
            elif name in self.DRAWN or name.startswith("data-") or (is_number and name == "value"):
                self.for_programs.append((tag, name, value))

    def handle_endtag(self, _tag: str) -> None:
        self.is_silent = False

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split()).removesuffix(" · Gamify")
        if not self.is_silent and re.search(r"[A-Za-z]{2}", text):
            self.found.add(text)


def read(page: HttpResponse) -> Words:
    reader = Words()
    reader.feed(page.content.decode())
    return reader


def assert_same_in_two_languages(english: HttpResponse, german: HttpResponse) -> None:
    """The same page, with no text in common and all numbers for programs as they were."""
    assert english.status_code == german.status_code
    one, other = read(english), read(german)
    assert one.found & other.found - SAME == set()
    assert one.for_programs == other.for_programs
    assert bool(one.found) == bool(other.found) == (english.status_code != 302)


def build_sample(store: Store) -> None:
    """Write one of each kind of board and achievement, two players who have done something, and an API key."""
    make_board("coins", action="coin", windows=("all", "week", "day"), segment_by="country")
    scores.submit_many("coins", {"bob": 1234567} | crowd(30))
    spring = season("spring", "2082-01-01", "2083-01-01")
    make_board("laps", {"alice": "58.2", "bob": "1234.5"}, order="asc", decimals=2, seasons=(spring,), max_entries=1500)
    make_player("bob", name="Bob", country="SE", about="bob")
    make("ten")
    make("hundred", target=100, prerequisites=("ten",))
    make("sketch", status="draft")
    make("metas", type="meta", action=None, target=9)
    make("hush", hidden=True)
    make("late", prerequisites=("hush",), points=1)
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("visits", type="streak", action="login", target=7, freezes=1)
    tiers = (Tier("bronze", "Bronze", 1, 1), Tier("gold", "Gold", 5000, 1000))
    make("ladder", type="tiered", action="boss", tiers=tiers, target=5000, points=0)
    for player in ("alice", "bob"):
        do(player, "coin", amount=20)
        do(player, "login")
        do(player, "boss")
    do("alice", "relic", item="cup")
    key = {"name": "Ten", "scope": "write", "created": clock.now().isoformat(), "created_by": "alice"}
    store.redis.hset(keys.api_keys(), "ab" * 32, json.dumps(key))


@pytest.fixture(scope="module")
def demo() -> Iterator[None]:
    """Open the pages of the demo, for all tests from here on: each change of the addresses costs as much as a page."""
    with override_settings(GAMIFY_DEMO=True, ROOT_URLCONF="tests.ops.urls_with_demo"):
        yield


@pytest.fixture
def played(demo, store, clock) -> Iterator[None]:  # noqa: ARG001  (the clock stands still)
    build_once(store, "languages", lambda: build_sample(store))
    yield
    set_ahead(NOT_AHEAD)


@pytest.fixture
def boss(played, client) -> Client:  # noqa: ARG001  (the store comes first)
    """Alice, who is staff, so that every page is open to her."""
    make_player("alice", name="Alice")
    client.force_login(Account.objects.create_user(username="alice", password="tulips and trams", is_staff=True))
    return client


@pytest.fixture
def few_timezones(monkeypatch) -> None:
    """Offer two timezones on the pages of boards, not 600: their names are the same in every language."""
    monkeypatch.setattr(BoardForm.base_fields["timezone"], "choices", [(it, it) for it in ("Europe/Berlin", "UTC")])


def test_every_page_is_read():
    patterns = names(urls_with_demo.urlpatterns)
    known = {name for name, route in patterns if not route.startswith("api/")}  # which speaks English
    assert known - NO_TEXT - ONLY_POSTED == set(PAGES)


@pytest.mark.usefixtures("few_timezones")
def test_no_page_mixes_languages(boss, subtests):
    """Every page has both languages to itself, and says that it varies by all that chooses between them.

    Of the pages for staff, visitors are shown one, which sends them to the log-in as all of them do (see
    `tests/test_staff_only.py`).
    """
    boss.get("/players/")  # the first page of a visitor is counted, and the second one shows that
    visitor = Client()
    for name, addresses in PAGES.items():
        seen = set()
        for address in addresses:
            with subtests.test(name, address=address):
                is_for_staff = address.startswith("/manage/") and name != "manage_home"
                visitor.cookies.clear()
                for who in (boss,) if is_for_staff else (boss, visitor):
                    english, german = (who.get(address, headers=headers) for headers in ({}, GERMAN))
                    assert_same_in_two_languages(english, german)
                    assert {"Accept-Language", "Cookie"} <= set(english["Vary"].split(", "))
                    seen.add(english.status_code)
        with subtests.test(name, address="any"):
            assert seen != {302}


@pytest.mark.usefixtures("few_timezones")
def test_no_answer_to_a_form_mixes_languages(boss, store, subtests):
    """Each form is sent to the site as it was at first, with what this process remembers of it forgotten."""
    site, cookies = copy(store), boss.cookies
    for address, fields in SENT:
        with subtests.test(address=address, fields=fields):
            forget_everything()
            store.empty()
            restore(store, site)
            set_ahead(NOT_AHEAD)
            is_for_visitors = address in {"/accounts/login/", "/accounts/signup/"}
            boss.cookies = SimpleCookie() if is_for_visitors else deepcopy(cookies)
            answers = [boss.post(address, fields, headers=headers, follow=True) for headers in ({}, GERMAN)]
            one, other = map(read, answers)
            assert one.found
            assert one.found & other.found - SAME == set()


def test_errors_are_told_in_the_language(played, subtests):  # noqa: ARG001
    client = Client(enforce_csrf_checks=True)
    for address, status in (("/nowhere/", 404), ("/?q=%ff", 400), ("/language/", 403)):
        with subtests.test(address):
            ask = client.post if address == "/language/" else client.get
            english, german = (ask(address, headers=headers) for headers in ({}, GERMAN))
            assert english.status_code == status
            assert_same_in_two_languages(english, german)


def test_breakdowns_are_told_in_the_language(client, down):  # noqa: ARG001
    english, german = (client.get("/leaderboards/", headers=headers) for headers in ({}, GERMAN))
    assert english.status_code == 503
    assert_same_in_two_languages(english, german)
    assert '<html lang="de">' in german.content.decode()


@pytest.mark.parametrize("page", ["403.html", "500.html"])
def test_pages_that_ask_nobody_are_told_in_the_language(page):
    texts = []
    for language in ("en", "de"):
        with override(language):
            texts.append(read(HttpResponse(render_to_string(page))).found)
    assert texts[0]
    assert texts[0] & texts[1] - SAME == set()


def test_first_visit_goes_by_the_browser_and_a_choice_is_kept(client, store):  # noqa: ARG001
    assert '<html lang="de">' in client.get("/", headers=GERMAN).content.decode()
    assert '<html lang="de">' in client.get("/", headers={"accept-language": "fr, de-AT;q=0.8"}).content.decode()
    assert '<html lang="en">' in client.get("/", headers={"accept-language": "fr"}).content.decode()
    answer = client.post("/language/", {"language": "en", "next": "/players/?q=a"}, headers=GERMAN)
    assert answer.url == "/players/?q=a"
    assert '<html lang="en">' in client.get("/", headers=GERMAN).content.decode()


def test_choice_of_a_language_leads_nowhere_else(client, store):  # noqa: ARG001
    assert client.post("/language/", {"language": "de", "next": "https://example.org/"}).url == "/"
    visitor = Client()
    assert visitor.get("/language/?language=de").url == "/"
    assert '<html lang="en">' in visitor.get("/").content.decode()  # a link chooses nothing


def test_each_language_calls_itself_by_its_own_name(client, store):  # noqa: ARG001
    page = client.get("/players/?q=a&b", headers=GERMAN).content.decode()
    assert '<button name="language" value="en" lang="en">English</button>' in page
    assert '<button name="language" value="de" lang="de" aria-current="true">Deutsch</button>' in page
    assert '<input type="hidden" name="next" value="/players/?q=a&amp;b">' in page


# What is kept, here or in browsers


@pytest.mark.usefixtures("played")
def test_what_is_kept_for_everybody_is_kept_by_language(client):
    for address, german in (("/leaderboards/coins/", "1.234.587"), ("/achievements/", "Punkte"), ("/", "1.234.587")):
        pages = [client.get(address, headers=it).content.decode() for it in ({}, GERMAN, {}, GERMAN)]
        assert [german in page for page in pages] == [False, True, False, True]


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize(
    ("address", "headers"),
    [("/leaderboards/coins/", PART), ("/leaderboards/coins/?friends=1", PART), ("/players/bob/share.png", {})],
)
def test_an_answer_is_not_taken_for_the_one_in_another_language(client, address, headers):
    english, german = (client.get(address, headers=headers | it) for it in ({}, GERMAN))
    assert english["ETag"] != german["ETag"]
    assert english.content != german.content
    for language, etag, status in (
        ({}, english["ETag"], 304),
        (GERMAN, english["ETag"], 200),
        (GERMAN, german["ETag"], 304),
        ({}, german["ETag"], 200),
    ):
        again = client.get(address, headers=headers | language | {"if-none-match": etag})
        assert again.status_code == status
        assert {"Accept-Language", "Cookie"} <= set(again["Vary"].split(", "))


# Numbers


def test_numbers_for_programs_stay_plain(boss):
    page = boss.get("/leaderboards/coins/?rank=1", headers=GERMAN).content.decode()
    assert 'data-rank="1" data-score="1234587"' in page
    assert ">1.234.587<" in page
    assert 'data-score="1234.50"' in boss.get("/leaderboards/laps/", headers=GERMAN).content.decode()


def test_scores_may_be_typed_as_they_are_shown(boss, subtests):
    for typed, stored in (("58,25", "58.25"), ("-1,5", "-1.50"), ("58.25", "58.25")):
        with subtests.test(typed):
            fields = {"do": "score", "player": "bob", "score": typed, "how": "set"}
            boss.post("/manage/boards/laps/scores/", fields, headers=GERMAN)
            assert str(ranking.standing("laps", "bob").score) == stored


def test_shares_are_rounded(subtests):
    table = [(2, "0.7", "0,7"), (29, "9.7", "9,7"), (200, "67", "67"), (299, "99", "99"), (300, "100", "100")]
    for holders, english, german in table:
        with subtests.test(holders=holders):
            assert wording.share(holders, 300) == english
            with override("de"):
                assert wording.share(holders, 300) == german


@pytest.mark.parametrize(("language", "words"), [("en", "18 hours"), ("de", "18 Stunden")])
def test_time_left_is_told_in_its_greatest_unit(clock, language, words):
    with override(language):
        assert left(clock.now() + timedelta(hours=18, minutes=5)).replace("\N{NO-BREAK SPACE}", " ") == words
