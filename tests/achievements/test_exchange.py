"""Definitions as files: what is exported comes back the same; what does not fit is refused, and nothing written."""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from achievements import play_console
from achievements.definitions import Achievement, Tier
from achievements.services import catalog, exchange
from gamify_site import audit, texts
from leaderboards.definitions import Board, Season
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, scores
from tests.achievements.builders import BASE, make
from tests.builders import make_board, make_player, season

TIERS = (Tier("silver", "Silver", 2, 3), Tier("gold", "Gold", 5, 10))
TIERED = {"type": "tiered", "target": 5, "points": 0, "tiers": TIERS}
COUNTER = {
    "slug": "rich",
    "name": "Rich",
    "description": "",
    "type": "counter",
    "action": "coin",
    "target": 10,
    "points": 5,
    "category": "coins",
}


def text_of(*achievements: dict, boards: list | None = None) -> str:
    """A file with these documents."""
    return json.dumps({"gamify": 1, "boards": boards or [], "achievements": achievements})


def planned(text: str) -> list[tuple]:
    """What a file would do, as (number, slug, what, changed fields or field)."""
    return [
        (it.number, it.slug, it.what, it.field or ",".join(it.changed))
        for it in exchange.plan(exchange.read_json(text))
    ]


def refused(text: str) -> dict[str, tuple[str, str]]:
    """Slug → (field, reason) of the rows that are refused."""
    found = exchange.plan(exchange.read_json(text))
    return {it.slug: (it.field, it.reason) for it in found if it.what == "refused"}


def file_error(read, *args, **kwargs) -> str:
    """Why a file is refused as a whole."""
    with pytest.raises(ValidationError) as error:
        read(*args, **kwargs)
    assert list(error.value.message_dict) == ["file"]
    return error.value.message_dict["file"][0]


def do_import(text: str) -> list[exchange.Finding]:
    return exchange.apply(exchange.read_json(text), by="charlie")


@pytest.fixture
def everything(services_store):
    """A little of everything, on every kind of store."""
    make_board("coins", action="coin", windows=("all", "day"), segment_by="country", ties="dense", max_entries=9)
    make_board("laps", decimals=2, order="asc", combine="best", floor=Decimal("-5.5"), timezone="Europe/Stockholm")
    make_board("cup", windows=("season",), seasons=(season("one", "2082-01-01", "2082-06-01"),))
    make("slayer", **TIERED, position=3)
    make("aaa", prerequisites=("slayer_gold",), description="Ü “é” 🪙", metadata={"b": [1.5, None], "a": {"c": True}})
    make("relics", type="collection", items=("cup", "ring"), target=2, hidden=True, icon="/static/x.svg")
    make("three", type="streak", target=3, freezes=2, prerequisites=("aaa",))
    make("one", type="meta", action=None, target=1, counts="coins")
    make("idea", status="draft", measure="max")
    make("gone", status="archived")
    return services_store


# JSON


def test_export_comes_back_the_same(everything):
    text = exchange.export_json()
    assert planned(text) == [(number, slug, "same", "") for number, slug, *_ in planned(text)]
    everything.empty()
    findings = do_import(text)
    assert {it.what for it in findings} == {"new"}
    assert len(findings) == 10
    assert exchange.export_json() == text
    assert boards.get("laps").floor == Decimal("-5.50")
    assert catalog.get("slayer").tiers == TIERS


def test_export_is_plain_and_says_only_what_is_set(services_store):  # noqa: ARG001
    make_board("coins")
    make("slayer", **TIERED)
    assert json.loads(exchange.export_json()) == {
        "gamify": 1,
        "boards": [{"slug": "coins", "name": "Coins"}],
        "achievements": [
            {
                "slug": "slayer",
                "name": "Slayer",
                "description": "",
                "type": "tiered",
                "action": "coin",
                "target": 5,
                "points": 0,
                "category": "coins",
                "tiers": [
                    {"level": "silver", "name": "Silver", "target": 2, "points": 3},
                    {"level": "gold", "name": "Gold", "target": 5, "points": 10},
                ],
                "status": "published",
            }
        ],
    }
    assert exchange.export_json().startswith('{\n  "gamify": 1,\n')


def test_built_in_board_is_exported_once_it_is_changed(store):  # noqa: ARG001
    make("ten")
    assert json.loads(exchange.export_json())["boards"] == []
    boards.define(replace(boards.BUILT_IN, ties="dense"))
    (exported,) = json.loads(exchange.export_json())["boards"]
    assert exported["ties"] == "dense"


def test_half_a_surrogate_pair_survives(store):
    make("ten", metadata={"odd": "\ud800"})
    text = exchange.export_json()
    assert "\\ud800" in text
    text.encode()
    store.empty()
    do_import(text)
    assert exchange.export_json() == text


def test_rows_may_stand_in_any_order(services_store):  # noqa: ARG001
    make("old", prerequisites=(), status="draft")
    chain = [COUNTER | {"slug": f"c{i:02}", "prerequisites": [f"c{i + 1:02}"]} for i in range(30)]
    text = text_of(COUNTER | {"slug": "old", "prerequisites": ["c00"]}, *chain, COUNTER | {"slug": "c30"})
    assert {it.what for it in do_import(text)} == {"new", "changed"}
    assert catalog.get("old").prerequisites == ("c00",)


def test_what_waits_for_what_may_be_turned_round(store):  # noqa: ARG001
    """`far` is not in the file, yet hands on what waits for it: changed in the wrong order there would be a circle."""
    make("last")
    make("middle", prerequisites=("last",))
    make("far", prerequisites=("middle",))
    turned = {"action": "coin", "status": "published"}
    text = text_of(COUNTER | turned | {"slug": "last", "prerequisites": ["far"]}, COUNTER | turned | {"slug": "middle"})
    assert {it.what for it in do_import(text)} == {"changed"}
    assert catalog.get("last").prerequisites == ("far",)


