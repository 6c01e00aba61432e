"""Every key name, one function each, with its type and contents.

Site-wide keys carry the hash tag `{gamify}`, keys of players and boards their shard's tag `{gamify:N}`, so that all
that one script touches lies in one slot. Lua spells the same names in `lua/keys.lua`; a test compares the two.
"""

import re

from django.conf import settings

PLAYER = re.compile(r"\{[^}]*:(\d+)\}:player:([^:]+)")


def site() -> str:
    """The prefix of all site-wide keys."""
    return f"{{{settings.GAMIFY_PREFIX}}}"


def shard(number: int) -> str:
    """The prefix of all keys of one shard; KEYS[1] of every script that runs there."""
    return f"{{{settings.GAMIFY_PREFIX}:{number}}}"


def patterns() -> tuple[str, str]:
    """The two SCAN patterns that match every key of this project and no other."""
    return f"{{{settings.GAMIFY_PREFIX}}}:*", f"{{{settings.GAMIFY_PREFIX}:*}}:*"


def copied(prefix: str) -> str:
    """string with a life time of a minute, empty: written before a wait for replicas, on a shard or for the site."""
    return f"{prefix}:copied"


def probe(prefix: str) -> str:
    """string that never exists, or for a millisecond: written to find out whether that is allowed, on a shard or for
    the site."""
    return f"{prefix}:probe"


# The site's keys


def catalog_version() -> str:
    """string: a number that grows with every change of a definition; `resetting-…` while all data is being replaced."""
    return f"{site()}:catalog:version"


def shard_count() -> str:
    """string: on how many shards the data lies; a process that was told another number refuses to work on it."""
    return f"{site()}:shards"


def definitions(kind: str) -> str:
    """set: the slugs of all definitions of a kind (`boards`, `achievements`)."""
    return f"{site()}:{kind}s"


def definition(kind: str, slug: str) -> str:
    """hash: the fields of one definition of a kind (`board`, `achievement`)."""
    return f"{site()}:{kind}:{slug}"


def revisions(kind: str, slug: str) -> str:
    """hash: number → JSON of one revision of a definition, the latest 200: its fields, at (ms), by and reason."""
    return f"{definition(kind, slug)}:revisions"


def work(name: str) -> str:
    """hash with a life time: long work that a page waits for: state, done, total, at (s, when it last moved), result,
    error."""
    return f"{site()}:work:{name}"


def clock_ahead() -> str:
    """string: by how many seconds the demo's clock travel has moved the program's clock ahead."""
    return f"{site()}:clock_ahead"


def closed_periods(board: str) -> str:
    """hash: suffix of each period that has been closed → JSON: at (ms; 0 where it is to be closed again), size."""
    return f"{site()}:closed_periods:{board}"


def due_periods() -> str:
    """sorted set: `<board>:<suffix>` of each period with data → when (s) `tick` looks at it next, to close it, or to
    forget it once its data have expired."""
    return f"{site()}:due_periods"


def last_look() -> str:
    """string: when (s) `tick` last looked at what is due; where there is none, or one ahead, it goes through all
    periods."""
    return f"{site()}:last_look"


def trimming(board: str, suffix: str) -> str:
    """string with a life time of seconds: somebody trims this ranked set over all shards."""
    return f"{site()}:trimming:{board}:{suffix}"


def closing(board: str, suffix: str) -> str:
    """string with a life time of seconds: somebody closes this period for good."""
    return f"{site()}:closing:{board}:{suffix}"


def active_players() -> str:
    """hash: date (yyyy-mm-dd, UTC) of each day that is over → `<day>:<7 days>:<30 days>`: about how many players were
    active on it, and in the 7 and 30 days that end with it."""
    return f"{site()}:active_players"


def user(username: str) -> str:
    """hash: an account: username as its owner spells it, password hash, player_id, is_staff, is_active,
    is_public (made by the demo), password_is_temporary (1 or 0), password_expires (empty for never), created (both
    ISO 8601). The key has the name in lower case."""
    return f"{site()}:user:{username}"


def attempts(what: str) -> str:
    """string with a life time: how many attempts, for example to log in to an account from an address."""
    return f"{site()}:attempts:{what}"


def attempts_pause(what: str) -> str:
    """string with a life time: while it is there no further attempt is allowed."""
    return f"{site()}:attempts_pause:{what}"


def backfill(name: str) -> str:
    """hash with a life time: how far the backfill of an achievement, or of all (`*`), has come: version (of the
    catalog), shard, seen, player, done, unlocked."""
    return f"{site()}:backfill:{name}"


def audit() -> str:
    """stream: who changed what, when and why."""
    return f"{site()}:audit"


def account_activity(owner: str) -> str:
    """stream of 50 with a life time: the latest entries of the audit log about the account of a player."""
    return f"{site()}:account_activity:{owner}"


def api_keys() -> str:
    """hash: SHA-256 of an API key's secret → the key as JSON: name, scope (`read`, `write`), created (ISO 8601),
    created_by."""
    return f"{site()}:api_keys"


