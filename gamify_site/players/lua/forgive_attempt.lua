-- Takes back an attempt that was counted and then succeeded: limits that grow are forgotten, the others count one less.
-- KEYS[1] the site's key prefix
-- ARGV    as in count_attempt.lua
-- Returns 0. Cost: O(limits).

for i = 3, #ARGV, 3 do
  local attempts_key, pause_key = KEYS[1] .. ':attempts:' .. ARGV[i], KEYS[1] .. ':attempts_pause:' .. ARGV[i]
  if ARGV[i + 2] == 'growing' then
    redis.call('DEL', attempts_key, pause_key)
  elseif redis.call('EXISTS', attempts_key) == 1 then
    if redis.call('DECR', attempts_key) < tonumber(ARGV[i + 1]) then redis.call('DEL', pause_key) end
  end
end
return 0
