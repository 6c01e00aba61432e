-- Replaces or removes one definition and moves the catalog's version on, unless somebody else has moved it.
-- KEYS[1] the site's key prefix
-- ARGV    the version that the caller knows, the next version, kind, slug, then field and value by turns;
--         no fields: remove it
-- Returns `ok` or `stale`. Cost: the size of the definition.

local site, kind, slug = KEYS[1], ARGV[3], ARGV[4]
local version_key = site .. ':catalog:version'
local definition_key = site .. ':' .. kind .. ':' .. slug
if (redis.call('GET', version_key) or '0') ~= ARGV[1] then return 'stale' end

redis.call('DEL', definition_key)
if #ARGV > 4 then
  redis.call('HSET', definition_key, unpack(ARGV, 5))
  redis.call('SADD', site .. ':' .. kind .. 's', slug)
else
  redis.call('SREM', site .. ':' .. kind .. 's', slug)
end
redis.call('SET', version_key, ARGV[2])
return 'ok'