def api_bucket(digest: str) -> str:
    """hash with a life time: tokens (how many requests an API key may send at once), at (ms, when that was so)."""
    return f"{site()}:api_bucket:{digest}"


def api_calls(name: str) -> str:
    """string with a life time: a call of the HTTP API with this idempotency key is being answered."""
    return f"{site()}:api_calls:{name}"


def api_bodies(name: str) -> str:
    """string with a life time: SHA-256 of the body that came with this idempotency key, so that no other one does."""
    return f"{site()}:api_bodies:{name}"


def api_keys_used() -> str:
    """hash: SHA-256 of an API key's secret → when it was last used (s), to a minute."""
    return f"{site()}:api_keys_used"


def visitors(date: str) -> str:
    """string (a HyperLogLog) with a life time of 100 days: about how many different visitors saw a page on a day
    (yyyy-mm-dd, UTC)."""
    return f"{site()}:visitors:{date}"


# The shards' keys


def shard_catalog_version(number: int) -> str:
    """string: the catalog version that writes and reads on this shard must have been made under."""
    return f"{shard(number)}:catalog_version"


def players(number: int) -> str:
    """sorted set: player id → last seen (s), to five minutes."""
    return f"{shard(number)}:players"


def player(number: int, player_id: str) -> str:
    """hash: name, sought (the name as it is searched for), about, country, team, region, avatar, timezone, zones_before
    (those of 9 days, `<until (s)>:<timezone, none where it was not chosen>`, separated by blanks), joined, points,
    unlocked, pinned (achievements shown first, separated by blanks)."""
    # A colon of the id is not one of the key: `a:feed` is a player too.
    return f"{shard(number)}:player:{player_id.replace(':', '%3A')}"


def player_of(key: str) -> tuple[int, str] | None:
    """The shard and the player of a key of a player; None for any other key."""
    found = PLAYER.match(key)
    return (int(found[1]), found[2].replace("%3A", ":")) if found else None


def player_names(number: int) -> str:
    """sorted set, all scores 0: `<name from one of its words on, or id>`, as it is searched for, a NUL, player id."""
    return f"{shard(number)}:player_names"


def following(number: int, player_id: str) -> str:
    """set of at most 500: the ids of the players whom this one follows; some may be gone."""
    return f"{player(number, player_id)}:following"


def progress(number: int, player_id: str) -> str:
    """hash: achievement → progress; small ones stay packed."""
    return f"{player(number, player_id)}:progress"


def unlocked(number: int, player_id: str) -> str:
    """hash: achievement or tier → `<time (ms)>:<revision of the definition>:<points>`."""
    return f"{player(number, player_id)}:unlocked"


def counted(number: int, player_id: str) -> str:
    """hash: category of achievements, empty for all → how many of the player's awards metas count in it; `*` → a digest
    of what is in which category: where that has changed, or nothing is kept, they are counted anew."""
    return f"{player(number, player_id)}:counted"


def revoked(number: int, player_id: str) -> str:
    """set: achievements and tiers that staff took away; no backfill gives them back."""
    return f"{player(number, player_id)}:revoked"


def streak(number: int, player_id: str, achievement: str) -> str:
    """hash: current, last (day number from 2020-01-01), freezes (left), revision of the rule; made of the days. And
    quarter: for when the last event of the last day was reported, in quarters of an hour since 1970, 0 if unknown."""
    return f"{player(number, player_id)}:streak:{achievement}"


def days(number: int, player_id: str, action: str) -> str:
    """bitmap: the days with this action, from 2020-01-01, in the timezone that the player had then."""
    return f"{player(number, player_id)}:days:{action}"


def moved_days(number: int, player_id: str, action: str) -> str:
    """hash: days of the action around a move to another timezone → in which quarter of an hour since 1970 it began, or
    `covered`, where it does not count and breaks nothing; `perhaps`, where a late event would make it so."""
    return f"{player(number, player_id)}:moved_days:{action}"


def collection(number: int, player_id: str, achievement: str) -> str:
    """bitmap: the collected items, by their index in the definition."""
    return f"{player(number, player_id)}:collection:{achievement}"


def rules(number: int) -> str:
    """hash: `version` (a digest) and the definitions by parts, as scripts of events need them; `next`, the version,
    while they are being written. See achievements/lua/rules.lua; written anew where the version is another one."""
    return f"{shard(number)}:rules"


def unlocks(number: int) -> str:
    """hash: achievement or tier → how many players of the shard have it."""
    return f"{shard(number)}:unlocks"


def holders(number: int, release: str) -> str:
    """sorted set of 100: the latest players to unlock an achievement or tier → time (ms)."""
    return f"{shard(number)}:holders:{release}"


def activity(number: int) -> str:
    """stream of 1000: the latest unlocks of the shard's players."""
    return f"{shard(number)}:activity"


