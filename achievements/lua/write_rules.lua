-- Writes some of the parts of achievements/lua/rules.lua, until all are there.
-- joins: store/keys store/calls
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; version of the rules; 1 with the last parts of that version, else 0; then name and JSON of each
--         part by turns
-- Returns `stale` or `ok`. Running it again does no harm. Cost: the size of the parts.
-- Can be written anew.

local shard, version = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key = rules_key(shard)
local held = redis.call('HMGET', key, 'version', 'next')
if held[1] == version then return 'ok' end
if held[2] ~= version then
  redis.call('UNLINK', key)
  redis.call('HSET', key, 'next', version)
end
local parts = {}
for i = 4, #ARGV do parts[i - 3] = ARGV[i] end
write_all('HSET', key, parts)
if ARGV[3] == '1' then
  redis.call('HDEL', key, 'next')
  redis.call('HSET', key, 'version', version)
end
return 'ok'
