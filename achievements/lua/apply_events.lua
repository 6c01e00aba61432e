-- Applies a batch of events to one shard: each event to everything that listens to its action, or to nothing.
-- joins: store/keys store/players store/news leaderboards/ledger achievements/releases achievements/streaks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON catalog (see achievements/lua/releases.lua) with boards: slug → Board.for_scripts(),
--         actions: action → {rules = slugs, boards = slugs}, points: slug of the points board; JSON batch:
--         events     [[player, action, amount, value or false, {collection → item index} or false, at (ms), day or
--                    false, period, id or '', {board → tick} or false, {board → units}] …]
--         orders     [[player, what (add, set, grant, revoke, check), rule or release slug, value, at (ms)] …]
--         periods    [{board → sets} …], which ranked sets an event belongs to
--         zones      player → the timezone by which the day was told
--         mains      board → suffix of its main set now
--         seen, ms, date (yyyy-mm-dd), lone, ttl (s), key ('' or the name of the batch), quiet (1: one summary as news)
-- Returns `stale`; or {'zones', player, timezone, …} where a player's timezone is another one, nothing is applied then;
--         or {'ok', {refused index, reason, …}, {duplicate index …}, {player, release, points, at, …},
--         {board, {climbers}, {dropped}, …}}; indexes count from 0
-- Cost: about 10 µs an event and 3 µs for each ranked set that it is in.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local catalog, batch = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])

local answer_key = batch.key ~= '' and batch_key(shard, batch.key)
local answered = answer_key and redis.call('GET', answer_key)
if answered then return cjson.decode(answered) end

