-- Removes what is left of a player who is being deleted and is on no board any more: unlocks in steps, then the rest.
-- joins: store/keys store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; what is noted of the deletion; how many unlocks a call removes
-- Returns `stale`; `over` where this deletion is at its end, nothing is done then; `more` where there are more unlocks; or
--         `ok`. Running it again does no harm. Cost: O(how many); about 2 µs for each unlock that is removed.

local shard, player, most = KEYS[1], ARGV[2], tonumber(ARGV[4])
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('HGET', deletions_key(shard), player) ~= ARGV[3] then return 'over' end
local key, unlocked = player_key(shard, player), unlocked_key(shard, player)

for _, release in ipairs(redis.call('HRANDFIELD', unlocked, most) or {}) do
  redis.call('HDEL', unlocked, release)
  redis.call('HINCRBY', unlocks_key(shard), release, -1)
  redis.call('ZREM', holders_key(shard, release), player)
end
if redis.call('HLEN', unlocked) > 0 then return 'more' end

local sought = redis.call('HGET', key, 'sought') or ''
redis.call('ZREM', player_names_key(shard), unpack(index_members(player, sought)))
redis.call('SREM', hidden_key(shard), player)
redis.call('ZREM', away_key(shard), player)
redis.call('HDEL', deletions_key(shard), player)
redis.call('ZREM', players_key(shard), player)
redis.call('UNLINK', key, feed_key(shard, player), progress_key(shard, player), unlocked, counted_key(shard, player),
  revoked_key(shard, player), following_key(shard, player), hidden_entries_key(shard, player),
  final_ranks_key(shard, player), answers_key(shard, player))
return 'ok'