def test_circle_within_a_file_is_refused_and_named(store):  # noqa: ARG001
    first, second = COUNTER | {"slug": "a", "prerequisites": ["b"]}, COUNTER | {"slug": "b", "prerequisites": ["a"]}
    waiting = COUNTER | {"slug": "c", "prerequisites": ["a"]}
    assert refused(text_of(first, second, waiting)) == {
        "a": ("prerequisites", "They wait for each other: a → b → a."),
        "b": ("prerequisites", "They wait for each other: b → a → b."),
    }


def test_circle_with_what_is_there_is_refused(store):  # noqa: ARG001
    make("a")
    make("b", prerequisites=("a",))
    text = text_of(COUNTER | {"slug": "a", "status": "published", "prerequisites": ["b"]})
    assert refused(text) == {"a": ("prerequisites", "They wait for each other: a → b → a.")}


def test_missing_prerequisite_is_refused(store):  # noqa: ARG001
    assert refused(text_of(COUNTER | {"prerequisites": ["nope"]})) == {
        "rich": ("prerequisites", "There is no achievement nope.")
    }


def test_what_waits_for_a_refused_row_is_not_at_fault(store):  # noqa: ARG001
    make("taken", **TIERED)
    text = text_of(COUNTER | {"slug": "taken_gold"}, COUNTER | {"slug": "after", "prerequisites": ["taken_gold"]})
    assert list(refused(text)) == ["taken_gold"]


def test_taken_slugs_are_refused(store):  # noqa: ARG001
    make("slayer", **TIERED)
    tiers = [{"level": "b", "name": "B", "target": 1, "points": 1}]
    tiered = COUNTER | {"slug": "a", "type": "tiered", "target": 1, "tiers": tiers}
    assert refused(text_of(tiered, COUNTER | {"slug": "slayer_gold"}, COUNTER | {"slug": "a_b"})) == {
        "slayer_gold": ("slug", "slayer_gold is taken by slayer."),
        "a_b": ("slug", "a_b is taken by a."),
    }


def test_published_ones_keep_what_progress_is_kept_by(store, subtests):
    for before, field, after in [
        ({}, "type", {"type": "milestone", "target": 1}),
        ({}, "status", {"status": "draft"}),
        ({"type": "streak"}, "action", {"type": "streak", "action": "login"}),
        (
            {"type": "collection", "items": ("cup", "ring"), "target": 2},
            "items",
            {"type": "collection", "items": ["cup", "axe"], "target": 2},
        ),
    ]:
        with subtests.test(before=before, field=field, after=after):
            store.empty()
            make("rich", **before)
            text = text_of(COUNTER | {"status": "published"} | after)
            assert list(refused(text)) == ["rich"]
            assert refused(text)["rich"][0] == field
            text_before = exchange.export_json()
            assert do_import(text)[0].what == "refused"
            assert exchange.export_json() == text_before


def test_board_with_entries_keeps_its_order(services_store, clock):  # noqa: ARG001
    make_board("coins")
    make_player("alice")
    scores.submit("coins", "alice", 3)
    documents = [{"slug": "coins", "name": "Coins", "order": "asc"}]
    assert refused(text_of(boards=documents))["coins"][0] == "order"
    assert planned(text_of(boards=[documents[0] | {"order": "desc", "name": "New"}])) == [
        (1, "coins", "changed", "name")
    ]


def test_nothing_is_written_when_a_row_is_refused(services_store):  # noqa: ARG001
    text = text_of(COUNTER, COUNTER | {"slug": "bad", "points": -1}, boards=[{"slug": "coins", "name": "Coins"}])
    assert [(it.slug, it.what) for it in do_import(text)] == [("coins", "new"), ("rich", "new"), ("bad", "refused")]
    assert catalog.all() == []
    with pytest.raises(UnknownBoard):
        boards.get("coins")
    assert list(audit.walk(lambda _entry: True)) == []


def test_changed_fields_are_named_and_what_is_the_same_is_left_alone(services_store):  # noqa: ARG001
    make("rich", name="Rich", metadata={"a": 1})
    make("kept", name="Rich")
    same = COUNTER | {"slug": "kept", "status": "published"}
    text = text_of(same, COUNTER | {"status": "published", "metadata": {"a": True}, "points": 6})
    assert planned(text) == [(1, "kept", "same", ""), (2, "rich", "changed", "points,metadata")]
    do_import(text)
    assert [catalog.get(slug).revision for slug in ("kept", "rich")] == [1, 2]
    assert {it.what for it in do_import(text)} == {"same"}


def test_import_is_in_the_audit_log(services_store):  # noqa: ARG001
    make("rich", points=1)
    rows = exchange.read_json(text_of(COUNTER | {"status": "published"}, COUNTER | {"slug": "other"}))
    exchange.apply(rows, by="charlie", source="catalog.json")
    (entry,) = audit.walk(lambda it: it.what == "catalog_imported")
    assert (entry.subject, entry.by, entry.after) == ("catalog.json", "charlie", {"new": 1, "changed": 1})


def test_what_changes_between_judging_and_writing_is_refused_and_what_was_written_is_told(store, monkeypatch):  # noqa: ARG001
    define = catalog.define

    def interfere(achievement: Achievement, *, by: str) -> None:
        define(achievement, by=by)
        define(replace(BASE, slug="other", type="milestone", target=1))

    monkeypatch.setattr(catalog, "define", interfere)
    rows = exchange.read_json(text_of(COUNTER, COUNTER | {"slug": "other"}))
    with pytest.raises(ValidationError) as refusal:
        exchange.apply(rows, by="charlie")
    assert list(refusal.value.message_dict) == ["status"]
    (entry,) = audit.walk(lambda it: it.what == "catalog_imported")
    assert entry.after == {"new": 1, "changed": 0}


