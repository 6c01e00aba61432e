-- Streaks: consecutive days with an action, as day numbers from 0 = 2020-01-01 in the player's timezone.
-- The days are a bitmap, one per action; what follows from them is kept in a hash per streak achievement.
-- joins: store/keys

-- One more day of a run that ended on an earlier one. Days missed are covered by freezes, or the run begins anew.
local function extend_run(run, day, freezes)
  local missed = run.last and day - run.last - 1
  if missed and missed <= run.freezes then
    run.current, run.freezes = run.current + 1, run.freezes - missed
  else
    run.current, run.freezes = 1, freezes
  end
  run.last, run.best = day, math.max(run.best, run.current)
end

-- The run that all recorded days make; for a day that comes late. Cost: O(days since 2020).
local function run_of_days(bitmap, freezes)
  local run = { current = 0, best = 0, freezes = freezes }
  for i = 1, #bitmap do
    local byte = string.byte(bitmap, i)
    for bit = 7, 0, -1 do
      local weight = 2 ^ bit
      if byte >= weight then
        byte = byte - weight
        extend_run(run, (i - 1) * 8 + 7 - bit, freezes)
      end
    end
  end
  return run
end

local function read_run(key, freezes)
  local held = redis.call('HMGET', key, 'current', 'best', 'last', 'freezes')
  return {
    current = tonumber(held[1] or 0), best = tonumber(held[2] or 0), last = held[3] and tonumber(held[3]),
    freezes = tonumber(held[4] or freezes),
  }
end

-- Records a day for a streak achievement; `is_new` tells whether the bitmap lacked it. Returns the best run in days.
local function record_day(shard, player, rule, day, is_new)
  local key = streak_key(shard, player, rule.slug)
  local run = read_run(key, rule.freezes)
  if run.last and not is_new then return run.best end
  if run.last and day < run.last or not is_new then
    local best = run.best
    run = run_of_days(redis.call('GET', days_key(shard, player, rule.action)), rule.freezes)
    run.best = math.max(best, run.best)
  else
    extend_run(run, day, rule.freezes)
  end
  redis.call('HSET', key, 'current', run.current, 'best', run.best, 'last', run.last, 'freezes', run.freezes)
  return run.best
end
