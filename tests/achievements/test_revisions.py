"""Every edit is kept with who made it and why; an older one can be had again; nobody overwrites anybody."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from achievements.errors import EditedMeanwhile, UnknownAchievement
from achievements.services import catalog, revisions
from gamify_site import audit
from leaderboards.services import boards
from tests.achievements.builders import BASE, make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")


def everything(_entry: audit.Entry) -> bool:
    return True


def test_history_tells_who_changed_what_and_why():
    catalog.define(BASE, by="root")
    catalog.define(replace(BASE, target=20, points=8), by="anna", reason="too easy")
    latest, first = revisions.history("base")
    assert (first.number, first.by, first.achievement.target) == (1, "root", 10)
    assert (latest.number, latest.by, latest.reason) == (2, "anna", "too easy")
    assert latest.changes == [("points", "5", "8"), ("target", "10", "20")]


def test_older_revision_becomes_a_new_one():
    make("base")
    make("base", target=20)
    catalog.archive("base")
    restored = catalog.define(revisions.as_it_was("base", 1))
    assert (restored.target, restored.status, restored.revision) == (10, "archived", 4)
    with pytest.raises(ValidationError) as refused:
        revisions.find("base", 9)
    assert refused.value.message_dict == {"revision": ["There is no revision 9 any more."]}
    with pytest.raises(UnknownAchievement):
        revisions.history("nowhere")


def test_second_of_two_editors_is_told_and_overwrites_nothing():
    first = make("base")
    catalog.define(replace(first, target=20), expected=1)
    with pytest.raises(EditedMeanwhile):
        catalog.define(replace(first, target=30), expected=1)
    assert catalog.get("base").target == 20


def test_second_of_two_who_make_the_same_slug_is_told():
    make("base")
    with pytest.raises(EditedMeanwhile):
        catalog.define(BASE, expected=0)


def test_history_goes_with_a_draft(store):
    make("base", status="draft")
    catalog.delete("base", by="root")
    assert not any("revisions" in key for key in sorted(store.keys()))
    make("base", status="draft")
    assert [it.number for it in revisions.history("base")] == [1]


def test_history_keeps_the_latest_two_hundred():
    for number in range(205):
        make("base", target=number + 1)
    kept = revisions.history("base")
    assert (kept[0].number, kept[-1].number, len(kept)) == (205, 6, 200)


def test_changes_of_definitions_are_audited_with_before_and_after():
    catalog.define(BASE, by="root")
    catalog.define(replace(BASE, target=20), by="anna", reason="too easy")
    board = make_board("laps")
    boards.define(replace(board, name="Fast laps"), by="root")
    boards.delete("laps", by="root")
    told = list(audit.walk(everything))
    assert [(it.what, it.subject, it.by) for it in told] == [
        ("board_deleted", "laps", "root"),
        ("board_saved", "laps", "root"),
        ("achievement_saved", "base", "anna"),
        ("achievement_saved", "base", "root"),
    ]
    assert told[1].changes == [("name", "Laps", "Fast laps")]
    assert told[2].changes == [("revision", "1", "2"), ("target", "10", "20")]
    assert told[2].reason == "too easy"


def test_what_programs_define_is_in_the_history_and_not_in_the_log():
    make("base")
    assert list(audit.walk(everything)) == []
    assert len(revisions.history("base")) == 1


def order() -> list[str]:
    return [item.slug for item in catalog.all("coins")]


def test_move_within_the_category():
    for slug in ("ant", "bee", "cat"):
        make(slug)
    make("elsewhere", category="other")
    revisions.move("cat", -1, by="root")
    assert order() == ["ant", "cat", "bee"]
    revisions.move("ant", 1, by="root")
    assert order() == ["cat", "ant", "bee"]
    revisions.move("cat", -1, by="root")
    revisions.move("bee", 5, by="root")
    assert order() == ["cat", "ant", "bee"]


def test_log_is_read_in_steps_and_from_a_place():
    for number in range(7):
        audit.record(audit.Entry("granted", f"p{number}", "root"))
    told = list(audit.walk(lambda entry: entry.subject != "p6"))
    assert [it.subject for it in told] == ["p5", "p4", "p3", "p2", "p1", "p0"]
    assert [it.subject for it in audit.walk(everything, told[2].id)] == ["p2", "p1", "p0"]