def test_what_is_no_achievement_is_refused_with_the_field(store, subtests):  # noqa: ARG001
    for document, field, reason in [
        (COUNTER | {"pionts": 5}, "pionts", "There is no “pionts”. Allowed: action, category,"),
        (COUNTER | {"revision": 5}, "revision", "There is no “revision”."),
        ({"slug": "rich"}, "name, description, type, target, points, category", "“points” is missing."),
        (COUNTER | {"points": 1001}, "points", "from 0 to 1000"),
        (COUNTER | {"points": "5"}, "points", "from 0 to 1000"),
        (COUNTER | {"target": True}, "target", "whole number"),
        (COUNTER | {"hidden": "no"}, "hidden", "true or false"),
        (COUNTER | {"prerequisites": "rich"}, "prerequisites", "Write a list"),
        (COUNTER | {"items": {"a": 1}}, "items", "Write a list"),
        (COUNTER | {"tiers": [[1, 2]]}, "tiers", "Each must be an object with level, name, points, target."),
        (COUNTER | {"tiers": [{"level": "a"}]}, "tiers", "missing"),
        (COUNTER | {"type": "tiered", "tiers": [asdict(TIERS[0]) | {"level": 1}]}, "tiers", "a text"),
        (COUNTER | {"metadata": [1]}, "metadata", "JSON object"),
        (COUNTER | {"metadata": {"a": float("inf")}}, "metadata", "JSON object"),
        (COUNTER | {"action": None}, "action", "slug"),
        (COUNTER | {"type": ["counter"]}, "type", "Choose one of"),
        (COUNTER | {"slug": "Not a slug"}, "slug", "slug"),
        (COUNTER | {"name": "a\nb"}, "name", "control characters"),
        ([1], "", "must be an object"),
        (None, "", "must be an object"),
    ]:
        with subtests.test(document=document, field=field):
            (found,) = exchange.plan(exchange.read_json(text_of(document)))
            assert (found.number, found.kind, found.what, found.field) == (1, "achievement", "refused", field)
            assert reason in found.reason


def test_what_is_no_board_is_refused_with_the_field(store, subtests):  # noqa: ARG001
    for document, field, reason in [
        ({"windows": "all"}, "windows", "Write a list"),
        ({"windows": [["all"]]}, "windows", "Choose one or more of all, day,"),
        ({"floor": "much"}, "floor", "Enter a number."),
        ({"floor": "0.5"}, "floor", "must be a whole number"),
        ({"floor": [1]}, "floor", "Enter a number."),
        (
            {"seasons": [{"slug": "a", "name": "A", "starts": "soon", "ends": "2082-01-01"}]},
            "seasons",
            "Write days like",
        ),
        (
            {"seasons": [{"slug": "a", "name": 1, "starts": "2081-01-01", "ends": "2082-01-01"}]},
            "seasons",
            "“name” must be a text.",
        ),
        ({"max_entries": "9"}, "max_entries", "from 1 to 10000000"),
        ({"timezone": 1}, "timezone", "There is no such timezone"),
        ({"colour": "red"}, "colour", "There is no “colour”. Allowed: action, combine,"),
        ({"slug": "achievement-points"}, "combine", "The built-in board needs last."),
    ]:
        with subtests.test(document=document, field=field):
            (found,) = exchange.plan(
                exchange.read_json(text_of(boards=[{"slug": "coins", "name": "Coins"} | document]))
            )
            assert (found.kind, found.what, found.field) == ("board", "refused", field)
            assert reason in found.reason


def test_doubles_are_refused_by_row(store):  # noqa: ARG001
    text = text_of(COUNTER, COUNTER, boards=[{"slug": "rich", "name": "A board may be called the same"}])
    assert planned(text) == [(1, "rich", "new", ""), (2, "rich", "refused", "slug"), (3, "rich", "refused", "slug")]
    assert refused(text)["rich"][1] == "Rows 2, 3 are the same."


def test_what_is_no_catalog_is_refused_as_a_whole(subtests):
    for text, reason in [
        ("", "Line 1, column 1"),
        ('{"gamify": 1,\n  "boards" []}', "Line 2, column 12"),
        ("[" * 100_000, "nested too deeply"),
        ('{"gamify": ' + "9" * 5000 + "}", "too long"),
        ("[]", "This is no catalog"),
        ('{"boards": []}', "This is no catalog"),
        ('{"gamify": 2}', "This is no catalog"),
        ('{"gamify": true}', "This is no catalog"),
        ('{"gamify": 1, "achievments": []}', "no “achievments”. Allowed: gamify, boards, achievements."),
        ('{"gamify": 1, "boards": {}}', "“boards” must be a list"),
        ('{"gamify": 1, "boards": [{"slug": "a", "slug": "b"}]}', "“slug” stands twice"),
        ('{"gamify": 1, "boards": [' + ",".join(["1"] * 5001) + "]}", "at most 5,000 definitions; this one has 5,001"),
        ('{"gamify": 1}' + " " * 1_048_576, "at most 1,048,576 bytes"),
    ]:
        with subtests.test(reason=reason):
            assert reason in file_error(exchange.read_json, text)


def test_files_are_utf_8_with_or_without_a_mark():
    assert exchange.decode("\ufeffé".encode()) == "é"
    assert exchange.read_json('\ufeff{"gamify": 1}') == []
    assert file_error(exchange.decode, "a\nbcé\xff".encode("latin-1")) == "Line 2, column 3: this is no UTF-8."
    assert "at most" in file_error(exchange.decode, b" " * 1_048_577)


def test_format_is_told_by_name_or_content():
    assert exchange.detect("Catalog.JSON", "a,b") == "json"
    assert exchange.detect("catalog.csv", "{}") == "csv"
    assert exchange.detect("catalog.txt", '\ufeff\n {"gamify": 1}') == "json"
    assert exchange.detect("", "Name,Description") == "csv"


# CSV


