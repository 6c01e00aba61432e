-- Lets a player follow another one.
-- joins: store/keys
-- KEYS[1] the key prefix of the follower's shard
-- ARGV    catalog version; follower; followed; how many may be followed
-- Returns `stale`, `unknown` where there is no such follower, `full`, or `ok`. Cost: O(1).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if not redis.call('ZSCORE', players_key(shard), player) and redis.call('EXISTS', player_key(shard, player)) == 0 then
  return 'unknown'
end
local key = following_key(shard, player)
if redis.call('SISMEMBER', key, ARGV[3]) == 1 then return 'ok' end
if redis.call('SCARD', key) >= tonumber(ARGV[4]) then return 'full' end
redis.call('SADD', key, ARGV[3])
return 'ok'
