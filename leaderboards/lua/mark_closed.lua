-- Marks a period as closed, unless definitions or all data were replaced, or its closing interrupted, since it began.
-- KEYS[1] the site's key prefix
-- ARGV    the catalog version, and the name of its key; the token of the lock of who closes the period, and the name of
--         the lock; the name of the board's marks; suffix of the period; its mark, as JSON; the name of the schedule, the
--         period's name there, and when it is looked at next (s)
-- Returns `stale` or `ok`. Running it again does no harm. Cost: O(log periods).

if (redis.call('GET', ARGV[2]) or '0') ~= ARGV[1] then return 'stale' end
if redis.call('GET', ARGV[4]) ~= ARGV[3] then return 'stale' end
redis.call('HSET', ARGV[5], ARGV[6], ARGV[7])
redis.call('ZADD', ARGV[8], ARGV[10], ARGV[9])
return 'ok'
