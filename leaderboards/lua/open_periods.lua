-- Lets periods of a board be closed again: their marks say so, and whoever is just closing one loses its lock.
-- KEYS[1] the site's key prefix
-- ARGV    the name of the board's marks; then for each period its suffix, and the name of its lock
-- Returns `ok`. Running it again does no harm. Cost: O(periods).

local marks = ARGV[1]
for i = 2, #ARGV, 2 do
  redis.call('DEL', ARGV[i + 1])
  local mark = redis.call('HGET', marks, ARGV[i])
  if mark then redis.call('HSET', marks, ARGV[i], cjson.encode({ at = 0, size = cjson.decode(mark).size })) end
end
return 'ok'
