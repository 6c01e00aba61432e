"""Who may log in, with which keys programs call, and where the demo's clock stands."""

import json
import re
from collections.abc import Iterator
from typing import Any

from gamify_site.api.keys import SCOPES
from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import keys
from gamify_site.store.connection import ask

STEP = 500
DIGEST = re.compile(r"[0-9a-f]{64}")
FLAG = re.compile(r"[01]")
FLAGS = ("is_staff", "is_active", "password_is_temporary")
LATER = {"is_public": "0", "password_expires": ""}  # which older files do not have
ACCOUNT = ("username", "password", "player_id", "created", *FLAGS)
FARTHEST = 3650 * 86_400  # seconds

Thing = dict[str, Any]


def read_clock(_inventory: Inventory) -> Iterator[Thing]:
    """How far ahead the demo's clock is (s); nothing where it was never moved."""
    (ahead,) = ask([("get", keys.clock_ahead())])
    if int(ahead or 0):
        yield {"ahead": int(ahead)}


def make_clock(thing: Any, target: Target) -> None:
    """Checks how far ahead the clock is and sets it so."""
    checks.fields(thing, ("ahead",))
    target.ahead = checks.whole("ahead", thing["ahead"], 1, FARTHEST)
    target.site.add("SET", keys.clock_ahead(), target.ahead)


def read_accounts(inventory: Inventory) -> Iterator[Thing]:
    """All accounts, by their names in lower case, with the hashes of their passwords."""
    for start in range(0, len(inventory.accounts), STEP):
        some = inventory.accounts[start : start + STEP]
        for found in ask([("hgetall", keys.user(name)) for name in some]):
            if found:  # removed meanwhile
                yield {name.decode(): value.decode() for name, value in found.items()}


def make_account(thing: Any, target: Target) -> None:
    """Checks an account and makes it."""
    checks.fields(thing, ACCOUNT, LATER)
    thing = LATER | thing
    username = checks.player_id("username", thing["username"])
    checks.player_id("player_id", thing["player_id"])
    checks.text("password", thing["password"], 500)
    checks.moment("created", thing["created"])
    if thing["password_expires"] != "":
        checks.moment("password_expires", thing["password_expires"])
    for name in (*FLAGS, "is_public"):
        checks.matching(name, thing[name], FLAG, "0 or 1")
    flat = [part for name in (*ACCOUNT, *LATER) for part in (name, thing[name])]
    target.site.add("HSET", keys.user(username.lower()), *flat)


def read_api_keys(_inventory: Inventory) -> Iterator[Thing]:
    """All API keys: the digest of each, never the secret, which nobody has."""
    stored, used = ask([("hgetall", keys.api_keys()), ("hgetall", keys.api_keys_used())])
    for digest, text in sorted(stored.items()):
        last = {"used": int(used[digest])} if digest in used else {}
        yield {"digest": digest.decode()} | json.loads(text) | last


def make_api_key(thing: Any, target: Target) -> None:
    """Checks an API key and makes it."""
    checks.fields(thing, ("digest", "name", "scope", "created", "created_by"), ("used",))
    digest = checks.matching("digest", thing["digest"], DIGEST, "SHA-256 as 64 digits")
    checks.text("name", thing["name"], 60)
    checks.text("created_by", thing["created_by"], 100)
    checks.moment("created", thing["created"])
    checks.known("scope", thing["scope"], SCOPES, "scope")
    stored = {name: thing[name] for name in ("name", "scope", "created", "created_by")}
    target.site.add("HSET", keys.api_keys(), digest, json.dumps(stored))
    if "used" in thing:
        target.site.add("HSET", keys.api_keys_used(), digest, checks.whole("used", thing["used"], 0, checks.LATEST))
