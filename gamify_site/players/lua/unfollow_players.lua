-- Lets a player follow some others no longer.
-- joins: store/keys
-- KEYS[1] the key prefix of the follower's shard
-- ARGV    catalog version; follower; followed players …
-- Returns `stale`, or how many of them were followed. Cost: O(players).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local found = 0
for i = 3, #ARGV do found = found + redis.call('SREM', following_key(shard, player), ARGV[i]) end
return found
