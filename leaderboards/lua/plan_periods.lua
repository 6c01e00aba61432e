-- Says when `tick` looks at periods of a board next, unless definitions or all data were replaced since that was worked out.
-- A period whose mark is another one by now, because it has been closed or opened again, stays as it is planned.
-- KEYS[1] the site's key prefix
-- ARGV    the catalog version, and the name of its key; the name of the board's marks; the name of the schedule; then for
--         each period its suffix, its name in the schedule, its mark or '', and when it is looked at (s), '' for never
-- Returns `stale` or `ok`. Running it again does no harm. Cost: O(periods × log of all).

if (redis.call('GET', ARGV[2]) or '0') ~= ARGV[1] then return 'stale' end
local marks, schedule = ARGV[3], ARGV[4]
for i = 5, #ARGV, 4 do
  local suffix, name, mark, at = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if (redis.call('HGET', marks, suffix) or '') == mark then
    if at == '' then redis.call('ZREM', schedule, name) else redis.call('ZADD', schedule, at, name) end
  end
end
return 'ok'
