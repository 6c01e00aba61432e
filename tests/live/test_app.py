"""Who gets a stream, who does not, and how streams end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.test import Client

from gamify_site.live import app as live
from gamify_site.live.hub import Hub
from gamify_site.players.models import Account
from gamify_site.store import subscription
from leaderboards.services import scores
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player

PATIENCE = 60.0
pytestmark = pytest.mark.usefixtures("store", "clock")


class Visit:
    """One request to the stream's endpoint, as a server would pass it on."""

    def __init__(self, streams: live.Streams, query: str, headers: dict[str, str], client: str) -> None:
        self.messages: list[dict[str, Any]] = []
        self.arrived = asyncio.Condition()
        self.left = asyncio.Event()
        self.is_stuck = False
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/live/stream",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": (client, 1234),
        }
        self.task = asyncio.create_task(streams(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        async with self.arrived:
            self.messages.append(message)
            self.arrived.notify_all()

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(is_true), PATIENCE)

    async def status(self) -> int:
        await self.until(lambda: bool(self.messages))
        status: int = self.messages[0]["status"]
        return status

    def header(self, name: str) -> str:
        return dict(self.messages[0]["headers"]).get(name.encode(), b"").decode()

    @property
    def text(self) -> str:
        return b"".join(it.get("body", b"") for it in self.messages[1:]).decode()


class House:
    """A hub at work, and visits to it."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.streams = live.Streams(self.hub)

    def visit(self, query: str = "board=coins", client: str = "198.51.100.7", **headers: str) -> Visit:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Visit(self.streams, query, {"host": "localhost"} | named, client)


@pytest.fixture
def at_home(store) -> Callable[[Callable[[House], Awaitable[None]]], None]:  # noqa: ARG001  (the store comes first)
    def run(test: Callable[[House], Awaitable[None]]) -> None:
        async def main() -> None:
            house = House()
            work = asyncio.create_task(house.hub.run())
            try:
                await test(house)
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

        asyncio.run(main())

    return run


def cookie_of(player: str) -> tuple[Client, str]:
    """A browser in which a player is logged in, and its cookie."""
    make_player(player, name=player.title())
    client = Client()
    client.force_login(Account.objects.create_user(username=player, password=None))
    return client, f"sessionid={client.cookies['sessionid'].value}"


def test_a_change_arrives(at_home):
    make_board("coins", {"alice": 5})

    async def test(house):
        visit = house.visit()
        assert await visit.status() == 200
        assert visit.header("content-type").startswith("text/event-stream")
        assert visit.header("cache-control") == "no-store"
        await visit.until(lambda: 'data-player="alice"' in visit.text)
        assert "retry: " in visit.text
        await asyncio.to_thread(scores.submit, "coins", "bob", 9)
        await visit.until(lambda: 'data-player="bob"' in visit.text)

    at_home(test)


def test_session_decides_whose_news_they_are(at_home):
    make("ten", name="Ten of them")
    make_board("coins", {"alice": 5})
    _, alice = cookie_of("alice")
    _, bob = cookie_of("bob")

    async def test(house):
        mine, other = house.visit("", cookie=alice), house.visit("board=coins", cookie=bob)
        assert await mine.status() == await other.status() == 200
        await asyncio.to_thread(do, "alice", "coin", amount=10)
        await mine.until(lambda: "Ten of them" in mine.text)
        await asyncio.to_thread(scores.submit, "coins", "charlie", 77)
        await other.until(lambda: "charlie" in other.text)
        assert "Ten of them" not in other.text

    at_home(test)


def test_refusals(at_home, subtests):
    make_board("coins")
    refusals = (
        ("", {}, 401),
        ("board=nope", {}, 404),
        ("board=-&window=all", {}, 404),
        ("board=coins&window=century", {}, 400),
        ("board=coins", {"origin": "https://example.org"}, 403),
        ("board=coins", {"origin": "null"}, 403),
        ("", {"cookie": "sessionid=forged"}, 401),
    )

    async def test(house):
        for query, headers, status in refusals:
            with subtests.test(query=query, headers=headers):
                visit = house.visit(query, **headers)
                assert await visit.status() == status
                await visit.task
                assert not house.hub.streams

    at_home(test)


def test_pages_of_this_site_may_read_it_from_another_port(at_home, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    make_board("coins")

    async def test(house):
        visit = house.visit(origin="http://localhost:8000")
        assert await visit.status() == 200
        assert visit.header("access-control-allow-origin") == "http://localhost:8000"
        assert visit.header("access-control-allow-credentials") == "true"

    at_home(test)


def test_too_many_of_an_address_are_told_to_wait(at_home, monkeypatch):
    monkeypatch.setattr(live, "MOST_OF_AN_ADDRESS", 2)
    make_board("coins")

    async def test(house):
        visits = [house.visit() for _ in range(2)]
        assert [await visit.status() for visit in visits] == [200, 200]
        third = house.visit()
        assert await third.status() == 429
        assert int(third.header("retry-after")) > 0
        assert await house.visit(client="203.0.113.9").status() == 200
        assert await house.visit(client="127.0.0.1", x_forwarded_for="198.51.100.7").status() == 429
        visits[0].left.set()
        await visits[0].task
        assert await house.visit().status() == 200

    at_home(test)


def test_many_at_once_do_not_slip_through(at_home, monkeypatch):
    monkeypatch.setattr(live, "MOST_STREAMS", 60)
    make_board("coins")

    async def test(house):
        visits = [house.visit() for _ in range(200)]
        answers = [await visit.status() for visit in visits]
        assert answers.count(200) == live.MOST_OF_AN_ADDRESS
        assert answers.count(429) == 200 - live.MOST_OF_AN_ADDRESS
        elsewhere = [house.visit(client=f"203.0.113.{number}") for number in range(30)]
        assert [await visit.status() for visit in elsewhere].count(200) == 60 - live.MOST_OF_AN_ADDRESS

    at_home(test)


def test_refused_requests_take_no_place(at_home, monkeypatch):
    monkeypatch.setattr(live, "MOST_OF_AN_ADDRESS", 1)
    make_board("coins")

    async def test(house):
        assert await house.visit("board=none").status() == 404
        assert await house.visit("").status() == 401
        assert await house.visit().status() == 200

    at_home(test)


def test_who_never_reads_is_dropped(at_home, monkeypatch):
    monkeypatch.setattr(live, "SLOWEST", 0.05)
    make_board("coins", {"alice": 5})

    async def test(house):
        visit = house.visit()
        await visit.until(lambda: "alice" in visit.text)
        visit.is_stuck = True
        await asyncio.to_thread(scores.submit, "coins", "bob", 9)
        await asyncio.wait_for(visit.task, PATIENCE)
        assert not house.hub.streams

    at_home(test)


def test_stream_stays_open_while_the_data_store_is_away(open_store):
    store = open_store("valkey")
    make_board("coins", {"alice": 5})

    async def test() -> None:
        house = House()
        work = asyncio.create_task(house.hub.run())
        visit = house.visit()
        await visit.until(lambda: "alice" in visit.text)
        await asyncio.to_thread(store.stop)
        await asyncio.to_thread(store.start)
        await asyncio.to_thread(make_board, "coins", {"bob": 9})
        await visit.until(lambda: "bob" in visit.text)
        assert not visit.task.done()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(test())


def test_work_fails_where_nothing_is_heard_any_more(store, monkeypatch):  # noqa: ARG001
    def break_off(*_arguments):
        raise TypeError

    monkeypatch.setattr(subscription, "listen", break_off)
    monkeypatch.setattr(threading, "excepthook", lambda _told: None)
    with pytest.raises(ExceptionGroup) as failed:
        asyncio.run(asyncio.wait_for(House().hub.run(), PATIENCE))
    assert failed.group_contains(RuntimeError, match="Nothing is heard")


def test_stream_ends_with_its_session(at_home, monkeypatch):
    monkeypatch.setattr("gamify_site.live.hub.CHECK_EVERY", 0.05)
    browser, cookie = cookie_of("alice")

    async def test(house):
        visit = house.visit("", cookie=cookie)
        assert await visit.status() == 200
        await asyncio.to_thread(browser.logout)
        await asyncio.wait_for(visit.task, PATIENCE)
        assert visit.messages[-1]["more_body"] is False

    at_home(test)


def test_streams_end_in_order_when_the_process_does(store):  # noqa: ARG001
    make_board("coins")

    async def test() -> None:
        house = House()
        work = asyncio.create_task(house.hub.run())
        visit = house.visit()
        assert await visit.status() == 200
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.wait_for(visit.task, PATIENCE)
        assert visit.messages[-1]["more_body"] is False

    asyncio.run(test())


def test_pings_keep_it_open(at_home, monkeypatch):
    monkeypatch.setattr("gamify_site.live.hub.PING_EVERY", 1)
    make_board("coins")

    async def test(house):
        visit = house.visit()
        await visit.until(lambda: visit.text.count("event: ping") >= 2)

    at_home(test)


def test_thousands_come_and_go_and_leave_nothing(at_home, monkeypatch):
    monkeypatch.setattr(live, "MOST_OF_AN_ADDRESS", 10_000)
    make_board("coins", {"alice": 5})

    async def test(house):
        first = house.visit()
        assert await first.status() == 200
        first.left.set()
        await first.task
        before = len(asyncio.all_tasks())
        for _ in range(10):
            visits = [house.visit() for _ in range(100)]
            for visit in visits:
                assert await visit.status() == 200
                visit.left.set()
            await asyncio.gather(*(visit.task for visit in visits))
        assert not house.hub.streams
        assert not house.streams.places
        assert len(asyncio.all_tasks()) == before

    at_home(test)


def test_process_ends_with_its_hub(store, monkeypatch):  # noqa: ARG001
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    monkeypatch.setattr(Hub, "step", lambda _hub: 1 / 0)

    async def test() -> None:
        application = live.make()
        async with application.router.lifespan_context(application):
            application.state.hub.refresh()
            while not ended:
                await asyncio.sleep(0.01)

    with pytest.raises(ExceptionGroup):
        asyncio.run(asyncio.wait_for(test(), PATIENCE))
    assert ended == [1]