def read(text: str, **said) -> list[exchange.Row]:
    return exchange.read_csv(text, **{"category": "imported", "status": "published"} | said)


def test_what_a_file_holds_is_quoted_in_short(store, subtests):  # noqa: ARG001
    long = "x" * 5000
    tiers = [{"level": long, "name": "A", "target": 1, "points": 0}]
    for document in (
        COUNTER | {"slug": long},
        COUNTER | {long: 1},
        COUNTER | TIERED | {"target": 1, "tiers": tiers},
        COUNTER | {"type": "tiered", "tiers": [{long: 1}]},
    ):
        with subtests.test(document=str(document)[:80]):
            (found,) = exchange.plan(exchange.read_json(text_of(document)))
            assert found.what == "refused"
            assert len(found.slug + found.field + found.reason) < 500
    for cells in (f"A,,{long},,Revealed,5,1", f"A,,False,,{long},5,1", f"A,,False,,Revealed,{long},1"):
        with subtests.test(cells=cells[:30]):
            (found,) = take(cells + "\n")
            assert found.what == "refused"
            assert "…" in found.reason and len(found.reason) < 200
    for text in (json.dumps({"gamify": 1, long: []}), f'{{"gamify": 1, "boards": [{{"{long}": 1, "{long}": 2}}]}}'):
        with subtests.test(text=text[:20]):
            assert len(file_error(exchange.read_json, text)) < 200


def test_csv_with_and_without_header(store):  # noqa: ARG001
    rows = 'First Steps,"Do it, once",False,,Revealed,5,1\n100 coins,,TRUE,100,hidden,10,\n'
    header = "\ufeffName, Description,Incremental Value,Steps needed,Initial state,Points,List order\r\n"
    plain = [row.definition for row in read(rows)]
    assert plain == [row.definition for row in read(header + rows)]
    assert plain == [
        Achievement(
            *("first-steps", "First Steps", "Do it, once", "milestone", "first_steps", 1, 5, "imported"),
            status="published",
            position=1,
        ),
        Achievement(
            *("100-coins", "100 coins", "", "counter", "100_coins", 100, 10, "imported"),
            status="published",
            hidden=True,
        ),
    ]
    assert [row.number for row in read(header + "\n" + rows + ",,,,,,\n")] == [3, 4]


@pytest.mark.usefixtures("store")
def test_csv_needs_a_category_only_for_what_is_new():
    make("ten", name="Ten", description="Get ten.")
    known = "Ten,Get ten.,False,,Revealed,5,1"
    (row,) = exchange.read_csv(known)
    assert (row.slug, row.error) == ("ten", None)
    with pytest.raises(ValidationError) as refusal:
        exchange.read_csv(f"{known}\nOther,Something.,False,,Revealed,5,2")
    assert refusal.value.message_dict == {"category": ["Row 2 is new: give a category for it."]}


def test_csv_is_a_draft_unless_said_otherwise(store):  # noqa: ARG001
    (row,) = exchange.read_csv("A,,False,,Revealed,5,1", category="imported")
    assert row.definition
    assert row.definition.status == "draft"


def row(name: str, description: str = "", *, steps: int | None = None, points: int = 5, order: int | str = 1) -> str:
    """A row of a CSV, without an ID."""
    return f"{name},{description},{steps is not None},{steps or ''},Revealed,{points},{order}\n"


def with_ids(*rows: tuple[str, str]) -> str:
    """A CSV with a header, of (ID, row)."""
    columns = "Name,Description,Incremental value,Steps Needed,Initial State,Points,List Order"
    return f"ID,{columns}\n" + "".join(f"{id_},{line}" for id_, line in rows)


def take(text: str, **said) -> list[exchange.Finding]:
    """Imports a CSV."""
    return exchange.apply(read(text, **said), by="charlie")


def told(findings: list[exchange.Finding]) -> list[tuple]:
    """Findings as (number, slug, what, changed fields or field)."""
    return [(it.number, it.slug, it.what, it.field or ",".join(it.changed)) for it in findings]


def slugs(*names: str) -> list[str]:
    """The slugs of new achievements with these names."""
    return [it.slug for it in read("".join(map(row, names)))]


def test_slugs_are_made_from_names(store):  # noqa: ARG001
    assert slugs("First Steps", "Don't Panic!", "Über 9000", "x" * 64) == [
        *("first-steps", "dont-panic", "uber-9000", "x" * 64)
    ]
    assert read(row("First Steps"))[0].definition.action == "first_steps"


def test_names_that_a_slug_cannot_hold_get_one_of_their_own(store, subtests):
    """The same in each file, wherever the row stands; and never what another name has."""
    for name, other in [
        ("漢字", "かな"),
        ("Первый шаг", "Второй шаг"),
        ("漢字 2", "かな 2"),
        ("Straße", "Strae"),
        ("🏆", "🥇"),
        ("x" * 90 + "a", "x" * 90 + "b"),
        ("-", "!"),
    ]:
        with subtests.test(name=name, other=other):
            store.empty()
            first, second = slugs(name, other)
            assert first != second
            assert slugs(other, "Between", name) == [second, "between", first]
            assert slugs(name) == [first]
            assert take(row(name) + row(other))[0].what == "new"
            assert {item.name for item in catalog.all()} == {name, other}


def test_names_of_no_latin_letters_do_not_overwrite_each_other_in_the_next_file(services_store):  # noqa: ARG001
    take(row("漢字", "kanji") + row("かな", "kana"))
    kana = slug_of("かな")
    found = take(row("カタカナ", "katakana") + row("かな", "kana"))
    assert told(found) == [(1, slug_of("カタカナ"), "new", ""), (2, kana, "same", "")]
    assert {item.name: item.description for item in catalog.all()} == {
        "漢字": "kanji",
        "かな": "kana",
        "カタカナ": "katakana",
    }


