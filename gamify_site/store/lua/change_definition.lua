-- Replaces or removes one definition and moves the catalog's version on, unless somebody else has moved it.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    the version that the caller knows, the next version, kind, slug, JSON of what is remembered: revision (a text,
--         '' for none), number, entry (of the audit log: field and value by turns); then the definition's fields and
--         values by turns; none: remove it
-- Returns `ok` or `stale`. Cost: the size of the definition.

local MOST_REVISIONS, MOST_ENTRIES = 200, 100000
local site, kind, slug, remembered = KEYS[1], ARGV[3], ARGV[4], cjson.decode(ARGV[5])
local version_key, slugs_key = catalog_version_key(site), definitions_key(site, kind)
local stored_key, history_key = definition_key(site, kind, slug), revisions_key(site, kind, slug)
if (redis.call('GET', version_key) or '0') ~= ARGV[1] then return 'stale' end

redis.call('DEL', stored_key)
if #ARGV > 5 then
  redis.call('HSET', stored_key, unpack(ARGV, 6))
  redis.call('SADD', slugs_key, slug)
else
  redis.call('SREM', slugs_key, slug)
  redis.call('DEL', history_key)
end
if remembered.revision ~= '' then
  redis.call('HSET', history_key, remembered.number, remembered.revision)
  redis.call('HDEL', history_key, tonumber(remembered.number) - MOST_REVISIONS)
end
if #remembered.entry > 0 then
  redis.call('XADD', audit_key(site), 'MAXLEN', '~', MOST_ENTRIES, '*', unpack(remembered.entry))
end
redis.call('SET', version_key, ARGV[2])
return 'ok'
