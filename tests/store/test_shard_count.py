"""The data says on how many shards it lies: who was told another number would look for everybody elsewhere."""

from io import BytesIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from gamify_site.ops.transfer import exporting, importing, lines
from gamify_site.store import catalog
from gamify_site.store.errors import WrongShards
from leaderboards.services import ranking, scores
from tests.builders import make_board
from tests.sites import free_ports

PLAYERS = [f"p{number}" for number in range(12)]


@pytest.fixture
def on_three(open_store):
    """Players on three shards, and a process that starts anew."""
    store = open_store("valkey", 3)
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    catalog.forget()
    return store


def test_another_number_reads_and_writes_nothing(on_three, settings):
    before = on_three.keys()
    settings.GAMIFY_SHARDS = 1
    for call in (lambda: ranking.top("coins"), lambda: scores.submit("coins", "p1", 1), lambda: make_board("gems")):
        with pytest.raises(WrongShards, match="lies on 3 shards, but GAMIFY_SHARDS is 1"):
            call()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert "Set it to 3" in answer.json()["reason"]
    assert before == on_three.keys()
    settings.GAMIFY_SHARDS = 3
    assert ranking.size("coins") == len(PLAYERS)
    assert Client().get("/readyz").status_code == 200


@pytest.mark.usefixtures("on_three")
def test_commands_say_what_to_set(settings, tmp_path, subtests):
    settings.GAMIFY_SHARDS = 8
    advice = "Set it to 3; `export` and `import` bring the data onto another number"
    for command in ("check_integrity", "tick", "serve", "export"):
        ports = [f"--{name}={port}" for name, port in zip(("port", "live-port"), free_ports(2), strict=True)]
        arguments = {"export": [str(tmp_path / "all.jsonl")], "serve": ports}.get(command, [])
        with subtests.test(command=command), pytest.raises(CommandError, match=advice):
            catalog.forget()  # as in a process that has just started
            call_command(command, *arguments)


def test_while_nobody_plays_the_number_may_change(open_store, settings):
    open_store("valkey", 3)
    make_board()
    settings.GAMIFY_SHARDS = 8
    catalog.forget()
    scores.submit("coins", "p1", 1)
    settings.GAMIFY_SHARDS = 3
    catalog.forget()
    with pytest.raises(WrongShards):
        ranking.top("coins")


@pytest.mark.parametrize("number", [1, 8])
def test_an_import_brings_the_data_onto_another_number(on_three, settings, number):  # noqa: ARG001
    out = BytesIO()
    exporting.export(out, lambda _done, _total: None)
    settings.GAMIFY_SHARDS = number
    importing.replace_all(lines.Lines(BytesIO(out.getvalue())), lambda: None)
    assert ranking.size("coins") == len(PLAYERS)
    catalog.forget()
    settings.GAMIFY_SHARDS = 3
    with pytest.raises(WrongShards):
        ranking.size("coins")
