"""Replaces all data by sample data: closes the site, removes the old, writes the new, opens it again.

Meanwhile everybody else gets a 503 page; nobody sees half. After a crash the site stays closed until the next reset.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from gamify_site import clock
from gamify_site.ops.demo import accounts, scenarios
from gamify_site.players import accounts as stored_accounts
from gamify_site.store import catalog, keys, replacing, scan
from gamify_site.store.errors import Resetting

Progress = Callable[[int, int], None]

WORK = "reset"  # as which a page shows how far it is
NOON = timedelta(hours=12)


def reset(scenario: str, players: int, anchor: date, progress: Progress) -> None:
    """Makes the data of a scenario; the same arguments give the same keys and values.

    Staff accounts other than the demo's own, keys of the HTTP API, sessions and other applications' keys stay.
    `progress(done, total)` is called now and then. Raises `StoreUnavailable`, and `Resetting` when another reset has
    begun since.
    """
    subject = f"{scenario}, {players} players, {anchor}"
    with replacing.all_data(subject) as remove, clock.frozen(datetime.combine(anchor, time(), UTC) + NOON):
        for names in scan.own_keys():
            remove([name for name in names if not _stays(name)])
        accounts.write()
        scenarios.SCENARIOS[scenario].build(players, anchor, progress)


def latest_anchor() -> date:
    """The last day whose noon has passed (UTC): sample data ends there, and none of it lies ahead."""
    return (clock.untravelled() - NOON).date()


def is_needed() -> bool:
    """Whether there is no data yet, or only what a reset that broke off has left."""
    try:
        catalog.snapshot()
    except Resetting:
        return True
    return all(_stays(name) for names in scan.own_keys() for name in names)


def _stays(name: str) -> bool:
    """How far a reset is; API keys, which games go on using; accounts of staff, and the demo's, written anew; how many
    shards there are."""
    if name in (keys.work(WORK), keys.api_keys(), keys.api_keys_used(), keys.shard_count()):
        return True
    user = keys.user("")
    if not name.startswith(user):
        return False
    username = name.removeprefix(user)
    if username in {sample.username for sample in accounts.SAMPLES}:
        return True
    fields = stored_accounts.find(username)
    return fields is not None and fields["is_staff"] == "1"
