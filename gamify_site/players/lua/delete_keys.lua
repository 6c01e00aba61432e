-- Removes keys of a player who is being deleted that are named by an achievement, an action or a board.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; what is noted of the deletion; keys …
-- Returns `stale`; `over` where this deletion is at its end, nothing is done then; or how many keys there were. Running it
--         again does no harm. Cost: O(keys); their memory is given back in the background.

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('HGET', deletions_key(shard), player) ~= ARGV[3] then return 'over' end
local removed = 0
for i = 4, #ARGV do removed = removed + redis.call('UNLINK', ARGV[i]) end
return removed
