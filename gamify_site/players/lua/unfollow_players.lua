-- Lets a player follow some others no longer.
-- joins: store/keys
-- KEYS[1] the key prefix of the follower's shard
-- ARGV    catalog version; follower; followed players …
-- Returns `stale`, or how many of them were followed. Cost: O(players).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
return redis.call('SREM', following_key(shard, player), unpack(ARGV, 3))
