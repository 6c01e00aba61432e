-- Streaks: consecutive days with an action, as day numbers from 0 = 2020-01-01 in the player's timezone.
-- joins: store/keys
-- The days are a bitmap, one per action. The run that they make is kept in a hash per achievement, so that a day more
-- costs little; it can be made of the days again, and is where it was made under another revision of the definition.
-- Around a move to another timezone, which achievements/services/days.py explains, a hash per action holds more of the
-- days: those that count, with the quarter of an hour in which they began, and those that are `covered`: they do not
-- count, and break nothing. `perhaps` are those that will be where a late event fills the day before. Who has never moved
-- has none of it.

-- What is kept of the days around a player's moves: day → quarter, `covered` or `perhaps`; nil where there is nothing.
local function read_moved(shard, player, action)
  local flat, moved = redis.call('HGETALL', moved_days_key(shard, player, action)), nil
  for i = 1, #flat, 2 do
    moved = moved or {}
    moved[tonumber(flat[i])] = flat[i + 1]
  end
  return moved
end

-- One more day of a run that ended on an earlier one. Days missed are covered by freezes, or the run begins anew.
local function extend_run(run, day, freezes, moved)
  local missed = run.last and day - run.last - 1
  if missed and moved then
    for between = run.last + 1, day - 1 do
      if moved[between] == 'covered' then missed = missed - 1 end
    end
  end
  if missed and missed <= run.freezes then
    run.current, run.freezes = run.current + 1, run.freezes - missed
  else
    run.current, run.freezes = 1, freezes
  end
  run.last, run.best = day, math.max(run.best, run.current)
end

-- The run that all recorded days make. Cost: O(recorded days); bytes without any are passed over.
local function run_of_days(bitmap, freezes, moved)
  local run = { current = 0, best = 0, freezes = freezes }
  local i = string.find(bitmap, '%Z')
  while i do
    local byte, bit = string.byte(bitmap, i), 0
    while byte > 0 do
      if byte >= 128 then
        extend_run(run, (i - 1) * 8 + bit, freezes, moved)
        byte = byte - 128
      end
      byte, bit = byte * 2, bit + 1
    end
    i = string.find(bitmap, '%Z', i + 1)
  end
  return run
end

-- The run as it is kept, which has the revision of the rule that it was made under; `quarter` is when its last event was
-- reported for, 0 where nobody knows.
local function read_run(key)
  local held = redis.call('HMGET', key, 'current', 'last', 'freezes', 'revision', 'quarter')
  return {
    current = tonumber(held[1]), last = tonumber(held[2]), freezes = tonumber(held[3]), revision = tonumber(held[4]),
    quarter = tonumber(held[5] or 0), best = 0,
  }
end

local function write_run(key, run, rule)
  redis.call('HSET', key, 'current', run.current, 'last', run.last, 'freezes', run.freezes, 'revision', rule.revision,
    'quarter', run.quarter)
end

-- Makes the run of a streak achievement anew out of the days and what is kept of moves; `held` is the run as it is kept,
-- `day` the one that an event has just been recorded for. Returns its best number of days, 0 where there are none.
local function rebuild_run(shard, player, rule, moved, held, day)
  local bitmap = redis.call('GET', days_key(shard, player, rule.action))
  if not bitmap then return 0 end
  local run = run_of_days(bitmap, rule.freezes, moved)
  run.quarter = held.last == run.last and held.quarter or 0
  if day and day.number == run.last then run.quarter = math.max(run.quarter, day.quarter) end
  write_run(streak_key(shard, player, rule.slug), run, rule)
  return run.best
end

-- Records the day of an event around a move, told as `Move` in achievements/services/days.py, with what it covers; `run`
-- is the latest run of the action. Returns whether the day is new and counts, and whether anything is new.
local function note_move(shard, player, action, move, quarter, run)
  local key, moved = days_key(shard, player, action), moved_days_key(shard, player, action)
  local day, began, near, before, midnights, covered = unpack(move)
  local is_missing, is_near, covers_more = redis.call('GETBIT', key, day) == 0, false, false
  local function cover(first, last, how)
    for between = first, last do
      local held = redis.call('HGET', moved, between)
      if not held or held == 'perhaps' and how == 'covered' then
        redis.call('HSET', moved, between, how)
        covers_more = covers_more or how == 'covered'
      end
    end
  end

  for i = 1, is_missing and #near or 0, 3 do
    if redis.call('GETBIT', key, near[i]) == 1 then
      local told = tonumber(redis.call('HGET', moved, near[i]) or nil) -- nil where it was recorded before any move
      is_near = is_near or told == near[i + 1] or not told and near[i + 2] == 1
    end
  end
  local last = run.last or day
  local is_next = run.quarter > 0 and (last < day or last == day and quarter >= run.quarter)
  for i = 1, #covered, 2 do cover(covered[i], covered[i + 1], is_next and 'perhaps' or 'covered') end
  if is_missing and is_next then
    local missed, here = day - last - 1, 0 -- by the calendar that has fewest
    while midnights[here + 1] and run.quarter < midnights[here + 1] do here = here + 1 end
    for i = 1, #before, 5 do
      local is_before = run.quarter <= before[i]
      if run.quarter <= before[i + 1] then
        missed = math.min(missed, here, before[i + 3] - (is_before and last or before[i + 2]) - 1)
      end
      if is_before then break end
    end
    cover(last + 1 + math.max(0, missed), day - 1, 'covered')
  elseif is_missing then -- late, or nobody knows when the event before came
    for i = 5, #before, 5 do
      if last < day and before[i] <= last then cover(last + 1, day - 1, 'covered') end
      if last >= day and redis.call('GETBIT', key, before[i]) == 1 then cover(before[i] + 1, day - 1, 'covered') end
    end
    local after = day + 1
    while redis.call('HGET', moved, after) == 'perhaps' do
      cover(after, after, 'covered')
      after = after + 1
    end
  end
  if is_near then
    cover(day, day, 'covered')
  elseif is_missing then
    redis.call('SETBIT', key, day, 1)
    redis.call('HSET', moved, day, began)
  end
  return is_missing and not is_near, is_missing and not is_near or covers_more
end

-- Records a day for a streak achievement. `day`: number, quarter (of the event), is_new (the bitmap lacked it), is_moved
-- (it is new around a move), has_moved (the player has). Returns the best number of days that came of it.
local function record_day(shard, player, rule, day)
  local key = streak_key(shard, player, rule.slug)
  local run = read_run(key)
  local is_outdated = run.revision ~= rule.revision or day.is_moved or day.is_new and day.number < run.last
  local needs_moved = day.has_moved and (is_outdated or day.is_new and day.number > run.last + 1)
  local moved = needs_moved and read_moved(shard, player, rule.action) or nil
  if is_outdated then
    return rebuild_run(shard, player, rule, moved, run, day)
  end
  if day.is_new then
    extend_run(run, day.number, rule.freezes, moved)
    run.quarter = day.quarter
    write_run(key, run, rule)
  elseif day.number == run.last and day.quarter > run.quarter then
    redis.call('HSET', key, 'quarter', day.quarter)
  end
  return run.current
end