def slug_of(name: str) -> str:
    """The slug of the achievement with a name."""
    (found,) = [item.slug for item in catalog.all() if item.name == name]
    return found


def test_two_names_never_share_a_slug(store):  # noqa: ARG001
    """Neither of two in a file, nor one with what is there, may have the slug that both would make."""
    both = slugs("C++", "C#")
    assert both == slugs("C#", "C++")[::-1]
    assert len({*both, "c"}) == 3
    make("uber-9000", name="Something else")
    take(row("Über 9000!"))
    assert catalog.get("uber-9000").name == "Something else"
    assert slug_of("Über 9000!").startswith("uber-9000-")
    make("slayer", **TIERED)
    assert slugs("slayer_gold") != ["slayer_gold"]


def test_row_with_a_known_name_changes_what_a_csv_can_say(services_store):  # noqa: ARG001
    make("three", type="streak", target=3, freezes=2, name="Three  Days", category="days", metadata={"a": 1})
    make("wins", name="Wins", position=7, prerequisites=("three",), measure="max")
    text = row("three days", "Come back", steps=4, points=20, order=2) + row("Wins", steps=10, order="")
    assert told(take(text, status="draft")) == [
        (1, "three", "changed", "name,description,target,points,position"),
        (2, "wins", "same", ""),
    ]
    found = catalog.get("three")
    assert (found.name, found.description, found.target, found.points) == ("three days", "Come back", 4, 20)
    assert (found.type, found.freezes, found.category, found.status) == ("streak", 2, "days", "published")
    assert found.metadata == {"a": 1}


def test_rows_stand_in_the_same_order_wherever_they_are_from(services_store):
    make("a", name="1,1")
    make("b", name="1-1")
    text = exchange.export_csv()
    services_store.empty()
    take(text)
    assert exchange.export_csv() == text


def test_order_of_rows_changes_nothing(services_store):
    rows = [row("A", steps=5), row("B", order=2), row("漢字"), row("C++"), row("C#", order="")]
    take("".join(rows))
    assert {it.what for it in take("".join(reversed(rows)))} == {"same"}
    text = exchange.export_json()
    services_store.empty()
    take("".join(reversed(rows)))
    assert exchange.export_json() == text


def test_rows_that_are_the_same_are_refused_with_both_numbers(store, subtests):
    make("rich", name="Rich", metadata={"play_console_id": "CgkIx"})
    make("slayer", **TIERED)
    for text, numbers in [
        (row("New") + row("Other") + row("new "), (1, 3)),
        (row("Rich") + row("RICH"), (1, 2)),
        (row("Straße") + row("STRASSE"), (1, 2)),
        (row("Caf\u00e9 au lait") + row("Cafe\u0301  au lait"), (1, 2)),
        (row("Slayer: Gold", steps=5, points=10) * 2, (1, 2)),
        (with_ids(("rich", row("Riches")), ("CgkIx", row("Money"))), (2, 3)),
        (with_ids(("", row("Rich")), ("CgkIx", row("Money"))), (2, 3)),
        (with_ids(("a", row("A")), ("a", row("B"))), (2, 3)),
    ]:
        with subtests.test(text=text):
            found = {it.number: it.reason for it in take(text) if it.what == "refused"}
            assert tuple(found) == numbers
            assert set(found.values()) == {"Rows {}, {} are the same.".format(*numbers)}
    assert len(catalog.all()) == 2
    assert store


def test_rows_that_share_a_new_id_are_refused_with_their_numbers(store, subtests):  # noqa: ARG001
    make("rich", name="Rich")
    reason = "Rows 2, 4 have the same ID."
    for other in (row("Other"), row("Rich")):
        with subtests.test(other=other):
            found = take(with_ids(("CgkIx", row("New")), ("CgkIy", row("Fine")), ("CgkIx", other)))
            assert [it.number for it in found if it.what == "refused"] == [2, 4]
            assert {(it.field, it.reason) for it in found if it.what == "refused"} == {("id", reason)}
            assert [it.slug for it in catalog.all()] == ["rich"]


def test_id_counts_before_the_name(store):  # noqa: ARG001
    make("a", name="A", metadata={"play_console_id": "CgkIa"})
    make("b", name="B")
    text = with_ids(("CgkIa", row("B", steps=10)), ("b", row("A", steps=10)))
    assert told(take(text)) == [(2, "a", "changed", "name,position"), (3, "b", "changed", "name,position")]
    assert (catalog.get("a").name, catalog.get("b").name) == ("B", "A")


def test_id_is_learned_and_written_and_outlives_a_new_name(services_store):  # noqa: ARG001
    make("a", name="A", metadata={"kept": True})
    take(with_ids(("CgkIa", row("A", steps=10)), ("CgkIn", row("New")), ("own-slug", row("Own"))))
    assert catalog.get("a").metadata == {"kept": True, "play_console_id": "CgkIa"}
    assert catalog.get("new").metadata == {"play_console_id": "CgkIn"}
    assert catalog.get("own-slug").name == "Own"
    assert catalog.get("own-slug").metadata == {}
    text = exchange.export_sheet()
    assert [cells[-1] for cells in csv.reader(io.StringIO(text))] == ["ID", "CgkIa", "CgkIn", "own-slug"]
    assert {it.what for it in take(text)} == {"same"}
    assert told(take(text.replace("New,", "Newer,").replace("Own,", "漢字,")))[1:] == [
        (3, "new", "changed", "name"),
        (4, "own-slug", "changed", "name"),
    ]


