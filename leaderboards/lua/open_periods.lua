-- Lets periods be closed again: their marks say so, and whoever is just closing one loses its lock.
-- KEYS[1] the site's key prefix
-- ARGV    board; suffixes of periods …
-- Returns `ok`. Running it again does no harm. Cost: O(periods).

local site, board = KEYS[1], ARGV[1]
local key = site .. ':closed_periods:' .. board
for i = 2, #ARGV do
  redis.call('DEL', site .. ':closing:' .. board .. ':' .. ARGV[i])
  local mark = redis.call('HGET', key, ARGV[i])
  if mark then redis.call('HSET', key, ARGV[i], cjson.encode({ at = 0, size = cjson.decode(mark).size })) end
end
return 'ok'
