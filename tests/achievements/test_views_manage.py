"""The designers' pages: every bad value is refused at its field, nothing is lost, nobody overwrites anybody."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from achievements.definitions import Tier
from achievements.forms import AchievementForm
from achievements.services import catalog, revisions, unlocks
from gamify_site.players.models import Account
from tests.achievements.builders import do, make

pytestmark = pytest.mark.usefixtures("store")

COMMON = {
    "name": "Pocket money",
    "slug": "pocket-money",
    "description": "Collect coins.",
    "category": "coins",
    "icon": "trophy",
    "metadata": "",
    "reason": "",
    "revision": "0",
}
ROWS = {"tiers-TOTAL_FORMS": "3", "tiers-INITIAL_FORMS": "0", "tiers-MIN_NUM_FORMS": "0", "tiers-MAX_NUM_FORMS": "10"}
TIERS = ROWS | {
    "tiers-0-level": "bronze", "tiers-0-name": "Bronze", "tiers-0-target": "10", "tiers-0-points": "5",
    "tiers-1-level": "silver", "tiers-1-name": "Silver", "tiers-1-target": "20", "tiers-1-points": "10",
}  # fmt: skip
GOOD = {
    "counter": {"action": "coin", "measure": "sum", "target": "100", "points": "10"},
    "milestone": {"action": "coin", "points": "5"},
    "collection": {"action": "relic", "items": "Bell\nStar", "points": "30"},
    "streak": {"action": "login", "target": "7", "freezes": "1", "points": "20"},
    "tiered": {"action": "coin", "measure": "sum"} | TIERS,
    "meta": {"counts": "", "target": "3", "points": "50"},
}


def typed(kind: str, **fields: str) -> dict[str, Any]:
    return COMMON | GOOD[kind] | {"type": kind} | fields


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


@pytest.fixture
def everything(pytestconfig) -> bool:
    return bool(pytestconfig.getoption("everything"))


def new(staff: Client, data: dict[str, Any], do: str = "save") -> Any:
    return staff.post("/manage/achievements/new/", data | {"do": do})


def edit(staff: Client, slug: str, data: dict[str, Any], do: str = "save", **more: str) -> Any:
    revision = str(catalog.get(slug).revision)
    return staff.post(f"/manage/achievements/{slug}/edit/", data | {"do": do, "revision": revision} | more)


def test_each_type_is_made_with_its_own_fields(staff, subtests):
    for kind in GOOD:
        with subtests.test(kind=kind):
            assert new(staff, typed(kind, slug=kind)).status_code == 302
            made = catalog.get(kind)
            assert (made.type, made.status, made.revision) == (kind, "draft", 1)
            assert made.sentence()
            page = staff.get(f"/manage/achievements/{kind}/edit/").content.decode()
            for name, value in GOOD[kind].items():
                if name not in ROWS:
                    assert f'name="{name}"' in page, name
                    assert value.split("\n")[0] in page


def test_fields_of_another_type_do_not_count(staff):
    assert new(staff, typed("milestone", target="0", items="x", freezes="99", measure="odd")).status_code == 302
    assert catalog.get("pocket-money").target == 1


def test_edit_keeps_what_the_form_does_not_show(staff):
    make("ten", position=2)
    assert edit(staff, "ten", typed("counter", slug="ten", name="Ten coins")).status_code == 302
    edited = catalog.get("ten")
    assert (edited.name, edited.status, edited.position) == ("Ten coins", "published", 2)


REQUIRED = "This field is required."
NO_SLUG = "A slug has 1 to 64 lower-case letters"
BAD = [
    ("counter", "name", "", "name", REQUIRED),
    ("counter", "name", "x" * 101, "name", "100 characters"),
    ("counter", "name", "\x07", "name", "must not hold control characters"),
    ("counter", "slug", "", "slug", REQUIRED),
    ("counter", "slug", "Not a slug", "slug", NO_SLUG),
    ("counter", "slug", "x" * 65, "slug", "at most 64 characters"),
    ("counter", "slug", "taken", "slug", "There is an achievement with this slug already."),
    ("counter", "slug", "ladder_bronze", "slug", "ladder_bronze is taken by ladder."),
    ("counter", "description", "x" * 501, "description", "500 characters"),
    ("counter", "category", "", "category", REQUIRED),
    ("counter", "category", "Not a slug", "category", NO_SLUG),
    ("counter", "icon", "not an icon", "icon", "Enter the name of an icon"),
    ("counter", "type", "miracle", "type", "Select a valid choice."),
    ("counter", "action", "", "action", REQUIRED),
    ("counter", "action", "Not a slug", "action", NO_SLUG),
    ("counter", "measure", "odd", "measure", "Select a valid choice."),
    ("counter", "target", "", "target", REQUIRED),
    ("counter", "target", "0", "target", "greater than or equal to 1"),
    ("counter", "target", "-5", "target", "greater than or equal to 1"),
    ("counter", "target", "1.5", "target", "Enter a whole number."),
    ("counter", "target", "many", "target", "Enter a whole number."),
    ("counter", "target", "9007199254740992", "target", "less than or equal to 9007199254740991"),
    ("counter", "target", "1e400", "target", "Enter a whole number."),
    ("counter", "points", "", "points", REQUIRED),
    ("counter", "points", "-1", "points", "greater than or equal to 0"),
    ("counter", "points", "1001", "points", "less than or equal to 1000"),
    ("counter", "metadata", "{", "metadata", "This is no JSON"),
    ("counter", "metadata", "[1]", "metadata", "Enter a JSON object such as"),
    ("counter", "metadata", '{"a": NaN}', "metadata", "Enter a JSON object of at most 10000 characters."),
    ("counter", "metadata", "[" * 9000, "metadata", "This is no JSON"),
    ("counter", "metadata", '{"a": "' + "x" * 10_001 + '"}', "metadata", "at most 10000 characters"),
    ("counter", "prerequisites", "nowhere", "prerequisites", "Select a valid choice."),
    ("counter", "reason", "x" * 501, "reason", "500 characters"),
    ("counter", "revision", "soon", "revision", "Enter a whole number."),
    ("collection", "items", "", "items", REQUIRED),
    ("collection", "items", "Bell\nBell", "items", "Each item must have a name of its own."),
    ("collection", "items", "x" * 65, "items", "1 to 64 characters"),
    ("collection", "items", "\n".join(f"item {n}" for n in range(501)), "items", "At most 500 items."),
    ("streak", "freezes", "6", "freezes", "less than or equal to 5"),
    ("streak", "freezes", "-1", "freezes", "greater than or equal to 0"),
    ("streak", "target", "0", "target", "greater than or equal to 1"),
    ("tiered", "tiers-1-target", "10", "tiers", "Each tier's target must be greater"),
    ("tiered", "tiers-1-target", "5", "tiers", "Each tier's target must be greater"),
    ("tiered", "tiers-1-target", "", "tiers-1-target", REQUIRED),
    ("tiered", "tiers-1-target", "x", "tiers-1-target", "Enter a whole number."),
    ("tiered", "tiers-0-points", "1001", "tiers-0-points", "less than or equal to 1000"),
    ("tiered", "tiers-0-name", "", "tiers-0-name", REQUIRED),
    ("tiered", "tiers-1-level", "bronze", "tiers", "Each tier needs a level of its own."),
    ("tiered", "tiers-1-level", "No Slug", "tiers", "“No Slug” cannot be a level"),
    ("tiered", "tiers-TOTAL_FORMS", "x", "tiers", "Some tiers need another look."),
    ("meta", "target", "0", "target", "greater than or equal to 1"),
    ("meta", "counts", "no-such-category", "counts", "Select a valid choice."),
]


def test_every_bad_value_is_refused_at_its_field_and_what_was_typed_is_kept(staff, subtests, everything):
    """Look at the page for one value of each field, and for all with --everything; pages take most of the time."""
    make("taken")
    make("ladder", type="tiered", tiers=(Tier("bronze", "Bronze", 5, 1),), target=5, points=0)
    seen: set[str] = set()
    for kind, field, value, at, reason in BAD:
        with subtests.test(kind=kind, field=field, value=value):
            before, data = catalog.all(), typed(kind, **{field: value})
            form = AchievementForm(QueryDict(urlencode(data)))
            if everything or at not in seen or form.is_valid():  # the service may refuse what the form takes
                seen.add(at)
                answer = new(staff, data)
                assert answer.status_code == 422
                assert 'class="errorlist' in answer.content.decode()
                form = answer.context["form"]
            row = re.fullmatch(r"tiers-(\d)-(\w+)", at)
            told = form.rows[int(row[1])].errors[row[2]] if row else form.errors[at]
            assert reason in " ".join(told)
            assert list(form.errors) == ["tiers" if row else at]
            if row:
                wrong = [(number, list(it.errors)) for number, it in enumerate(form.rows) if it.errors]
                assert wrong == [(int(row[1]), [row[2]])]
            assert catalog.all() == before
            kept = {"description": "Collect coins.", "name": "Pocket money"} | {field: value}
            for name in ("name", "description"):
                assert form[name].value() == kept[name]


def test_prerequisites_that_wait_for_each_other_are_refused_with_the_path(staff):
    make("ant")
    make("bee", prerequisites=("ant",))
    data = typed("counter", slug="ant", name="Ant", prerequisites="bee")
    page = edit(staff, "ant", data)
    assert page.status_code == 422
    assert "ant → bee → ant" in " ".join(page.context["form"].errors["prerequisites"])


def test_published_one_keeps_type_and_slug(staff):
    make("pocket-money")
    assert edit(staff, "pocket-money", typed("milestone", slug="other", target="10", measure="sum")).status_code == 302
    kept = catalog.get("pocket-money")
    assert (kept.type, kept.status) == ("counter", "published")


def test_edit_of_a_published_one_tells_its_impact_first(staff):
    make("pocket-money", target=100)
    do("alice", "coin", amount=50)
    data = typed("counter", target="50")
    page = edit(staff, "pocket-money", data)
    assert 'data-gain="1"' in page.content.decode()
    assert catalog.get("pocket-money").target == 100
    weighed = page.context["weighed"]
    assert edit(staff, "pocket-money", data, policy="give", weighed=weighed)["Location"] == "/manage/achievements/"
    assert [it.achievement for it in unlocks.for_player("alice")] == ["pocket-money"]


def test_what_was_changed_after_the_impact_is_weighed_again(staff):
    make("pocket-money", target=100)
    do("alice", "coin", amount=50)
    do("bob", "coin", amount=20)
    weighed = edit(staff, "pocket-money", typed("counter", target="50")).context["weighed"]
    page = edit(staff, "pocket-money", typed("counter", target="20"), policy="give", weighed=weighed)
    assert 'data-gain="2"' in page.content.decode()
    assert catalog.get("pocket-money").target == 100


def test_policy_only_from_now_on_gives_nothing_yet(staff):
    make("pocket-money", target=100)
    do("alice", "coin", amount=50)
    data = typed("counter", target="50")
    weighed = edit(staff, "pocket-money", data).context["weighed"]
    edit(staff, "pocket-money", data, policy="later", weighed=weighed)
    assert unlocks.for_player("alice") == []
    staff.post("/manage/achievements/pocket-money/backfill/")
    assert len(unlocks.for_player("alice")) == 1


def test_policy_as_if_it_had_always_been_so_takes_it_back(staff):
    make("pocket-money", target=10)
    do("alice", "coin", amount=50)
    data = typed("counter", target="100")
    page = edit(staff, "pocket-money", data)
    assert 'data-lose="1"' in page.content.decode()
    edit(staff, "pocket-money", data, policy="strict", weighed=page.context["weighed"])
    assert unlocks.for_player("alice") == []


def test_edit_that_touches_nobody_is_saved_at_once(staff):
    make("pocket-money", target=100, points=10)
    assert edit(staff, "pocket-money", typed("counter", name="Small change")).status_code == 302
    assert catalog.get("pocket-money").name == "Small change"


def test_second_of_two_editors_is_told_and_nothing_is_overwritten(staff):
    first = make("pocket-money", target=100)
    catalog.define(replace(first, target=200), by="anna")
    page = edit(staff, "pocket-money", typed("counter", name="Mine"), revision="1")
    assert page.status_code == 409
    text = page.content.decode()
    assert "anna has saved revision 2" in text
    assert 'value="Mine"' in text
    assert catalog.get("pocket-money").target == 200
    again = edit(staff, "pocket-money", typed("counter", name="Mine"), revision="2")
    assert again.status_code == 302


def test_draft_to_published_to_archived_and_back(staff):
    new(staff, typed("counter"), do="publish")
    assert catalog.get("pocket-money").status == "published"
    edit(staff, "pocket-money", typed("counter"), do="archive")
    assert catalog.get("pocket-money").status == "archived"
    edit(staff, "pocket-money", typed("counter"), do="publish")
    assert catalog.get("pocket-money").status == "published"


def test_copy_begins_with_the_fields_and_without_a_slug(staff):
    make("pocket-money", target=77)
    form = staff.get("/manage/achievements/new/?from=pocket-money").context["form"]
    assert (form["target"].value(), form["slug"].value(), form["name"].value()) == (77, "", "Pocket-Money")


def test_older_revision_comes_into_the_form_and_is_saved_like_any_edit(staff):
    make("pocket-money", target=10)
    make("pocket-money", target=20)
    assert "Revision 2" in staff.get("/manage/achievements/pocket-money/history/").content.decode()
    page = staff.post("/manage/achievements/pocket-money/history/1/")
    assert page.context["form"]["target"].value() == 10
    assert catalog.get("pocket-money").target == 20
    assert staff.post("/manage/achievements/pocket-money/history/9/").status_code == 404


def test_list_finds_by_text_category_type_and_state(staff):
    make("ant", category="coins")
    make("bee", category="laps", type="milestone", target=1)
    make("cat", status="draft", category="coins")

    def found(query: str) -> list[str]:
        return re.findall(r'data-achievement="(\w+)"', staff.get(f"/manage/achievements/?{query}").content.decode())

    assert found("") == ["ant", "cat", "bee"]
    assert found("q=BEE") == ["bee"]
    assert found("category=coins&status=published") == ["ant"]
    assert found("type=milestone") == ["bee"]
    assert found("q=nothing") == []


def test_bulk_publish_archive_and_category(staff):
    for slug in ("ant", "bee", "cat"):
        make(slug, status="draft")
    url = "/manage/achievements/"
    staff.post(url, {"do": "publish", "chosen": ["ant", "bee"]})
    assert [it.status for it in catalog.all()] == ["published", "published", "draft"]
    staff.post(url, {"do": "archive", "chosen": ["ant", "cat"]})
    assert catalog.get("ant").status == "archived"
    staff.post(url, {"do": "category", "category": "insects", "chosen": ["ant", "bee"]})
    assert {it.slug for it in catalog.all("insects")} == {"ant", "bee"}
    page = staff.post(url, {"do": "category", "category": "Not a slug", "chosen": ["ant", "gone"]}, follow=True)
    text = page.content.decode()
    assert "ant: A slug has" in text
    assert "There is no achievement “gone”" in text
    assert "Choose some achievements first." in staff.post(url, {"do": "publish"}, follow=True).content.decode()


def test_rows_are_moved_and_come_back_alone_for_htmx(staff):
    for slug in ("ant", "bee"):
        make(slug)
    headers = {"HX-Request": "true", "HX-Target": "rows"}
    page = staff.post("/manage/achievements/", {"do": "up:bee"}, headers=headers).content.decode()
    assert re.findall(r'data-achievement="(\w+)"', page) == ["bee", "ant"]
    assert "<html" not in page


def test_only_drafts_that_nothing_waits_for_are_deleted(staff):
    make("ant", status="draft")
    make("bee", prerequisites=("ant",))
    assert staff.post("/manage/achievements/ant/delete/").status_code == 422
    assert staff.post("/manage/achievements/bee/delete/").status_code == 422
    make("cat", status="draft")
    assert staff.post("/manage/achievements/cat/delete/").status_code == 302
    assert {it.slug for it in catalog.all()} == {"ant", "bee"}


def test_preview_shows_badge_rule_and_what_is_wrong_with_what_was_typed(staff):
    headers = {"HX-Request": "true", "HX-Target": "preview"}

    def preview(**fields: str) -> str:
        return staff.post("/manage/achievements/new/", typed("counter", **fields), headers=headers).content.decode()

    assert "100 in total: coin." in preview()
    assert "medallion" in preview(name="")
    wrong = preview(points="1001", name="")
    assert "Points" in wrong
    assert "This field is required" not in wrong
    assert catalog.all() == []


def test_another_type_shows_its_fields_and_keeps_what_was_typed(staff):
    page = new(staff, typed("counter", type="streak"), do="look")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'name="freezes"' in text
    assert 'name="measure"' not in text
    assert 'value="Pocket money"' in text


def test_texts_are_escaped(staff):
    make("pocket-money", name="<script>x", description="<b>", category="coins")
    for page in ("", "pocket-money/edit/", "pocket-money/history/"):
        assert "<script>x" not in staff.get(f"/manage/achievements/{page}").content.decode()


def test_history_names_who_and_why(staff):
    new(staff, typed("counter", reason="for the summer"))
    latest = revisions.history("pocket-money")[0]
    assert (latest.by, latest.reason) == ("root", "for the summer")
