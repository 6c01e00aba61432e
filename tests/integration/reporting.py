"""Game back ends that report events and are killed meanwhile: `python -m tests.integration.reporting SEED NOW`.

Eight processes report 250 events each, to the store of `GAMIFY_REDIS_URL`. They are killed with SIGKILL at random while
they send, and begin anew from their first event: they remember nothing. Prints how often they were killed.
"""

import json
import os
import random
import signal
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta

from achievements.definitions import Event

REPORTERS = 8
EVENTS = 250
REPEATED = 0.2
PLAYERS = tuple(f"p{number}" for number in range(20))
ITEMS = ("cup", "ring", "hat", "coat")
KILLED_AT = 0.2  # the share of batches during which their sender is killed
MOST_KILLS = 3  # of one reporter; then it may come to its end


@dataclass(frozen=True)
class Batch:
    """What is sent at once: events with ids, some of them repeated, or events without and a key for all of them."""

    events: list[Event]
    key: str | None


def batches(seed: int, number: int, now: datetime) -> list[Batch]:
    """All that one reporter sends, the same each time it is asked."""
    chance = random.Random(f"{seed} {number}")
    has_ids = number % 2 == 0
    events: list[Event] = []
    for place in range(EVENTS):
        if has_ids and events and chance.random() < REPEATED:
            events.append(chance.choice(events))
        else:
            events.append(_event(chance, now, f"r{number}-{place}" if has_ids else None))
    found: list[Batch] = []
    while events:
        size = chance.randint(1, 60)
        found.append(Batch(events[:size], None if has_ids else f"r{number}-b{len(found)}"))
        events = events[size:]
        if not has_ids and chance.random() < REPEATED:
            found.append(found[-1])
    return found


def _event(chance: random.Random, now: datetime, identifier: str | None) -> Event:
    at = now - timedelta(minutes=chance.randint(0, 6 * 24 * 60))
    action = chance.choice(["coin", "coin", "login", "relic", "boss"])
    item = chance.choice(ITEMS) if action == "relic" else None
    return Event(chance.choice(PLAYERS), action, chance.randint(1, 9), item=item, at=at, id=identifier)


def report(seed: int, number: int, now: datetime, telling: int) -> None:
    """One reporter's life: tells before each batch that it is about to send it."""
    from achievements.services import events

    for batch in batches(seed, number, now):
        os.write(telling, b".")
        outcome = events.record(batch.events, idempotency_key=batch.key)
        assert not outcome.rejected, outcome.rejected


def live(seed: int, number: int, now: datetime, chance: random.Random) -> int:
    """Lets one reporter work, kills it at random, lets it work again, until it is through; gives the kills."""
    kills = 0
    while True:
        hearing, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(hearing)
            report(seed, number, now, telling)
            os._exit(0)
        os.close(telling)
        was_killed = False
        while os.read(hearing, 1):
            if kills < MOST_KILLS and chance.random() < KILLED_AT:
                os.kill(child, signal.SIGKILL)
                was_killed = True
                break
        os.close(hearing)
        _, status = os.waitpid(child, 0)
        if not was_killed or os.WIFEXITED(status):
            assert os.WIFEXITED(status), status
            assert os.WEXITSTATUS(status) == 0, status
            return kills
        kills += 1


def main(seed: int, now: datetime) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    from achievements.services import events  # noqa: F401  (loaded once, before the forks)

    hearing, telling = os.pipe()
    keepers = []
    for number in range(REPORTERS):
        keeper = os.fork()
        if keeper == 0:
            kills = live(seed, number, now, random.Random(f"kills {seed} {number}"))
            os.write(telling, b"%d\n" % kills)
            os._exit(0)
        keepers.append(keeper)
    os.close(telling)
    statuses = [os.waitpid(keeper, 0)[1] for keeper in keepers]
    told = os.read(hearing, 4096).split()
    json.dump({"failed": sum(status != 0 for status in statuses), "kills": sum(map(int, told))}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