local other_zones = { 'zones' }
for id, zone in pairs(batch.zones) do
  local held = redis.call('HGET', player_key(shard, id), 'timezone') or 'UTC'
  if held ~= zone then
    other_zones[#other_zones + 1] = id
    other_zones[#other_zones + 1] = held
  end
end
if #other_zones > 1 then return other_zones end

-- Players in the order in which they come, and a ledger for each board that is written to.
local players, order_of_players, ledgers, order_of_ledgers = {}, {}, {}, {}

local function player_of(id)
  if not players[id] then
    players[id] = open_player(shard, id)
    order_of_players[#order_of_players + 1] = id
  end
  return players[id]
end

local function ledger_of(slug)
  if not ledgers[slug] then
    ledgers[slug] = open_ledger(catalog.boards[slug])
    order_of_ledgers[#order_of_ledgers + 1] = slug
  end
  return ledgers[slug]
end

for _, event in ipairs(batch.events) do
  local action = catalog.actions[event[2]]
  for _, slug in ipairs(action and action.boards or {}) do
    local sets = batch.periods[event[8]][slug]
    if sets then join_ledger(ledger_of(slug), sets, event[1]) end
  end
end
for _, slug in ipairs(order_of_ledgers) do read_ledger(shard, ledgers[slug]) end

local function unlocked_count(id, board)
  return board.ties == 'unlocks' and tonumber(redis.call('HGET', player_key(shard, id), 'unlocked') or 0)
end

-- What an event would make of the boards: {slug, sets, orders} each; nil where one of them refuses.
local function try_boards(event, action)
  local tried = {}
  for _, slug in ipairs(action.boards) do
    local sets, board = batch.periods[event[8]][slug], catalog.boards[slug]
    if sets then
      local orders = try_entry(ledgers[slug], sets, {
        player = event[1], units = event[11][slug], how = board.how, tick = event[10] and event[10][slug],
        unlocked = unlocked_count(event[1], board),
      })
      if not orders then return nil end
      tried[#tried + 1] = { slug, sets, orders }
    end
  end
  return tried
end

-- The progress that an event makes of a rule that counts; nil where the event says nothing to it.
local function counted(player, rule, amount, value)
  local held = progress_of(player, rule.slug)
  if rule.type == 'milestone' then return math.max(held, 1) end
  if rule.measure == 'sum' then return held + amount end
  if rule.measure == 'count' then return held + 1 end
  return value and math.max(held, value) or nil
end

local counts = { counter = true, tiered = true, milestone = true }

local function overflows(player, action, amount, value)
  for _, slug in ipairs(action.rules) do
    local rule = catalog.rules[slug]
    local new = counts[rule.type] and counted(player, rule, amount, value)
    if new and new > 9007199254740991 then return true end
  end
  return false
end

local function apply_rules(player, event, action)
  local bitmap_is_new
  for _, slug in ipairs(action.rules) do
    local rule, new = catalog.rules[slug], nil
    if counts[rule.type] then
      new = counted(player, rule, event[3], event[4])
    elseif rule.type == 'collection' then
      local item = event[5] and event[5][slug]
      if item and redis.call('SETBIT', collection_key(shard, player.id, slug), item, 1) == 0 then
        new = progress_of(player, slug) + 1
      end
    else
      if bitmap_is_new == nil then
        bitmap_is_new = redis.call('SETBIT', days_key(shard, player.id, rule.action), event[7], 1) == 0
      end
      new = record_day(shard, player.id, rule, event[7], bitmap_is_new)
    end
    if new then
      set_progress(player, slug, new)
      check_rule(player, catalog, rule, event[6])
    end
  end
end

local refused, duplicates, applied = {}, {}, 0

local function refuse(index, reason)
  refused[#refused + 1] = index - 1
  refused[#refused + 1] = reason
end

local function apply_event(index, event)
  local action, id_key = catalog.actions[event[2]], event[9] ~= '' and event_key(shard, event[9])
  if id_key and redis.call('EXISTS', id_key) == 1 then
    duplicates[#duplicates + 1] = index - 1
    return
  end
  if action then
    local player = player_of(event[1])
    local tried = try_boards(event, action)
    if not tried or overflows(player, action, event[3], event[4]) then return refuse(index, 'out_of_range') end
    for _, entry in ipairs(tried) do keep_entry(ledgers[entry[1]], entry[2], event[1], entry[3]) end
    apply_rules(player, event, action)
  else
    player_of(event[1])
  end
  if id_key then redis.call('SET', id_key, '1', 'EX', batch.ttl) end
  applied = applied + 1
end

for index, event in ipairs(batch.events) do apply_event(index, event) end

local function apply_order(index, order)
  local player, what, slug, value, at = player_of(order[1]), order[2], order[3], order[4], order[5]
  local rule = catalog.rules[catalog.rule_of[slug] or slug]
  if what == 'check' then
    check_rule(player, catalog, rule, at)
  elseif what == 'add' or what == 'set' then
    local held = progress_of(player, slug)
    local new = what == 'add' and held + value or math.max(held, value)
    if new > 9007199254740991 then return refuse(index, 'out_of_range') end
    set_progress(player, slug, new)
    check_rule(player, catalog, rule, at)
  else
    for _, release in ipairs(rule.releases) do
      if release.slug == slug then
        local change = what == 'grant' and grant or revoke
        if not change(player, catalog, release, at) then refuse(index, 'unchanged') end
      end
    end
  end
end

for index, order in ipairs(batch.orders) do apply_order(index, order) end

-- Points: each player's own, then the board that follows them.
local unlocked, points = {}, {}
local points_sets = { { 'all', 0 } }
for _, id in ipairs(order_of_players) do
  local player = players[id]
  for _, change in ipairs(player.released) do
    for _, part in ipairs({ id, change.release.slug, change.release.points, string.format('%.0f', change.at) }) do
      unlocked[#unlocked + 1] = part
    end
  end
  local total, count = write_player(shard, player, batch.ms, batch.quiet == 1)
  if total then points[#points + 1] = { id, total, count } end
end
if #points > 0 then
  local ledger = ledger_of(catalog.points)
  for _, entry in ipairs(points) do join_ledger(ledger, points_sets, entry[1]) end
  read_ledger(shard, ledger)
  for i, entry in ipairs(points) do
    local orders = try_entry(ledger, points_sets, {
      player = entry[1], units = entry[2], how = 'last', tick = i, unlocked = entry[3],
    })
    if orders then keep_entry(ledger, points_sets, entry[1], orders) end
  end
end

local news = {}
for _, slug in ipairs(order_of_ledgers) do
  local main = batch.mains[slug]
  local climbers, dropped = write_ledger(shard, ledgers[slug], ledgers[slug].expiry[main] and main, batch.lone, batch)
  news[#news + 1] = slug
  news[#news + 1] = climbers
  news[#news + 1] = dropped
end

if applied > 0 then
  local new, active = see_players(shard, order_of_players, batch.seen)
  local daily = daily_key(shard, batch.date)
  redis.call('HINCRBY', daily, 'events', applied)
  if #unlocked > 0 then redis.call('HINCRBY', daily, 'unlocks', #unlocked / 4) end
  if new > 0 then redis.call('HINCRBY', daily, 'new', new) end
  if active > 0 then redis.call('HINCRBY', daily, 'active', active) end
end

local answer = { 'ok', refused, duplicates, unlocked, news }
if answer_key then redis.call('SET', answer_key, cjson.encode(answer), 'EX', batch.ttl) end
return answer
