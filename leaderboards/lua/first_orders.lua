-- The order values of a ranked set's first entries, best first.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, suffix, how many
-- Returns `stale`, or the order values
-- Cost: O(log size + how many).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
return first_orders(board_key(shard, ARGV[2], ARGV[3]), tonumber(ARGV[4]))
