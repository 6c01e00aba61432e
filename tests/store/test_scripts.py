"""Scripts: found by their SHA, sent again when the server has forgotten them, each file once, each with its header."""

import re
from itertools import takewhile
from pathlib import Path

import pytest

from gamify_site.store import scripts
from leaderboards.services import ranking, scores
from tests.builders import brief, make_board

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path for folder in ("gamify_site", "leaderboards", "achievements") for path in (ROOT / folder).rglob("*.lua")
)


def name_of(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"


@pytest.mark.every_store
def test_server_that_forgot_the_scripts_is_told_again(services_store):
    make_board(entries={"alice": 1})
    services_store.redis.script_flush()
    assert scores.increment("coins", "alice", 2).score == 3
    services_store.redis.script_flush()
    scores.submit_many("coins", {"alice": 1, "bob": 2, "charlie": 3})
    services_store.redis.script_flush()
    assert brief(ranking.top("coins", 3)) == [(1, "alice", 4), (2, "charlie", 3), (3, "bob", 2)]


@pytest.mark.every_store
def test_forgotten_script_runs_once(services_store):
    """Of a pipeline in which some calls found no script, only those are sent again."""
    services_store.redis.script_flush()
    make_board(max_entries=5)
    for _ in range(3):
        services_store.redis.script_flush()
        scores.submit_many("coins", {f"p{number}": 1 for number in range(5)})
    assert [score for _, _, score in brief(ranking.top("coins", 9))] == [3] * 5


def test_joined_files_come_once_and_before_those_that_need_them(subtests):
    for path in FILES:
        with subtests.test(name_of(path)):
            text = scripts.source(name_of(path))
            names = re.findall(r"^local function (\w+)", text, re.MULTILINE)
            assert len(names) == len(set(names))
            assert text.endswith(path.read_text())


def test_script_begins_with_what_it_does(subtests):
    """A script that is run names KEYS, ARGV, what it returns and what it costs; a shared file says what it is."""
    for path in FILES:
        with subtests.test(name_of(path)):
            lines = path.read_text().splitlines()
            header = "\n".join(takewhile(lambda line: line.startswith("--"), lines))
            assert re.match(r"-- \S.+", header)
            code = path.read_text().removeprefix(header)
            if "KEYS[" in code or "ARGV" in code:
                for word in ("KEYS[1]", "ARGV", "Returns", "Cost:"):
                    assert word in header, word


def test_script_keeps_to_what_every_server_has(subtests):
    """fakeredis lacks some libraries, a cluster forbids KEYS, and a global breaks the scripts after it."""
    for path in FILES:
        with subtests.test(name_of(path)):
            code = re.sub(r"--.*", "", path.read_text())
            assert not re.search(r"cmsgpack|struct\.|bit\.|'KEYS'|'SCAN'|'FLUSH|loadstring", code)
            assert not re.search(r"^function |^\w+ = ", code, re.MULTILINE)
            assert not re.search(r"ARGV\[\d+\] == \d", code)


def test_list_of_any_length_goes_to_redis_in_parts(subtests):
    """Lua's stack holds some 8000 values; what is left is a few fields, or cut by the program."""
    short = {
        "change_account",
        "claim_account",
        "change_definition",
        "calls",
        "read_keys",
        "write_keys",
        "delete_player",
    }
    for path in FILES:
        with subtests.test(name_of(path)):
            if path.stem not in short:
                assert not re.search(r"redis\.p?call\([^\n]*unpack\(", path.read_text())


def test_commands_that_are_looked_at_less_often_write_nothing(store):
    for command in scripts.READING:
        (told,) = store.redis.execute_command("COMMAND", "INFO", command).values()
        assert "readonly" in told["flags"], command


def test_functions_that_a_script_does_not_call_are_left_out():
    """Each call of a script makes its functions anew."""
    joined = """local MOST = 3
local function one(a) return two(a) end
local function two(a)
  if a then return MOST end
  return MOST
end
local function three() return MOST end
local function four()
  return three()
end"""
    (needed,) = scripts._needed(joined, "return one(KEYS[1])")
    assert re.findall(r"^local function (\w+)", needed, re.MULTILINE) == ["one", "two"]
    assert needed.startswith("local MOST = 3\n")
    assert needed.rstrip().endswith("return MOST\nend")


def test_nothing_that_a_script_calls_is_left_out(subtests):
    for path in FILES:
        with subtests.test(name_of(path)):
            whole: dict[str, str] = {}
            scripts._collect(name_of(path), whole)
            names = set(re.findall(r"^local function (\w+)", "\n".join(whole.values()), re.MULTILINE))
            source = re.sub(r"--.*", "", scripts.source(name_of(path)))
            kept = set(re.findall(r"^local function (\w+)", source, re.MULTILINE))
            assert {name for name in names if re.search(rf"\b{name}\(", source)} == kept