def daily(number: int, date: str) -> str:
    """hash: new (players), active (players), events, unlocks, points (given less taken back) and `unlocks:<release>`
    (less revocations) of a day (yyyy-mm-dd, UTC)."""
    return f"{shard(number)}:daily:{date}"


def active(number: int, date: str) -> str:
    """string (a HyperLogLog) with a life time of 100 days: the players who were active on a day (yyyy-mm-dd, UTC)."""
    return f"{shard(number)}:active:{date}"


def event_ids(number: int, span: int) -> str:
    """hash with a life time: `<player> <id>` of each event, and `<player> <board or achievement>`, a tab, the kind of
    change, a tab, the id of each score and change of progress, that was applied in a span of `GAMIFY_EVENT_TTL` seconds
    of the data store's clock → 1. An id is known for as long at least: this span and the one before are asked."""
    return f"{shard(number)}:event_ids:{span}"


def batch(number: int, name: str) -> str:
    """string with a life time: the answer to a batch that was applied, as JSON."""
    return f"{shard(number)}:batch:{name}"


def answers(number: int, player_id: str) -> str:
    """set with a life time: the names of the kept answers to batches that may name a player."""
    return f"{player(number, player_id)}:answers"


def feed(number: int, player_id: str) -> str:
    """stream of about 50: a player's own news."""
    return f"{player(number, player_id)}:feed"


def hidden(number: int) -> str:
    """set: the players who are off the boards: staff have taken them off, or they are away."""
    return f"{shard(number)}:hidden"


def away(number: int) -> str:
    """sorted set: those of the hidden who only left because they were not seen for long → when they were seen (s)."""
    return f"{shard(number)}:away"


def away_until(number: int) -> str:
    """string: `<last seen (s)>:<player id>` of the last player who was looked at; nobody before is inactive anew."""
    return f"{shard(number)}:away_until"


def hidden_entries(number: int, player_id: str) -> str:
    """hash: `<board>:<suffix>` → `<order value>:<expiry (s), 0 for never>`, on boards of the latest also `:<when it was
    reported (ms)>`: what a hidden player would have there."""
    return f"{player(number, player_id)}:hidden_entries"


def deletions(number: int) -> str:
    """hash: player who is being deleted → JSON: by, reason, token (of this one deletion)."""
    return f"{shard(number)}:deletions"


def rank_news_sent(number: int, player_id: str, board: str) -> str:
    """string with a life time of an hour: when (ms) this player's way into the top of the board was told."""
    return f"{player(number, player_id)}:ranked:{board}"


def rank_events(number: int) -> str:
    """stream of about 1000: who entered the top of which board."""
    return f"{shard(number)}:rank_events"


def board(number: int, slug: str, suffix: str) -> str:
    """sorted set: player id → order value. `suffix` is `<window>[:<segment>]`; see leaderboards/definitions.py."""
    return f"{shard(number)}:board:{slug}:{suffix}"


def final_top(number: int, slug: str, suffix: str) -> str:
    """sorted set of at most 100: the shard's first players of a closed period → order value."""
    return f"{shard(number)}:final_top:{slug}:{suffix}"


def final_ranks(number: int, player_id: str) -> str:
    """hash: `<board>:<suffix>` of a closed period → `<rank>:<order value>:<size of the board>`; the latest 100."""
    return f"{player(number, player_id)}:final_ranks"


def board_times(number: int, slug: str, suffix: str) -> str:
    """hash: player id → when (ms) the score that a board of the latest shows was reported; goes with its period."""
    return f"{shard(number)}:times:{slug}:{suffix}"


def board_levels(number: int, slug: str, suffix: str) -> str:
    """sorted set: the distinct order values of a board with dense ranks; the member is the value itself."""
    return f"{shard(number)}:levels:{slug}:{suffix}"


def board_windows(number: int, slug: str) -> str:
    """sorted set: suffix of each period of the board that has entries → when it expires (s), +inf for never."""
    return f"{shard(number)}:windows:{slug}"


def new_periods(number: int) -> str:
    """set: `<board>:<suffix>` of each period that has had its first entry here since the last `tick`."""
    return f"{shard(number)}:new_periods"


def final_periods(number: int) -> str:
    """sorted set with a life time of 8 days: `<board>:<suffix>` of each period that was closed here in that time →
    when (s); it takes nothing more of events and scores."""
    return f"{shard(number)}:final_periods"


def board_segments(number: int, slug: str, suffix: str) -> str:
    """set: `<field>=<value>` of each segment that has entries in a period."""
    return f"{shard(number)}:segments:{slug}:{suffix}"


def board_versions(number: int) -> str:
    """hash: board → a counter that grows with each batch that changed it; `*` grows when a profile changes."""
    return f"{shard(number)}:board_versions"


def changes(number: int) -> str:
    """shard channel, not a key: `board <slug> …`, `boards` where a name or a rule changed, `feed <player id>`."""
    return f"{shard(number)}:changes"
