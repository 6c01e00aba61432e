-- Writes which achievements a player shows first.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; achievements, in order
-- Returns `stale`, `unknown` where the player has no profile, or `ok`. Cost: O(1).

local key = player_key(KEYS[1], ARGV[2])
if catalog_is_stale(KEYS[1], ARGV[1]) then return 'stale' end
if redis.call('EXISTS', key) == 0 then return 'unknown' end
if #ARGV == 2 then redis.call('HDEL', key, 'pinned') else redis.call('HSET', key, 'pinned', table.concat(ARGV, ' ', 3)) end
return 'ok'
