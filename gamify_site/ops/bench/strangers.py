"""What three servers at work cost more than one, whatever they do: the plainest script, on servers that know no other.

It keeps what the events of `cluster_turn` change, two numbers of each player and three ranked sets, and nothing else:
no ids, no news, no checks. The same shards lie on one server, or a third of them on each of three; one client sends
batches of as many events, each after the answer to the one before.
"""

import random
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from gamify_site.ops.bench.events import player
from gamify_site.ops.bench.measuring import BATCH, Cost, cost_on
from gamify_site.store.throwaway import client

WAY = "plain"  # its name among the ways in which events are reported
SHARDS = 12
BATCHES = 200
SCRIPT = """
for i = 1, #ARGV, 2 do
  local player, amount = KEYS[1] .. ':player:' .. ARGV[i], tonumber(ARGV[i + 1])
  local held = redis.call('HMGET', player, 'count', 'sum')
  redis.call('HSET', player, 'count', (held[1] or 0) + 1, 'sum', (held[2] or 0) + amount)
  for _, window in ipairs({ 'all', 'day', 'week' }) do
    redis.call('ZINCRBY', KEYS[1] .. ':board:' .. window, amount, ARGV[i])
  end
end
"""


class Strangers:
    """Servers over which the shards are spread. One thread at a time."""

    def __init__(self, addresses: Sequence[str], players: int) -> None:
        self._servers = [client(address) for address in addresses]
        self._connections: list[Any] = [server.connection_pool.get_connection() for server in self._servers]
        for server in self._servers:
            self._sha = server.script_load(SCRIPT)  # the same everywhere
        for start in range(0, players, BATCH):
            self._send(self._pack([(number, 1) for number in range(start, min(players, start + BATCH))]))
        dice = random.Random(1)  # noqa: S311
        self._batches = cycle(
            [
                self._pack([(dice.randrange(players), dice.randrange(1, 100)) for _ in range(BATCH)])
                for _ in range(BATCHES)
            ]
        )

    def measure(self, seconds: float) -> Cost:
        """What the events cost the servers."""
        return cost_on(self._servers, lambda: self._send(next(self._batches)), BATCH, seconds)

    def _pack(self, events: Sequence[tuple[int, int]]) -> list[bytes]:
        """A call for each shard, as it is sent."""
        arguments: list[list[Any]] = [[] for _ in range(SHARDS)]
        for number, amount in events:
            arguments[number % SHARDS] += (player(number), amount)
        packer = self._connections[0]
        return [
            b"".join(packer.pack_command("EVALSHA", self._sha, 1, f"bench:{shard}", *its))
            for shard, its in enumerate(arguments)
        ]

    def _send(self, calls: Sequence[bytes]) -> None:
        number = len(self._connections)
        for place, connection in enumerate(self._connections):
            connection.send_packed_command([b"".join(calls[place::number])])
        for place, connection in enumerate(self._connections):
            for _ in calls[place::number]:
                connection.read_response()
