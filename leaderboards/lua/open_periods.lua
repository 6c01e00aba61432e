-- Lets periods of a board be closed again: their marks say so, `tick` will look at them, and whoever is just closing one
-- loses its lock.
-- KEYS[1] the site's key prefix
-- ARGV    the name of the board's marks; the name of the schedule; then for each period its suffix, the name of its lock,
--         and its name in the schedule
-- Returns `ok`. Running it again does no harm. Cost: O(periods).

local marks, schedule = ARGV[1], ARGV[2]
for i = 3, #ARGV, 3 do
  redis.call('DEL', ARGV[i + 1])
  local mark = redis.call('HGET', marks, ARGV[i])
  if mark then
    redis.call('HSET', marks, ARGV[i], cjson.encode({ at = 0, size = cjson.decode(mark).size }))
    redis.call('ZADD', schedule, 0, ARGV[i + 2])
  end
end
return 'ok'
