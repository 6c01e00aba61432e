-- Streaks: consecutive days with an action, as day numbers from 0 = 2020-01-01 in the player's timezone.
-- joins: store/keys
-- The days are a bitmap, one per action. The run that they make is kept in a hash per achievement, so that a day more
-- costs little; it can be made of the days again, and is where it was made under another revision of the definition.

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

-- The run that all recorded days make. Cost: O(recorded days); bytes without any are passed over.
local function run_of_days(bitmap, freezes)
  local run = { current = 0, best = 0, freezes = freezes }
  local i = string.find(bitmap, '%Z')
  while i do
    local byte, bit = string.byte(bitmap, i), 0
    while byte > 0 do
      if byte >= 128 then
        extend_run(run, (i - 1) * 8 + bit, freezes)
        byte = byte - 128
      end
      byte, bit = byte * 2, bit + 1
    end
    i = string.find(bitmap, '%Z', i + 1)
  end
  return run
end

-- The run as it is kept; nil where there is none that was made under this revision.
local function read_run(key, rule)
  local held = redis.call('HMGET', key, 'current', 'last', 'freezes', 'revision')
  if tonumber(held[4]) ~= rule.revision then return nil end
  return { current = tonumber(held[1]), last = tonumber(held[2]), freezes = tonumber(held[3]), best = 0 }
end

local function write_run(key, run, rule)
  redis.call('HSET', key, 'current', run.current, 'last', run.last, 'freezes', run.freezes, 'revision', rule.revision)
end

-- Makes the run of a streak achievement anew; returns its best number of days, 0 where there are none.
local function rebuild_run(shard, player, rule)
  local bitmap = redis.call('GET', days_key(shard, player, rule.action))
  if not bitmap then return 0 end
  local run = run_of_days(bitmap, rule.freezes)
  write_run(streak_key(shard, player, rule.slug), run, rule)
  return run.best
end

-- Records a day for a streak achievement; `is_new` tells whether the bitmap lacked it. Returns the best number of days
-- that came of it.
local function record_day(shard, player, rule, day, is_new)
  local key = streak_key(shard, player, rule.slug)
  local run = read_run(key, rule)
  if not run or is_new and day < run.last then return rebuild_run(shard, player, rule) end
  if is_new then
    extend_run(run, day, rule.freezes)
    write_run(key, run, rule)
  end
  return run.current
end
