-- Replaces the catalog version of the site or of one shard, unless somebody else has replaced it.
-- joins: store/keys
-- KEYS[1] the key prefix of the site or the shard
-- ARGV    the name of its version key, the version that the caller found, the new one
-- Returns the version that now holds. Cost: O(1).

local held = redis.call('GET', ARGV[1]) or '0'
if held ~= ARGV[2] then return held end
redis.call('SET', ARGV[1], ARGV[3])
publish(KEYS[1], 'boards')
return ARGV[3]
