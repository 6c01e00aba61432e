"""Events that are refused, each with its index and its field."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Event
from achievements.services import events, progress
from tests.achievements.builders import do, make

pytestmark = pytest.mark.usefixtures("store")


def test_bad_event_is_reported_by_its_index_and_the_good_ones_applied(subtests):
    make("ten")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    for number, (event, field) in enumerate(
        [
            (Event("", "coin"), "player"),
            (Event("a/b", "coin"), "player"),
            (Event("alice", "Coin"), "action"),
            (Event("alice", "coin", 0), "amount"),
            (Event("alice", "coin", -1), "amount"),
            (Event("alice", "coin", True), "amount"),
            (Event("alice", "coin", 1.5), "amount"),
            (Event("alice", "coin", 2**53), "amount"),
            (Event("alice", "coin", value=float("nan")), "value"),
            (Event("alice", "coin", id=""), "id"),
            (Event("alice", "coin", id="x" * 129), "id"),
            (Event("alice", "relic", item="none of them"), "item"),
            (Event("alice", "relic", item=3), "item"),
        ]
    ):
        with subtests.test(event=event, field=field):
            bob = f"bob-{number}"
            outcome = events.record([Event(bob, "coin"), event, Event(bob, "coin")])
            assert outcome.accepted == 2
            assert list(outcome.rejected) == [1]
            assert outcome.rejected[1].startswith(f"{field}: ")
            assert progress.get(bob, "ten").progress == 2


def test_event_may_be_a_week_late_and_five_minutes_early(clock, subtests):
    make("ten")
    refused = {0: "at: The time may lie up to 7 days back and 5 minutes ahead."}
    for ago, rejected in [
        (timedelta(days=7), {}),
        (timedelta(days=7, seconds=1), refused),
        (-timedelta(minutes=5), {}),
        (-timedelta(minutes=6), refused),
    ]:
        with subtests.test(ago=ago):
            outcome = do("alice", "coin", at=clock.now() - ago)
            assert (outcome.accepted, outcome.rejected) == (0 if rejected else 1, rejected)


def test_bad_batch_key_is_refused(subtests):
    for key in ["", "x" * 129, "a\nb", 5]:
        with subtests.test(key=key):
            with pytest.raises(ValidationError) as refused:
                events.record([Event("alice", "coin")], idempotency_key=key)
            assert refused.value.message_dict == {"idempotency_key": ["Enter a text of 1 to 128 characters."]}
