"""The live process and its streams. What its manager must know stands here: it need not load all the rest."""

MOST_STREAMS = 20_000  # at once, in its one worker
