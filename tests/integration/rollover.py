"""Reporters at the boundary of two seasons: `python -m tests.integration.rollover BOUNDARY`.

The store is the one of `GAMIFY_REDIS_URL`. The program's clock passes the boundary in the middle of the run, in every
process at the same moment. Events lie on both sides of it, some are sent twice; two processes do what `tick` does all
the while. Prints one JSON line: what was reported, each event once, and what came back.
"""

import json
import multiprocessing
import os
import random
import sys
from datetime import datetime, timedelta

REPORTERS = 4
TICKERS = 2
BEFORE = timedelta(seconds=0.6)  # from the start to the boundary
AFTER = timedelta(seconds=0.3)
LEAST = 4  # batches of each reporter behind the boundary, however slow the machine is
REACH = 90.0  # seconds that an event may lie before or behind the boundary
PLAYERS = tuple(f"p{number}" for number in range(12))


def report(number: int, boundary: datetime, results) -> None:
    """Sends batches until the boundary is well behind; every third batch is sent twice, as after a lost answer."""
    from achievements.definitions import Event
    from achievements.services import events
    from gamify_site import clock

    chance = random.Random(number)
    sent: list[tuple[str, float, int]] = []
    accepted = duplicates = late = 0
    batches = batches_after = 0
    while clock.now() < boundary + AFTER or batches_after < LEAST:
        is_over = clock.now() >= boundary
        batches_after += is_over
        batch = []
        for place in range(chance.randint(1, 40)):
            at = boundary + timedelta(milliseconds=chance.randint(int(-1000 * REACH), int(1000 * REACH)))
            event = Event(chance.choice(PLAYERS), "coin", chance.randint(1, 9), at=at, id=f"{number}-{batches}-{place}")
            batch.append(event)
            sent.append((event.player, (at - boundary).total_seconds(), event.amount))
            late += is_over and at < boundary
        for _ in range(2 if batches % 3 == 0 else 1):
            outcome = events.record(batch)
            assert not outcome.rejected, outcome.rejected
            accepted += outcome.accepted
            duplicates += outcome.duplicates
        batches += 1
    results.put({"sent": sent, "accepted": accepted, "duplicates": duplicates, "late": late})


def tick(boundary: datetime) -> None:
    """What is due, again and again."""
    from gamify_site import clock
    from gamify_site.ops import ticking

    while clock.now() < boundary + AFTER:
        list(ticking.run())


def main(boundary: datetime) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    from achievements.services import events  # noqa: F401  (loaded once, before the forks)
    from gamify_site import clock
    from gamify_site.ops import ticking  # noqa: F401

    clock.set_ahead(boundary - BEFORE - clock.untravelled())
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    reporters = [context.Process(target=report, args=(number, boundary, results)) for number in range(REPORTERS)]
    tickers = [context.Process(target=tick, args=(boundary,)) for _ in range(TICKERS)]
    for process in (*reporters, *tickers):
        process.start()
    found = [results.get(timeout=60) for _ in reporters]
    for process in (*reporters, *tickers):
        process.join()
    failed = sum(process.exitcode != 0 for process in (*reporters, *tickers))
    json.dump({"failed": failed, "reports": found}, sys.stdout)


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