def test_what_a_row_is_must_be_plain(store, subtests):  # noqa: ARG001
    make("one", name="Twin")
    make("two", name="Twin")
    make("old", name="Again", status="archived", metadata={"play_console_id": "CgkIo"})
    make("young", name="Again", metadata={"play_console_id": "CgkIy"})
    make("slayer", **TIERED, metadata={"play_console_id": "CgkIt"})
    make("same-id", metadata={"play_console_id": "CgkIy"})
    for id_, line, field, reason in [
        ("", row("Twin"), "name", "any of one, two. Say which one by its slug in a column ID."),
        ("CgkIy", row("Whatever"), "id", "any of same-id, young."),
        ("CgkIz", row("Again"), "id", "young has this name, and another ID."),
        ("other", row("Again"), "id", "young has this name, and another ID."),
        ("no id", row("Fine"), "id", "An ID has 1 to 64"),
        ("", row("Slayer"), "tiers", "slayer has tiers."),
        ("slayer", row("Slayer"), "tiers", "slayer has tiers."),
        ("", row("Slayer: Gold", steps=5, points=11), "tiers", "slayer has tiers."),
        ("slayer_gold", row("Slayer: Golden", steps=5, points=10), "tiers", "slayer has tiers."),
        ("CgkIn", row("Slayer: Gold", steps=5, points=10), "tiers", "slayer has tiers."),
    ]:
        with subtests.test(id=id_, line=line):
            (found,) = exchange.plan(read(with_ids((id_, line))))
            assert (found.number, found.what, found.field) == (2, "refused", field)
            assert reason in found.reason
    for id_, name, slug in [("two", "Twin", "two"), ("", "Again", "young"), ("CgkIo", "Again", "old")]:
        with subtests.test(id=id_, name=name):
            assert told(exchange.plan(read(with_ids((id_, row(name, steps=10)))))) == [(2, slug, "changed", "position")]


def test_names_that_differ_in_case_alone_are_told_apart_where_both_are_there(store):  # noqa: ARG001
    make("big", name="ECHO")
    make("small", name="echo", target=20)
    assert {it.what for it in take(exchange.export_csv())} == {"same"}
    assert told(take(row("echo", steps=30, order=""))) == [(1, "small", "changed", "target")]
    assert told(take(row("Echo", steps=30, order=""))) == [(1, "", "refused", "name")]


def test_what_had_the_name_once_is_not_overwritten(store):  # noqa: ARG001
    take(row("漢字"))
    slug = slug_of("漢字")
    catalog.define(replace(catalog.get(slug), name="Kanji"))
    (found,) = take(row("漢字"))
    assert (found.what, found.field, catalog.get(slug).name) == ("refused", "name", "Kanji")
    assert f"{slug} had this name once." in found.reason
    assert told(take(with_ids((slug, row("漢字"))))) == [(2, slug, "changed", "name")]


def test_published_ones_keep_their_type_in_a_csv_too(store):  # noqa: ARG001
    make("once", name="Once", type="milestone", target=1)
    make("often", name="Often")
    make("idea", name="Idea", type="milestone", target=1, status="draft")
    found = exchange.plan(read(row("Once", steps=5) + row("Often") + row("Idea", steps=5)))
    assert [(it.slug, it.what, it.field or ",".join(it.changed)) for it in found] == [
        ("once", "refused", "type"),
        ("often", "refused", "type"),
        ("idea", "changed", "type,target,position"),
    ]


def test_columns_below_a_header_may_stand_in_any_order(store):  # noqa: ARG001
    text = (
        "points,id,NAME,List Order,Steps needed,Incremental Value,Initial state,Description\n10,,A,3,7,true,Hidden,Do\n"
    )
    (found,) = read(text)
    assert (found.slug, found.definition.points, found.definition.target) == ("a", 10, 7)
    assert (found.definition.position, found.definition.hidden, found.definition.description) == (3, True, "Do")
    (found,) = exchange.plan(read(text + "10,,A,3\n")[1:])
    assert "There must be 8 columns (Points, ID, Name," in found.reason


def test_long_names_are_taken(services_store):  # noqa: ARG001
    names = ["n" * 100, "漢" * 100, "o" * 81]
    assert {it.what for it in take("".join(map(row, names)))} == {"new"}
    assert {item.name for item in catalog.all()} == set(names)
    assert [(it.what, it.field) for it in exchange.plan(read(row("n" * 101)))] == [("refused", "name")]


def test_wrong_rows_are_refused_by_line(store, subtests):  # noqa: ARG001
    for cells, field, reason in [
        ("A,,False,,Revealed,5", "", "There must be 7 columns"),
        ("A,,False,,Revealed,5,1,extra", "", "and there are 8"),
        (",,False,,Revealed,5,1", "name", "1 to 100 characters"),
        ("A,,Yes,,Revealed,5,1", "type", "Write True or False, not “Yes”."),
        ("A,,True,,Revealed,5,1", "target", "Write a whole number, not “”."),
        ("A,,True,0,Revealed,5,1", "target", "Enter a whole number from 1 to"),
        ("A,,True,1_0,Revealed,5,1", "target", "Write a whole number, not “1_0”."),
        ("A,,False,10,Revealed,5,1", "target", "Only incremental ones have steps."),
        ("A,,False,,Shown,5,1", "hidden", "Write Hidden or Revealed, not “Shown”."),
        ("A,,False,,Revealed,,1", "points", "Write a whole number, not “”."),
        ("A,,False,,Revealed,1001,1", "points", "from 0 to 1000"),
        ("A,,False,,Revealed,5,-1", "position", "Write a whole number, not “-1”."),
        ('A,"two\nlines",False,,Revealed,5,1', "description", "must not hold control characters or line breaks"),
    ]:
        with subtests.test(cells=cells, field=field):
            (fine, wrong, last) = exchange.plan(read(f'B,"",False,,Revealed,5,1\n{cells}\nC,,False,,Revealed,5,1\n'))
            assert (fine.what, last.what) == ("new", "new")
            assert (wrong.number, wrong.what, wrong.field) == (2, "refused", field)
            assert reason in wrong.reason


