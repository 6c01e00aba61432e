-- Writes some of the parts of achievements/lua/rules.lua, in order; they hold once all are there.
-- joins: store/keys store/calls
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; version of the rules; how many of their parts were written before; how many there are; then name
--         and text of each part by turns
-- Returns `stale`; `other` where not all before are there, because somebody else is writing other rules or the data were
--         lost; or `ok`. Running it again does no harm. Cost: the size of the parts.
-- Can be written anew.

local shard, version, before, total = KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key = rules_key(shard)
local held = redis.call('HMGET', key, 'version', 'next')
if held[1] == version then return 'ok' end
if before == 0 and held[2] ~= version then
  redis.call('UNLINK', key)
  redis.call('HSET', key, 'next', version)
elseif held[2] ~= version or redis.call('HLEN', key) <= before then
  return 'other'
end
local parts = {}
for i = 5, #ARGV do parts[i - 4] = ARGV[i] end
write_all('HSET', key, parts)
if redis.call('HLEN', key) == total + 1 then
  redis.call('HDEL', key, 'next')
  redis.call('HSET', key, 'version', version)
end
return 'ok'
