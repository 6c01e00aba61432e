"""Definitions that would keep one script call too long are refused at the field, with the number."""

import json
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from achievements import documents
from achievements.definitions import Achievement
from achievements.services import catalog, exchange, limits, revisions
from gamify_site.players.models import Account
from tests.achievements.builders import BASE, do, make

pytestmark = pytest.mark.usefixtures("store")

FULL = "“coin” can have 2 achievements at most, where each tier counts as one."
META = {"type": "meta", "action": None, "target": 1}
FULL_OF_METAS = "Already 2 metas count these achievements, which is the most."
TOO_LONG = "A chain of prerequisites has at most 3 achievements, and this one would be longer."


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(limits, "MAX_LISTENERS", 2)
    monkeypatch.setattr(limits, "MAX_METAS", 2)
    monkeypatch.setattr(limits, "MAX_CHAIN", 3)
    monkeypatch.setattr(limits, "MAX_WAITING", 3)


def reason_at(field: str, change, *args, **fields) -> str:
    with pytest.raises(ValidationError) as refused:
        change(*args, **fields)
    assert list(refused.value.message_dict) == [field]
    return refused.value.message_dict[field][0]


def text_of(*achievements: Achievement) -> str:
    return json.dumps({"gamify": 1, "boards": [], "achievements": [documents.write(it) for it in achievements]})


def refusals(*achievements: Achievement) -> dict[str, tuple[str, str]]:
    found = exchange.apply(exchange.read_json(text_of(*achievements)), by="charlie")
    return {it.slug: (it.field, it.reason) for it in found if it.what == "refused"}


def counter(slug: str, **fields) -> Achievement:
    return replace(BASE, **({"slug": slug, "name": slug.title()} | fields))


def test_listeners_of_an_action_are_limited():
    make("one")
    make("two")
    assert reason_at("action", make, "three") == FULL
    make("other", action="gem")
    assert reason_at("action", catalog.define, replace(catalog.get("other"), action="coin")) == FULL


def test_drafts_and_archived_ones_do_not_count_until_they_are_published():
    make("one")
    make("draft", status="draft")
    make("old", status="archived")
    make("two")
    assert reason_at("action", catalog.define, replace(catalog.get("draft"), status="published")) == FULL
    assert reason_at("action", catalog.define, replace(catalog.get("old"), status="published")) == FULL
    catalog.archive("one")
    make("draft")


def test_those_that_wait_for_one_are_limited(monkeypatch):
    monkeypatch.setattr(limits, "MAX_LISTENERS", 9)
    make("first")
    for slug, needed in {"a": "first", "b": "first", "c": "a"}.items():
        make(slug, prerequisites=(needed,))
    told = "At most 3 achievements can wait for “first”, directly or through others."
    assert reason_at("prerequisites", make, "d", prerequisites=("b",)) == told
    make("other")
    make("d", prerequisites=("other",))
    assert reason_at("prerequisites", make, "other", prerequisites=("first",)) == told
    make("c", prerequisites=())
    make("e", prerequisites=("b",))


def test_what_is_over_a_limit_already_can_be_edited(monkeypatch):
    make("one")
    make("two", prerequisites=("one",))
    make("meta", **META)
    for name in ("MAX_LISTENERS", "MAX_METAS", "MAX_CHAIN", "MAX_WAITING"):
        monkeypatch.setattr(limits, name, 0)
    for slug in ("one", "two", "meta"):
        assert catalog.define(replace(catalog.get(slug), name="Other")).name == "Other"
    assert catalog.define(replace(catalog.get("two"), prerequisites=())).prerequisites == ()


def test_metas_that_count_the_same_are_limited():
    for slug in ("one", "two"):
        make(slug, **META)
        make(f"{slug}-of-coins", **META, counts="coins")
    assert reason_at("counts", make, "three", **META) == FULL_OF_METAS
    assert reason_at("counts", make, "three", **META, counts="coins") == FULL_OF_METAS
    made = make("three", **META, counts="gems")
    assert reason_at("counts", catalog.define, replace(made, counts=None)) == FULL_OF_METAS
    make("draft", **META, status="draft")


def test_chain_of_prerequisites_is_limited_wherever_it_grows():
    for number in range(3):
        make(f"c{number}", action=f"a{number}", prerequisites=(f"c{number - 1}",) if number else ())
    assert reason_at("prerequisites", make, "c3", action="a3", prerequisites=("c2",)) == TOO_LONG
    make("root", action="root")
    assert reason_at("prerequisites", catalog.define, replace(catalog.get("c0"), prerequisites=("root",))) == TOO_LONG
    make("beside", action="beside", prerequisites=("c1", "root"))


def test_chain_grows_together_when_a_draft_in_its_middle_is_published():
    make("a", action="a")
    make("b", action="b", prerequisites=("a",))
    make("middle", action="c", prerequisites=("b",), status="draft")
    make("d", action="d", prerequisites=("middle",))
    assert reason_at("prerequisites", catalog.define, replace(catalog.get("middle"), status="published")) == TOO_LONG


def test_import_of_many_is_refused_at_the_rows_over_the_limit():
    make("one")
    assert refusals(counter("two"), counter("three"), counter("draft", status="draft")) == {"three": ("action", FULL)}
    chain = [counter(f"c{it}", action=f"a{it}", prerequisites=(f"c{it - 1}",) if it else ()) for it in range(4)]
    assert refusals(*chain) == {"c3": ("prerequisites", TOO_LONG)}
    metas = [counter(f"m{number}", **META) for number in range(3)]
    assert refusals(*metas) == {"m2": ("counts", FULL_OF_METAS)}


def test_import_may_replace_what_listens():
    make("one")
    make("two")
    assert refusals(counter("three"), counter("one", status="archived")) == {}
    assert catalog.get("three").status == "published"


def test_restored_revision_is_refused_at_the_limit():
    make("one")
    catalog.define(replace(catalog.get("one"), action="gem"))
    make("two")
    make("three")
    assert reason_at("action", catalog.define, revisions.as_it_was("one", 1)) == FULL


def test_form_refuses_a_draft_that_is_to_be_published_before_it_tells_what_would_change(client: Client):
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    make("ten")
    do("alice", "coin", amount=10)
    for slug in ("one", "two"):
        make(slug, **META)
    make("draft", **META, status="draft")
    typed = {"name": "Draft", "slug": "draft", "category": "coins", "type": "meta", "target": "1", "points": "5"}
    answer = client.post("/manage/achievements/draft/edit/", typed | {"revision": "1", "do": "publish"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"counts": [FULL_OF_METAS]}
    client.post("/manage/achievements/", {"do": "publish", "chosen": ["draft"]})
    assert catalog.get("draft").status == "draft"
