-- Notes that a player is being deleted: from then on nobody writes for the player until nothing is left.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; what is noted of the deletion, as JSON
-- Returns `stale`, or what is noted: that of an earlier deletion which is not at its end. Running it again does no harm.
-- Cost: O(1).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
redis.call('HSETNX', deletions_key(shard), player, ARGV[3])
return redis.call('HGET', deletions_key(shard), player)
