-- What an event makes of the progress of the achievements that listen to it.
-- joins: store/keys achievements/holdings achievements/releases achievements/streaks

-- Events are one flat list, `WIDTH` fields each; `i` is the index before an event's first field. The places are in a table,
-- because a script has room for 200 local variables, functions included.
local FIELD = {
  place = 1, player = 2, action = 3, amount = 4, value = 5, items = 6, at = 7, day = 8, period = 9, id = 10, scores = 11,
}
local WIDTH = 11
local EXACT = 9007199254740991 -- 2^53 - 1

local COUNTS = { counter = true, tiered = true, milestone = true }

-- The progress that an event makes of a rule that counts; nil where the event says nothing to it.
local function counted(player, rule, events, i)
  local held = progress_of(player, rule.slug)
  if rule.type == 'milestone' then return math.max(held, 1) end
  if rule.measure == 'sum' then return held + events[i + FIELD.amount] end
  if rule.measure == 'count' then return held + 1 end
  return events[i + FIELD.value] and math.max(held, events[i + FIELD.value]) or nil
end

local tried = {} -- what `try_rules` found last, rule by rule

-- Tries an event on the rules that count; false where it would take one out of the range of exact numbers.
local function try_rules(player, rules, events, i)
  for place, rule in ipairs(rules) do
    local new = COUNTS[rule.type] and counted(player, rule, events, i)
    if new and new > EXACT then return false end
    tried[place] = new
  end
  return true
end

local function collected(shard, player, rule, events, i)
  local items = events[i + FIELD.items]
  local item = items and items[rule.slug]
  if not item then return nil end
  local is_new = redis.call('SETBIT', collection_key(shard, player.id, rule.slug), item, 1) == 0
  return progress_of(player, rule.slug) + (is_new and 1 or 0)
end

-- Applies the event that `try_rules` has tried last to each rule, and unlocks what is reached.
local function apply_rules(shard, player, catalog, rules, events, i)
  local day_is_new
  for place, rule in ipairs(rules) do
    local new = tried[place]
    if rule.type == 'collection' then
      new = collected(shard, player, rule, events, i)
    elseif rule.type == 'streak' then
      if day_is_new == nil then
        day_is_new = redis.call('SETBIT', days_key(shard, player.id, rule.action), events[i + FIELD.day], 1) == 0
      end
      new = math.max(progress_of(player, rule.slug), record_day(shard, player.id, rule, events[i + FIELD.day], day_is_new))
    end
    if new then
      set_progress(player, rule.slug, new)
      if new >= rule.releases[1].target then check_rules(player, catalog, { rule }, events[i + FIELD.at], false) end
    end
  end
end