def test_what_is_no_csv_is_refused_as_a_whole():
    assert "Line 2: this is no CSV" in file_error(read, 'A,,False,,Revealed,5,1\n"B,,False,,Revealed,5,1\n')
    assert "at most 5,000" in file_error(read, "A,,False,,Revealed,5,1\n" * 5001)
    for field, said in (("category", {"category": "No Slug"}), ("status", {"status": "open"})):
        with pytest.raises(ValidationError) as error:
            read("A", **said)
        assert list(error.value.message_dict) == [field]


def test_csv_export_has_a_row_for_each_release_of_what_is_published(store):  # noqa: ARG001
    make("slayer", **TIERED, description="Win, often", hidden=True)
    make("three", type="streak", target=3)
    make("single", target=1, position=2)
    make("first", type="milestone", target=1, points=7, position=4)
    make("idea", status="draft")
    make("gone", status="archived")
    rows = [
        ["Slayer: Silver", "Win; often", "True", "2", "Hidden", "3", ""],
        ["Slayer: Gold", "Win; often", "True", "5", "Hidden", "10", ""],
        ["Three", "", "True", "3", "Revealed", "5", ""],
        ["Single", "", "False", "", "Revealed", "5", "2"],
        ["First", "", "False", "", "Revealed", "7", "4"],
    ]
    assert list(csv.reader(io.StringIO(exchange.export_csv()))) == rows
    ids = ["slayer_silver", "slayer_gold", "three", "single", "first"]
    sheet = [[*cells, id_] for cells, id_ in zip(rows, ids, strict=True)]
    assert list(csv.reader(io.StringIO(exchange.export_sheet()))) == [[*play_console.COLUMNS, "ID"], *sheet]


def test_what_play_console_takes_needs_no_notice(store):  # noqa: ARG001
    make("first", name="n" * 100, description="d" * 500, type="milestone", target=1, points=5)
    make("last", name="漢字", target=10_000, points=200, position=1)
    assert exchange.notices() == []


def test_what_play_console_minds_is_told_row_by_row(store, subtests):
    for fields, reason in [
        ({"points": 0}, "Points: Play Console takes multiples of 5 from 5 to 200, not 0."),
        ({"points": 7}, "Points: Play Console takes multiples of 5 from 5 to 200, not 7."),
        ({"points": 205}, "Points: Play Console takes multiples of 5 from 5 to 200, not 205."),
        ({"target": 10_001}, "Steps Needed: Play Console takes at most 10,000, not 10,001."),
        ({"name": "a,b"}, "Name: semicolons stand for its commas, which Play Console does not take."),
        ({"description": "a,b"}, "Description: semicolons stand for its commas, which Play Console does not take."),
        ({"name": "🪙" * 51}, "Name: it has 102 characters, and Play Console takes 100."),
        (
            {"name": "+1"},
            "Name: a ' before it keeps spreadsheets from running it as a formula. Remove it in Play Console.",
        ),
        ({"name": 'a "b"'}, "Name: see in Play Console whether its quotation marks have arrived."),
        ({"name": "Fine"}, "Name: rows 1, 2 have the same, and in Play Console each needs its own."),
        ({"name": "a,b", "points": 1}, None),
    ]:
        with subtests.test(fields=fields):
            store.empty()
            make("fine", name="Fine", description="Do", points=10)
            make("odd", **{"name": "Odd", "position": 1} | fields)
            make("hidden-away", status="draft", name="Fine", points=3)
            found = [it for it in exchange.notices() if it.row == 2]
            assert {it.name for it in found} == {fields.get("name", "Odd")}
            assert [it.reason for it in found] == [reason] if reason else len(found) == 2
            others = [(it.row, it.reason) for it in exchange.notices() if it.row != 2]
            assert others == ([(1, reason)] if fields == {"name": "Fine"} else [])


def test_long_names_of_tiers_are_told(store):  # noqa: ARG001
    make("slayer", **TIERED | {"tiers": (replace(TIERS[0], points=5), TIERS[1])}, name="n" * 93)
    (notice,) = exchange.notices()
    assert (notice.row, notice.name) == (1, "n" * 93 + ": Silver")
    assert "it has 101 characters" in notice.reason


def test_what_play_console_minds_of_the_whole_file_is_told(store):  # noqa: ARG001
    for number in range(401):
        make(f"a{number}", name=f"A{number}", action=f"action-{number}", points=5)
    assert [(it.row, it.reason) for it in exchange.notices()] == [
        (0, "All together have 2,005 points; Play Console takes 2,000 for a game."),
        (0, "There are 401 rows; Play Console takes 400 achievements for a game."),
    ]


def test_no_cell_is_a_formula_and_names_come_back(store, subtests):
    for name in ["=1+1", "+1", "-1", "@home", "'=1", "''+", "'quoted'", "plain = simple"]:
        with subtests.test(name=name):
            store.empty()
            make("odd", name=name, description=name)
            text = exchange.export_csv()
            ((cell, *_),) = csv.reader(io.StringIO(text))
            assert cell[0] not in "=+-@"
            store.empty()
            exchange.apply(read(text), by="charlie")
            (found,) = catalog.all()
            assert (found.name, found.description) == (name, name)
            assert exchange.export_csv() == text


# Properties

LINE = (
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20)
    .map(texts.normal)
    .filter(lambda text: not text or texts.VISIBLE.search(text))
)
NAME = LINE.filter(bool)
WORD = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def of_type(draw: st.DrawFn, kind: str) -> dict:
    """What is particular to a type."""
    target = draw(st.integers(1, 2**53 - 1))
    action = draw(WORD)
    if kind == "meta":
        return {"action": None, "target": target, "counts": draw(st.none() | WORD)}
    if kind == "collection":
        items = draw(st.lists(NAME, min_size=1, max_size=4, unique=True))
        return {"action": action, "items": tuple(items), "target": len(items)}
    if kind == "tiered":
        targets = sorted(draw(st.sets(st.integers(1, 2**53 - 1), min_size=1, max_size=3)))
        tiers = tuple(Tier(f"t{i}", draw(NAME), it, draw(st.integers(0, 1000))) for i, it in enumerate(targets))
        return {"action": action, "tiers": tiers, "target": targets[-1]}
    if kind == "streak":
        return {"action": action, "target": target, "freezes": draw(st.integers(0, 5))}
    return {"action": action, "target": 1 if kind == "milestone" else target}


