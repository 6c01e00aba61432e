"""Sixteen processes that write to the board `coins` at once: `python -m tests.integration.load WRITES`.

The store is the one of `GAMIFY_REDIS_URL`. Prints one JSON line: what the writers saw and were told.
"""

import json
import multiprocessing
import os
import random
import sys
from dataclasses import asdict, dataclass

WRITERS = 16
PLAYERS = 200
LIMIT = 50
LOOK_EVERY = 0.002  # seconds; who watches without a pause takes a processor from those who write


@dataclass
class Seen:
    """What one process saw: sizes after its writes, and answers that cannot be."""

    least: int = PLAYERS
    most: int = 0
    told_wrong: int = 0
    trimmed: int = 0


def write(number: int, writes: int) -> Seen:
    """Writes rising and falling scores of random players, and looks at the board after each write."""
    from leaderboards.services import ranking, scores

    chance = random.Random(number)
    seen = Seen()
    for count in range(writes):
        player = f"p{chance.randrange(PLAYERS)}"
        if count % 10 == 9:
            scores.submit_many(
                "coins", {f"p{chance.randrange(PLAYERS)}": chance.randint(-1000, 1000) for _ in range(8)}
            )
        else:
            update = scores.set("coins", player, chance.randint(-1000, 1000))
            seen.trimmed += update.trimmed
            seen.told_wrong += update.trimmed is not (update.rank is None) or (update.rank or 0) > LIMIT
        size = ranking.size("coins")
        seen.least, seen.most = min(seen.least, size), max(seen.most, size)
    return seen


def watch(stop) -> Seen:
    """Look at the board all the time until the writers are done."""
    from leaderboards.services import ranking

    seen = Seen()
    while not stop.wait(LOOK_EVERY):
        size = ranking.size("coins")
        shown = len(ranking.top("coins", 1000))
        seen.least, seen.most = min(seen.least, size, shown), max(seen.most, size, shown)
    return seen


def work(job, argument, results) -> None:
    """One process: connections of its own, its result to the queue."""
    results.put((job.__name__, asdict(job(*argument))))


def main(writes: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    from leaderboards.services import ranking, scores  # noqa: F401

    # Forked from here, before any connection is made: the program is loaded once for all of them.
    context = multiprocessing.get_context("fork")
    results, stop = context.Queue(), context.Event()
    writers = [context.Process(target=work, args=(write, (number, writes), results)) for number in range(WRITERS)]
    watcher = context.Process(target=work, args=(watch, (stop,), results))
    for process in (watcher, *writers):
        process.start()
    found = [results.get() for _ in writers]
    stop.set()
    found.append(results.get())
    for process in (watcher, *writers):
        process.join()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
