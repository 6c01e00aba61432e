-- Marks a period as closed, unless definitions or all data were replaced, or its closing interrupted, since it began.
-- KEYS[1] the site's key prefix
-- ARGV    catalog version; board; suffix of the period; token of the lock of who closes it; the mark, as JSON
-- Returns `stale` or `ok`. Running it again does no harm. Cost: O(1).

local site, name = KEYS[1], ARGV[2] .. ':' .. ARGV[3]
if (redis.call('GET', site .. ':catalog:version') or '0') ~= ARGV[1] then return 'stale' end
if redis.call('GET', site .. ':closing:' .. name) ~= ARGV[4] then return 'stale' end
redis.call('HSET', site .. ':closed_periods:' .. ARGV[2], ARGV[3], ARGV[5])
return 'ok'
