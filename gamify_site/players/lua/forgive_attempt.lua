-- Takes back an attempt that was counted and then succeeded: limits that grow are forgotten, the others count one less.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    as in count_attempt.lua
-- Returns 0. Cost: O(limits).

for i = 3, #ARGV, 3 do
  local counter_key, pause_key = attempts_key(KEYS[1], ARGV[i]), attempts_pause_key(KEYS[1], ARGV[i])
  if ARGV[i + 2] == 'growing' then
    redis.call('DEL', counter_key, pause_key)
  elseif redis.call('EXISTS', counter_key) == 1 then
    if redis.call('DECR', counter_key) < tonumber(ARGV[i + 1]) then redis.call('DEL', pause_key) end
  end
end
return 0