@st.composite
def achievements(draw: st.DrawFn) -> list[Achievement]:
    """Achievements of which each may wait for those before it."""
    found: list[Achievement] = []
    for slug in draw(st.lists(WORD, max_size=6, unique=True)):
        kind = draw(st.sampled_from(["counter", "milestone", "collection", "streak", "tiered", "meta"]))
        releases = [release.slug for item in found for release in item.releases()]
        if slug in {name for item in found for name in catalog.names(item)}:
            continue
        made = Achievement(
            slug=slug,
            name=draw(NAME),
            description=draw(LINE),
            type=kind,
            points=draw(st.integers(0, 1000)),
            category=draw(WORD),
            measure=draw(st.sampled_from(["sum", "count", "max"])),
            icon=draw(st.sampled_from(["", "cup", "/a.svg", "https://example.com/ü.svg"])),
            hidden=draw(st.booleans()),
            prerequisites=tuple(draw(st.lists(st.sampled_from(releases), unique=True, max_size=2))) if releases else (),
            metadata=draw(st.dictionaries(st.text(max_size=5), JSON, max_size=2)),
            status=draw(st.sampled_from(["draft", "published", "archived"])),
            position=draw(st.integers(0, 3)),
            **of_type(draw, kind),
        )
        if not catalog.names(made) & {name for item in found for name in catalog.names(item)}:
            found.append(made)
    return found


@st.composite
def board(draw: st.DrawFn, slug: str) -> Board:
    """A board of any kind."""
    decimals = draw(st.integers(0, 4))
    starts = draw(st.lists(st.integers(1, 2000), unique=True, max_size=3))
    first = date(2030, 1, 1)
    seasons = tuple(
        Season(f"s{day}", draw(NAME), first + timedelta(days=day), first + timedelta(days=day + 1)) for day in starts
    )
    windows = ["all", "day", "week", "month", *(["season"] if seasons else [])]
    units = draw(st.integers(-(10**9), 10**9))
    return Board(
        slug,
        draw(NAME),
        action=draw(st.none() | WORD),
        combine=draw(st.sampled_from(["sum", "best", "last"])),
        order=draw(st.sampled_from(["desc", "asc"])),
        decimals=decimals,
        windows=tuple(draw(st.lists(st.sampled_from(windows), unique=True, min_size=1))),
        ties=draw(st.sampled_from(["shared", "dense", "unlocks"])),
        max_entries=draw(st.none() | st.integers(1, 10_000_000)),
        segment_by=draw(st.sampled_from([None, "region", "country", "team"])),
        timezone=draw(st.sampled_from(["UTC", "Europe/Stockholm"])),
        retention_days=draw(st.integers(1, 3650)),
        grace_hours=draw(st.integers(0, 168)),
        description=draw(LINE),
        seasons=seasons,
        floor=Decimal(units).scaleb(-decimals).normalize() if decimals else units,
        news_top=draw(st.integers(0, 10_000)),
    )


@given(data=st.data())
def test_any_legal_catalog_comes_back_the_same(store, data):
    store.empty()
    for slug in data.draw(st.lists(WORD, max_size=3, unique=True)):
        boards.define(data.draw(board(slug)))
    for achievement in data.draw(achievements()):
        catalog.define(achievement)
    text = exchange.export_json()
    assert {it.what for it in do_import(text)} <= {"same"}
    store.empty()
    assert {it.what for it in do_import(text)} <= {"new"}
    assert exchange.export_json() == text


@given(data=st.data())
def test_csv_of_any_legal_catalog_changes_nothing_where_it_is_from(store, data):
    """Whatever its types are, and also where names are alike: with IDs, and without them where names tell apart."""
    store.empty()
    for achievement in data.draw(achievements()):
        catalog.define(achievement)
    before = exchange.export_json()
    assert {it.what for it in take(exchange.export_sheet())} <= {"same"}
    found = take(exchange.export_csv(), category="other", status="draft")
    named = Counter(notice.reason for notice in exchange.notices() if notice.reason.startswith("Name: rows"))
    assert {it.what for it in found} <= ({"same", "refused"} if named else {"same"})
    assert exchange.export_json() == before


@given(data=st.data())
def test_csv_says_the_same_wherever_it_comes_in(store, data):
    """What a file says of counters and milestones is what a file of another site says after it has taken it."""
    store.empty()
    for number, is_counter in enumerate(data.draw(st.lists(st.booleans(), max_size=5))):
        rule = {"target": data.draw(st.integers(2, 2**53 - 1))} if is_counter else {"type": "milestone", "target": 1}
        make(
            f"a{number}",
            name=f"{data.draw(NAME)} {number}",
            description=data.draw(LINE).replace(",", ""),
            points=data.draw(st.integers(0, 1000)),
            hidden=data.draw(st.booleans()),
            position=data.draw(st.integers(0, 2)),
            **rule,
        )
    for export in (exchange.export_csv, exchange.export_sheet):
        text = export()
        said = sorted(map(exchanged, catalog.all()))
        store.empty()
        assert {it.what for it in take(text)} <= {"new"}
        assert export() == text
        assert sorted(map(exchanged, catalog.all())) == said


def exchanged(achievement: Achievement) -> tuple:
    """What a CSV says of an achievement; in names it has no commas."""
    names = ("description", "type", "target", "points", "hidden", "position")
    return (achievement.name.replace(",", ";"), *(getattr(achievement, name) for name in names))


def test_file_name_is_the_one_that_play_console_asks_for():
    assert play_console.FILE_NAME == "AchievementsMetadata.csv"
