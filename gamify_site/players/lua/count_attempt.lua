-- Counts one attempt against each of its limits, unless one of them is paused: then nothing is counted.
-- joins: store/keys
-- The attempt that uses a limit up starts the pause, so that of many attempts at once no more than the limit go ahead.
-- KEYS[1] the site's key prefix
-- ARGV    window (s), longest pause (s), then for each limit: what it counts, attempts per window,
--         `growing` (each attempt after a pause doubles the next one) or `steady` (the count begins anew)
-- Returns how many seconds to wait; 0: go ahead. Cost: O(limits).

local window, longest = tonumber(ARGV[1]), tonumber(ARGV[2])

local wait = 0
for i = 3, #ARGV, 3 do
  wait = math.max(wait, redis.call('TTL', attempts_pause_key(KEYS[1], ARGV[i])))
end
if wait > 0 then return wait end

for i = 3, #ARGV, 3 do
  local counter_key, pause_key = attempts_key(KEYS[1], ARGV[i]), attempts_pause_key(KEYS[1], ARGV[i])
  local attempts = redis.call('INCR', counter_key)
  local over = attempts - tonumber(ARGV[i + 1])
  if over >= 0 then
    local growing = ARGV[i + 2] == 'growing'
    local pause = growing and math.min(longest, window * 2 ^ over) or window
    redis.call('SET', pause_key, '1', 'EX', string.format('%d', pause))
    redis.call('EXPIRE', counter_key, string.format('%d', growing and pause + window or pause))
  elseif attempts == 1 then
    redis.call('EXPIRE', counter_key, string.format('%d', window))
  end
end
return 0
