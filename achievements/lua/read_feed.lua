-- A player's news behind an entry.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; id of the entry
-- Returns `stale`, or the entries as XRANGE gives them. Cost: O(entries).
-- Only reads.

if catalog_is_stale(KEYS[1], ARGV[1]) then return 'stale' end
return redis.call('XRANGE', feed_key(KEYS[1], ARGV[2]), '(' .. ARGV[3], '+')
