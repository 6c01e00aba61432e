"""What people may type: names in all scripts, emoji, and what is refused, wherever a text is taken."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from achievements.definitions import Achievement, Tier
from achievements.services import collections
from achievements.views.browsing import CatalogQuery
from gamify_site import audit, texts
from gamify_site.api import keys as api_keys
from gamify_site.ops.transfer import exporting, importing, lines
from gamify_site.players import services as players
from gamify_site.players.models import Account
from leaderboards.definitions import Board, Season
from leaderboards.services import ranking, scores
from tests.achievements.builders import BASE, do, make
from tests.builders import make_board, make_player, season
from tests.ops.test_transfer import rewrite

NAMES = {
    "Adlam": "𞤀𞤣𞤵𞤤𞤢𞤥",
    "Amharic": "ኃይለ ሥላሴ",
    "Arabic": "نجيب محفوظ",
    "Arabic with vowel marks": "مُحَمَّد",
    "Armenian": "Արամ Խաչատրյան",
    "Balinese": "ᬯᬬᬦ᭄",
    "Bengali": "রবীন্দ্রনাথ ঠাকুর",
    "Burmese": "အောင်ဆန်းစုကြည်",
    "Burmese, four medials": "မြွှာ",
    "Canadian syllabics": "ᐃᓄᒃᑎᑐᑦ",
    "Cherokee": "ᏍᏏᏉᏯ",
    "Coptic": "Ⲡⲁⲩⲗⲟⲥ",
    "Devanagari": "सचिन तेंडुलकर",
    "Devanagari with ZWJ": "क\u094d\u200dष",
    "Georgian": "შოთა რუსთაველი",
    "Greek": "Μελίνα Μερκούρη",
    "Gujarati": "મહાત્મા ગાંધી",
    "Gurmukhi": "ਗੁਰੂ ਨਾਨਕ",
    "Han": "王秀英",
    "Hangul": "김연아",
    "Hebrew": "עמוס עוז",
    "Hebrew with points": "שָּׁלוֹם",
    "Hiragana": "さくら ももこ",
    "Javanese": "ꦥꦿꦩꦸꦢꦾ",
    "Kannada": "ಕುವೆಂಪು",
    "Katakana": "ピカチュウ",
    "Khmer": "នរោត្តម សីហនុ",
    "Lao": "ໄກສອນ ພົມວິຫານ",
    "Latin with accents": "Zoë Łucja Ångström",
    "Malayalam": "അരുന്ധതി റോയ്",
    "Malayalam with ZWJ": "അവന്\u200d",
    "Mongolian": "ᠴᠢᠩᠭᠢᠰ",
    "N'Ko": "ߛߏߟߏߡߊߣߊ",
    "Odia": "ବିଜୟ ପଟ୍ଟନାୟକ",
    "Old Persian": "𐎭𐎠𐎼𐎹𐎺𐎢𐏁",
    "Osage": "𐓏𐓘𐓻𐓘𐓻𐓟",
    "Persian with ZWNJ": "علی\u200cرضا",  # noqa: RUF001
    "Russian": "Анна Ахматова",
    "Sinhala": "ශ්\u200dරී ලංකා",
    "Syriac": "ܐܦܪܝܡ",
    "Tamil": "சுப்பிரமணிய பாரதி",
    "Telugu": "పోతన",
    "Thaana": "މުހައްމަދު",
    "Thai": "สุนทรภู่ กั้น",
    "Tibetan": "བསྒྲུབས་རྒྱལ",
    "Tifinagh": "ⵎⴰⵙⵉⵏⵉⵙⵙⴰ",
    "Ukrainian": "Леся Українка",
    "Vietnamese": "Nguyễn Thị Ánh",
    "Yi": "ꆈꌠ",
    "a blank of Khmer without width": "សុខ\u200bភាព",
    "a right-to-left mark": "C++\u200f שלום",
    "a left-to-right mark": "שלום C++\u200e",
    "an Arabic letter mark": "\u061cعلي 2",
    "a family": "👨‍👩‍👧‍👦",
    "a kiss with skin tones": "👩🏽‍❤️‍💋‍👨🏿",
    "the flag of England": "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "the flag of Sweden": "🇸🇪",
    "a keycap": "1\ufe0f\u20e3",
    "a heart": "❤️",
    "an emoji of Unicode 16": "\U0001fae9",
    "a letter of Unicode 16": "\ua7da",
    "a code point that no table knows": "a\U000323af",
    "three marks": "x\u0301\u0302\u0323",
    "three marks that make one letter": "ω\u0314\u0342\u0345",
    "soft hyphen": "Sau\u00adfang",
    "punctuation alone": "...",
}
BECOMES = {
    "an ideographic space": ("山田\u3000太郎", "山田 太郎"),
    "a no-break space": ("Ada\u00a0Lovelace", "Ada Lovelace"),
    "a narrow no-break space": ("Ada\u202fLovelace", "Ada Lovelace"),
    "an en quad": ("Ada\u2000Lovelace", "Ada Lovelace"),
    "an Ogham space mark": ("ᚐ\u1680ᚑ", "ᚐ ᚑ"),
    "spaces around it": ("\u3000\u00a0 Ada \u2003", "Ada"),
    "tabs and line breaks around it": ("\t\nAda\r\n", "Ada"),
    "letters and accents apart": ("Zoe\u0308 A\u030angstro\u0308m", "Zoë Ångström"),
    "Hangul in parts": ("\u1100\u1161\u11a8", "각"),
}
REFUSED = {
    "NUL": ("a\0b", "control characters"),
    "a line break": ("a\nb", "control characters or line breaks"),
    "a tab": ("a\tb", "control characters"),
    "a line separator": ("a\u2028b", "control characters or line breaks"),
    "a control character of Latin-1": ("a\x85b", "control characters"),
    "left-to-right embedding": ("a\u202ab", "U+202A"),
    "pop directional formatting": ("a\u202cb", "U+202C"),
    "right-to-left override": ("ecila\u202e", "U+202E"),
    "left-to-right isolate": ("a\u2066b", "U+2066"),
    "pop directional isolate": ("a\u2069b", "U+2069"),
    "half a character": ("a\ud800b", "U+D800"),
    "private use": ("a\ue000b", "U+E000"),
    "no character": ("a\ufffeb", "U+FFFE"),
    "no character of a high plane": ("a\U0010ffffb", "U+10FFFF"),
    "four marks": ("x\u0301\u0302\u0303\u0304", "At most 3 marks"),
    "four marks, one of them in the letter": ("e\u0301\u0301\u0301\u0301", "At most 3 marks"),
    "four Thai marks": ("ก\u0e47\u0e47\u0e47\u0e47", "At most 3 marks"),
    "marks with joiners between": ("x\u0301\u0302\u200d\u0303\u200c\u0304", "At most 3 marks"),
    "a heap of joiners": ("x" + "\u200d" * 40, "too many parts"),
    "a heap of tags": ("🏴" + "\U000e0067" * 40, "too many parts"),
    "Hangul without an end": ("\u1100" * 40, "too many parts"),
    "a Hangul filler": ("\u3164", "visible"),
    "a halfwidth Hangul filler": ("\uffa0", "visible"),
    "Hangul fillers of parts": ("\u115f\u1160", "visible"),
    "an empty Braille pattern": ("\u2800\u2800", "visible"),
    "a zero width space": ("\u200b", "visible"),
    "a joiner": ("\u200d", "visible"),
    "a word joiner": ("\u2060", "visible"),
    "a byte order mark": ("\ufeff", "visible"),
    "a soft hyphen alone": ("\u00ad", "visible"),
    "a mark alone": ("\u0301", "visible"),
    "a variation selector": ("\ufe0f", "visible"),
    "a mark of direction": ("\u200f", "visible"),
    "tags alone": ("\U000e0067\U000e007f", "visible"),
    "a notehead without a head": ("\U0001d159", "visible"),
}
FLAG = NAMES["the flag of England"]
FIRST, LAST = season("winter", "2026-12-01", "2027-03-01"), season("spring", "2027-03-01", "2027-06-01")

Take = Callable[[str], str]


def achievement(**fields: Any) -> Achievement:
    return replace(BASE, **fields)


def collection(item: str) -> str:
    return achievement(type="collection", items=("one", item), target=2).items[1]


def tiers(name: str) -> str:
    return achievement(type="tiered", tiers=(Tier("gold", name, 10, 5),)).tiers[0].name


def seasons(name: str) -> str:
    return Board("coins", "Coins", seasons=(Season("winter", name, FIRST.starts, FIRST.ends), LAST)).seasons[0].name


# All that takes a text of one line, and how many characters that may have.
LINES: dict[str, tuple[Take, int]] = {
    "a player's name": (lambda text: players.check_field("name", text), 60),
    "a player's team": (lambda text: players.check_field("team", text), 40),
    "a player's region": (lambda text: players.check_field("region", text), 40),
    "an achievement's name": (lambda text: achievement(name=text).name, 100),
    "an achievement's description": (lambda text: achievement(description=text).description, 500),
    "an item": (collection, 64),
    "a tier": (tiers, 100),
    "a board's name": (lambda text: Board("coins", text).name, 80),
    "a board's description": (lambda text: Board("coins", "Coins", description=text).description, 500),
    "a season": (seasons, 80),
    "an API key's name": (api_keys.check_name, 60),
}
PARAGRAPHS: dict[str, tuple[Take, int]] = {
    "about a player": (lambda text: players.check_field("about", text), 500),
    "a reason": (audit.check_reason, 500),
}


@pytest.mark.parametrize("where", LINES | PARAGRAPHS)
def test_names_of_all_scripts_and_emoji_are_welcome(where: str, subtests: pytest.Subtests) -> None:
    take, _most = (LINES | PARAGRAPHS)[where]
    for what, text in NAMES.items():
        with subtests.test(what):
            assert take(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("where", LINES | PARAGRAPHS)
def test_texts_are_stored_in_one_form(where: str, subtests: pytest.Subtests) -> None:
    take, _most = (LINES | PARAGRAPHS)[where]
    for what, (typed, stored) in BECOMES.items():
        with subtests.test(what):
            assert take(typed) == stored


@pytest.mark.parametrize("where", LINES)
def test_what_no_text_may_hold_is_refused_with_the_reason(where: str, subtests: pytest.Subtests) -> None:
    take, _most = LINES[where]
    for what, (text, reason) in REFUSED.items():
        with subtests.test(what), pytest.raises(ValidationError) as refused:
            take(text)
        assert reason in " ".join(refused.value.messages), what


@pytest.mark.parametrize("where", PARAGRAPHS)
def test_texts_of_several_lines_keep_them_and_refuse_the_rest(where: str, subtests: pytest.Subtests) -> None:
    take, _most = PARAGRAPHS[where]
    for typed in ("one\ntwo\n\nthree", "one\r\ntwo\r\n\r\nthree", " \none\rtwo\u2028\u2029three\n "):
        with subtests.test(typed):
            assert take(typed) == "one\ntwo\n\nthree"
    for what, (text, _reason) in REFUSED.items():
        if "line" not in what and "Latin-1" not in what:
            with subtests.test(what), pytest.raises(ValidationError):
                take(text)


@pytest.mark.parametrize("where", LINES | PARAGRAPHS)
def test_length_counts_what_people_see_as_characters(where: str, subtests: pytest.Subtests) -> None:
    take, most = (LINES | PARAGRAPHS)[where]
    for one in ("x", FLAG, NAMES["a family"], "e\u0323\u0302", "க்", "각"):
        with subtests.test(one):
            assert take(one * most) == unicodedata.normalize("NFC", one * most)
            with pytest.raises(ValidationError, match=str(most)):
                take(one * (most + 1))


def test_definitions_from_before_these_rules_are_still_read() -> None:
    heap, unseen = "Z\u0301\u0301\u0301\u0301\u0301algo", "\u3164"
    stored = achievement(type="collection", items=("one", "two"), target=2).to_fields()
    stored |= {"name": unseen, "description": heap, "items": json.dumps([heap, unseen])}
    found = Achievement.from_fields(stored)
    assert (found.name, found.description, found.items) == (
        "base",
        "\u0179\u0301\u0301algo",
        ("\u0179\u0301\u0301algo", "1"),
    )
    stored = achievement(type="tiered", tiers=(Tier("gold", "Gold", 10, 5),)).to_fields()
    stored |= {"tiers": json.dumps([["gold", unseen, 10, 5]])}
    assert Achievement.from_fields(stored).tiers[0].name == "gold"
    board = Board("coins", "Coins", seasons=(FIRST, LAST)).to_fields()
    board |= {"name": unseen, "description": heap}
    for name, read in (("", "winter"), ("x" * 100, "x" * 79 + "…"), ("a\nb", "ab"), (heap, "\u0179\u0301\u0301algo")):
        board["seasons"] = json.dumps([["winter", name, "2026-12-01", "2027-03-01"]])
        stored_board = Board.from_fields(board)
        assert (stored_board.name, stored_board.seasons[0].name) == ("coins", read)


@given(st.text(max_size=40), st.booleans())
def test_what_is_kept_is_taken_again_as_it_is(text: str, lines: bool) -> None:
    try:
        kept = texts.clean("name", text, 0, 60, lines=lines)
    except ValidationError:
        return
    assert texts.clean("name", kept, 0, 60, lines=lines) == kept == texts.mended(kept, lines=lines)


MARKS_AND_MORE = st.characters(categories=["L", "M", "N", "P", "S"]) | st.sampled_from(
    " \u200d\u0301\u0f71\u3164\u1100"
)


@given(st.text(MARKS_AND_MORE, max_size=60))
def test_what_older_rules_took_is_mended_so_that_these_take_it(text: str) -> None:
    assert texts.clean("name", texts.mended(text), 0, 60) == texts.mended(text).strip()


def test_a_search_finds_what_is_kept_in_another_form() -> None:
    assert CatalogQuery.read({"q": "\u3000Cafe\u0301 "}).q == "Caf\u00e9"


def test_a_text_is_shortened_between_characters() -> None:
    assert texts.shortened(FLAG * 24, 24) == FLAG * 24
    assert texts.shortened(FLAG * 25, 24) == FLAG * 23 + "…"
    assert texts.shortened("x" * 24 + " y", 25) == "x" * 24 + "…"


@pytest.mark.usefixtures("services_store")
def test_an_item_of_a_collection_is_known_in_any_form() -> None:
    make("menu", type="collection", items=("Cafe\u0301", "The\u0301"), target=2, action="drink")
    assert [do("alice", "drink", item=item).accepted for item in ("Cafe\u0301", "Th\u00e9 ")] == [1, 1]
    assert collections.status("alice", "menu").complete


@pytest.mark.usefixtures("services_store")
def test_a_segment_is_found_in_any_form() -> None:
    make_board("coins", segment_by="team")
    make_player("alice", team="Cafe\u0301\u3000\u00c5")
    scores.submit("coins", "alice", 5)
    for typed in ("Caf\u00e9 \u00c5", "Cafe\u0301 A\u030a", "\u00a0Caf\u00e9\u00a0\u212b"):
        assert [row.player for row in ranking.top("coins", 5, segment=typed)] == ["alice"]


@pytest.mark.usefixtures("services_store")
def test_players_are_found_whatever_in_their_names_cannot_be_seen(subtests: pytest.Subtests) -> None:
    for name, typed in (
        ("山田\u3000太郎", "太郎"),
        ("C++\u200f שלום", "c++ שלום"),
        ("I ❤\ufe0f Nutella", "i ❤ nut"),
        ("I ❤ Nutella", "I ❤\ufe0f N"),
        (f"Team {FLAG}", "team \U0001f3f4"),
        ("Sau\u00adfang", "saufang"),
        ("علی\u200cرضا", "علیر"),  # noqa: RUF001
        ("Nguyễn", "NGUYEN"),
    ):
        with subtests.test(name):
            make_player("alice", name=name)
            assert [it.id for it in players.find(typed)] == ["alice"]


@pytest.mark.usefixtures("services_store")
def test_an_export_from_before_these_rules_is_imported_and_mended(tmp_path: Path) -> None:
    make_board("coins", segment_by="team")
    make_player("alice", name="Alice", about="one", team="red")
    make_player("bob", name="Bob")
    for player in ("alice", "bob"):
        scores.submit("coins", player, 5)
    file = tmp_path / "export"
    with file.open("wb") as out:
        exporting.export(out, lambda _done, _total: None)
    old = {
        '"about":"one"': '"about":"one\\r\\ntwo"',
        '"name":"Alice"': '"name":"Z\u0301\u0301\u0301\u0301\u0301algo"',
        '"team":"red"': '"team":"Cafe\u0301"',
        '"name":"Bob"': '"name":"\u3164"',
    }

    def change(found: list[bytes]) -> None:
        for now, before in old.items():
            (place,) = [number for number, line in enumerate(found) if now.encode() in line]
            found[place] = found[place].replace(now.encode(), before.encode())

    rewrite(file, change)
    with file.open("rb") as content:
        assert importing.check(content, lambda: None).errors == []
        content.seek(0)
        importing.replace_all(lines.Lines(content), lambda: None)
    alice = players.get("alice")
    assert (alice.name, alice.about, alice.team) == ("\u0179\u0301\u0301algo", "one\ntwo", "Caf\u00e9")
    assert players.get("bob").name == "bob"
    assert [row.player for row in ranking.top("coins", segment="Caf\u00e9")] == ["alice"]
    call_command("check_integrity", stdout=StringIO())


@pytest.mark.usefixtures("store")
def test_forms_and_the_api_count_what_people_see(client: Client) -> None:
    make_player("alice", name="Alice")
    client.force_login(Account.objects.create_user("alice", None))
    sent = {"name": FLAG * 60, "timezone": "UTC", "about": "a\r\nb"}
    assert client.post("/accounts/settings/", sent).status_code == 302
    assert (players.get("alice").name, players.get("alice").about) == (FLAG * 60, "a\nb")
    answer = client.post("/accounts/settings/", sent | {"name": FLAG * 61})
    assert list(answer.context["form"].errors) == ["name"]
    secret = api_keys.create("game", "write", by="root")[1]
    for name, status in ((FLAG * 60, 200), (FLAG * 61, 422), ("\u3164", 422), ("x\u2067", 422)):
        answer = client.put(
            "/api/v1/players/alice",
            {"name": name},
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == status
        assert status == 200 or list(answer.json()["errors"]) == ["name"]
