"""Changes are gathered, rendered once, and given to all who look; news arrive once each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from achievements.services import feed
from gamify_site.live import rendering
from gamify_site.live.hub import Hub
from gamify_site.live.stream import MOST_NEWS, Stream, Watched
from gamify_site.live.viewers import Viewer
from gamify_site.players import services as players
from leaderboards.services import scores
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player

COINS = Watched("coins", "all", "en")
pytestmark = pytest.mark.usefixtures("store", "clock")


class Room:
    """A hub whose steps the test takes, and what its streams have been sent."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def enter(self, player: str | None = None, watched: Watched | None = COINS, last: str = feed.START) -> Stream:
        stream = Stream(Viewer(player, player, "en"), watched, last)
        self.hub.join(stream)
        return stream

    async def step(self, *messages: str) -> None:
        for message in messages:
            self.hub.hear(message)
        await self.hub.step()

    @staticmethod
    async def sent(stream: Stream) -> str:
        """What waits for a stream; nothing where nothing does."""
        try:
            return (await asyncio.wait_for(stream.take(), 0.01)).decode()
        except TimeoutError:
            return ""


@pytest.fixture
def in_room() -> Callable[[Callable[[Room], Awaitable[None]]], None]:
    def run(test: Callable[[Room], Awaitable[None]]) -> None:
        async def main() -> None:
            await test(Room(Hub()))

        asyncio.run(main())

    return run


@pytest.fixture
def renderings(monkeypatch) -> Iterator[list[list[Watched]]]:
    """What was asked to be rendered, call by call."""
    calls: list[list[Watched]] = []
    rows = rendering.rows

    def count(watched):
        calls.append(list(watched))
        return rows(calls[-1])

    monkeypatch.setattr(rendering, "rows", count)
    return calls


def test_board_is_rendered_once_for_all_who_look_at_it(in_room, renderings):
    make_board("coins", {"alice": 5})

    async def test(room):
        streams = [room.enter() for _ in range(20)]
        await room.step()
        for stream in streams:
            assert "alice" in await room.sent(stream)
        scores.submit("coins", "bob", 9)
        await room.step("board coins", "board coins", "boards")
        told = [await room.sent(stream) for stream in streams]
        assert len(set(told)) == 1
        assert told[0].startswith("event: rows\ndata: ")
        assert 'data-player="bob" data-rank="1" data-score="9"' in told[0]
        assert renderings == [[COINS], [COINS]]

    in_room(test)


def test_nothing_is_rendered_for_nobody(in_room, renderings):
    make_board("coins")
    make_board("laps")

    async def test(room):
        room.enter(watched=Watched("laps", "all", "en"))
        await room.step()
        await room.step("board coins", "feed alice")
        assert renderings == [[Watched("laps", "all", "en")]]

    in_room(test)


def test_same_rows_are_not_sent_again(in_room):
    make_board("coins", {"alice": 5})

    async def test(room):
        stream = room.enter()
        await room.step()
        assert "alice" in await room.sent(stream)
        await room.step("board coins")
        assert await room.sent(stream) == ""

    in_room(test)


def test_who_comes_later_gets_the_rows_as_they_are_now(in_room, renderings):
    make_board("coins", {"alice": 5})

    async def test(room):
        room.enter()
        await room.step()
        late = room.enter()
        await room.step()
        assert "alice" in await room.sent(late)
        assert len(renderings) == 1

    in_room(test)


def test_my_window_comes_when_it_has_changed(in_room):
    make_board("coins", {f"p{number}": 1000 - number for number in range(100)})

    async def test(room):
        high, low = room.enter("p1"), room.enter("p90")
        await room.step()
        assert "event: around" in await room.sent(high)
        assert 'data-player="p90"' in await room.sent(low)
        scores.increment("coins", "p90", 3)
        await room.step("board coins")
        assert await room.sent(high) == ""
        assert "event: around" in await room.sent(low)

    in_room(test)


@pytest.mark.parametrize("player", ["alice", "steam:765|a@b.c"])
def test_news_arrive_once(in_room, player):
    make("ten", name="Ten of them")
    make_player(player)

    async def test(room):
        first, second = room.enter(player, None, feed.last_id(player)), room.enter("bob", None)
        await room.step()
        assert await room.sent(first) == ""
        do(player, "coin", amount=10)
        await room.step(f"feed {player}")
        told = await room.sent(first)
        assert "event: unlock\n" in told
        assert "Ten of them" in told
        assert told.startswith("id: ")
        await room.step(f"feed {player}")
        assert await room.sent(first) == await room.sent(second) == ""

    in_room(test)


def test_what_was_missed_is_told_to_who_comes_back(in_room):
    make("ten")
    make("twenty", target=20)
    do("alice", "coin", amount=10)

    async def test(room):
        seen = feed.last_id("alice")
        do("alice", "coin", amount=10)
        back, new = room.enter("alice", None, seen), room.enter("alice", None, feed.last_id("alice"))
        await room.step()
        told = await room.sent(back)
        assert "Twenty" in told
        assert "Unlocked: Ten" not in told
        assert await room.sent(new) == ""

    in_room(test)


def test_names_are_escaped(in_room):
    make_board("coins", {"alice": 5})
    players.upsert("alice", name="<script>alert(1)</script>")

    async def test(room):
        stream = room.enter()
        await room.step()
        assert "<script>" not in await room.sent(stream)

    in_room(test)


def test_board_that_is_gone_sends_nothing(in_room):
    async def test(room):
        stream = room.enter("alice", Watched("gone", "all", "en"))
        await room.step()
        assert await room.sent(stream) == ""

    in_room(test)


def test_window_that_is_gone_sends_nothing(in_room):
    make_board("coins", {"alice": 5}, windows=("all", "week"))

    async def test(room):
        stream, other = room.enter("alice", Watched("coins", "week", "en")), room.enter()
        await room.step()
        assert "alice" in await room.sent(stream)
        assert "alice" in await room.sent(other)
        make_board("coins", {"bob": 9}, windows=("all",))
        await room.step("boards", "board coins")
        assert await room.sent(stream) == ""
        assert "bob" in await room.sent(other)

    in_room(test)


def test_new_rows_take_the_place_of_old_ones_that_wait():
    async def test() -> None:
        stream = Stream(Viewer(None, None, "en"), COINS, feed.START)
        for number in range(1000):
            stream.put("rows", b"%d" % number)
        assert await stream.take() == b"999"

    asyncio.run(test())


def test_who_does_not_even_take_the_news_is_dropped():
    stream = Stream(Viewer("alice", "", "en"), None, feed.START)
    for number in range(MOST_NEWS + 1):
        stream.add_news(f"{number}-0", b"news")
    assert stream.is_closed


def test_whoever_leaves_leaves_nothing_behind(in_room):
    make_board("coins")

    async def test(room):
        streams = [room.enter("alice") for _ in range(10)]
        await room.step()
        for stream in streams:
            room.hub.leave(stream)
        assert not room.hub.streams
        assert not any(vars(room.hub)[name] for name in ("_watching", "_players", "_rows", "_newcomers"))

    in_room(test)
