"""Servers are killed and shards are moved while events are reported: what was acknowledged is there, and only once.

`LOAD_TEST_ROUNDS` says how many times each fault is tried (once unless set), each with another seed.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from achievements.services import events
from gamify_site import clock
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import client
from gamify_site.store.errors import StoreUnavailable
from tests.clusters import wait_for
from tests.conftest import forget_everything, point_at
from tests.integration import reporting
from tests.integration.agreement import assert_agreement, count_once, define
from tests.sites import Site

ROUNDS = int(os.environ.get("LOAD_TEST_ROUNDS", "1"))
REPORTERS = 4
AFTERWARDS = 3  # batches of each reporter after the servers are whole again
BETWEEN = 0.1  # seconds between two batches of a reporter: without it, servers that take their time make much data
PAUSE = 0.1  # seconds after which a batch that was not acknowledged is sent again


class Reporters:
    """Threads that report batch after batch, each until it is acknowledged."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = clock.now()
        self.acknowledged: list[list[reporting.Batch]] = [[] for _ in range(REPORTERS)]
        self.attempts = 0
        self.refused = 0
        self.errors: list[BaseException] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._report, args=(number,)) for number in range(REPORTERS)]

    def _report(self, number: int) -> None:
        try:
            for turn in count():
                for batch in reporting.batches(self.seed, number + turn * REPORTERS, self.now):
                    if self.stop.is_set():
                        return
                    self._send(batch)
                    self.acknowledged[number].append(batch)
                    self.stop.wait(BETWEEN)
        except BaseException as error:
            self.errors.append(error)
            raise

    def _send(self, batch: reporting.Batch) -> None:
        while not self.errors:
            self.attempts += 1
            try:
                outcome = events.record(batch.events, idempotency_key=batch.key)
            except StoreUnavailable:
                self.refused += 1
                threading.Event().wait(PAUSE)
            else:
                assert not outcome.rejected, outcome.rejected
                return

    def wait_for_attempts(self) -> None:
        """Until some batches have been sent, whatever came of them."""
        before = self.attempts
        wait_for(lambda: self.attempts >= before + REPORTERS or bool(self.errors), "batches to be sent")

    def wait_for_more(self) -> None:
        """Until each reporter has had some more batches acknowledged."""
        before = [len(batches) for batches in self.acknowledged]
        wait_for(lambda: self._has_more(before), "batches to be acknowledged")

    def _has_more(self, before: list[int]) -> bool:
        assert not self.errors, self.errors
        return all(len(now) >= then + AFTERWARDS for now, then in zip(self.acknowledged, before, strict=True))


@contextmanager
def reporting_goes_on(seed: int) -> Iterator[Reporters]:
    """Within it events are reported; afterwards the data is exactly what the acknowledged batches make."""
    model = define()
    reporters = Reporters(seed)
    for thread in reporters.threads:
        thread.start()
    try:
        reporters.wait_for_more()
        yield reporters
        reporters.wait_for_more()
    except BaseException as error:
        reporters.errors.append(error)
        raise
    finally:
        reporters.stop.set()
        for thread in reporters.threads:
            thread.join()
    assert not reporters.errors
    for batches in reporters.acknowledged:
        count_once(model, batches, reporters.now)
    assert_agreement(model)


@pytest.fixture
def use(settings: Any) -> Iterator[Callable[..., None]]:
    """Points the program at servers, emptied."""

    def use(servers: Any, shard_count: int, *, copies: int) -> None:
        settings.GAMIFY_SHARDS = shard_count
        settings.GAMIFY_WAIT_REPLICAS = copies
        wait_for(servers.is_whole, "the servers to be whole")
        for node in servers.nodes:
            if node.is_running() and node.info("role") == "master":
                node.call("FLUSHALL")
                node.call("WAIT", copies, 5000)
        point_at(servers, settings)
        catalog.forget()

    yield use
    forget_everything()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_node_is_killed_and_its_replica_takes_over(replicated, use, seed):
    use(replicated, 6, copies=1)
    with reporting_goes_on(seed) as reporters:
        lost = replicated.owner(keys.shard(seed % 6))
        lost.kill()
        replicated.owner(keys.shard(seed % 6))
        lost.start()
        wait_for(replicated.is_whole, "the node to be a replica now")
    assert reporters.refused


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_primary_is_killed_and_sentinel_makes_another(watched, use, seed):
    use(watched, 2, copies=1)
    with reporting_goes_on(seed) as reporters:
        lost = watched.primary()
        lost.kill()
        wait_for(lambda: watched.primary() is not lost, "the replica to take over")
        lost.start()
        wait_for(watched.is_whole, "the node to be a replica now")
    assert reporters.refused


@pytest.fixture
def embedded_store(tmp_path: Path, settings: Any) -> Iterator[Site]:
    """Point the program at the embedded store of a site that is served."""
    site = Site(tmp_path)
    site.expected += ["ended by itself. It is started again in ", "503 "]
    try:
        site.start("serve", "--workers", "1", GAMIFY_SECRET_KEY="a secret of these tests that is long enough")
        settings.GAMIFY_SHARDS = 1
        point_at(site, settings)
        catalog.forget()
        yield site
        forget_everything()
        assert site.interrupt() == (0, "")
    finally:
        site.kill()


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.usefixtures("embedded_store")
def test_embedded_store_is_killed_while_the_site_is_served(seed):
    with reporting_goes_on(seed):
        killed = client().info("server")["process_id"]
        os.kill(killed, signal.SIGKILL)
    assert client().info("server")["process_id"] != killed


@pytest.mark.xdist_group("cluster")
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("way", ["move", "move_at_once"])
def test_shards_are_moved(whole_cluster, use, seed, way):
    """Key by key, with ASK, its events are refused for the moment; in one piece, as newer servers can, they are not."""
    cluster = whole_cluster()
    use(cluster, 6, copies=0)
    with reporting_goes_on(seed) as reporters:
        for key in (keys.site(), *(keys.shard(shard) for shard in shards.everyone())):
            others = [node for node in cluster.primaries if node is not cluster.owner(key)]
            getattr(cluster, way)(key, others[seed % 2], reporters.wait_for_attempts)
    assert way == "move" or not reporters.refused
