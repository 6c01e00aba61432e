-- Looks whether what is derived of players' unlocks, days and items is what they make, and mends it where asked to.
-- joins: store/keys store/players leaderboards/ledger achievements/releases achievements/streaks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; version of the rules (see achievements/lua/rules.lua); JSON request: players, rules (slugs),
--         repair (1 or 0), seen, ms
-- Returns `stale`; `unwritten` where the shard has not got the rules; or {{rule of the program, player, what was found, …}, {release, holders among the players, …}}
-- Cost: O(players × achievements).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local catalog, request = open_rules(shard, ARGV[2], NONE), cjson.decode(ARGV[3])
if not catalog then return 'unwritten' end
local is_repair = request.repair == 1
local board, points_sets = rules_part(catalog, 'points'), { { 'all', 0 } }
local hidden = hidden_among(shard, request.players)
local ledger, entries = open_ledger(board, hidden), {}
local breaches, holders = {}, {}

local function tell(rule, id, ...)
  for _, part in ipairs({ rule, id, string.format(...) }) do breaches[#breaches + 1] = part end
end

-- Points and number of what is unlocked, as it is kept.
local function sum_of_unlocks(player)
  local points, count = 0, 0
  local kept = redis.call('HGETALL', unlocked_key(shard, player.id))
  for i = 1, #kept, 2 do
    keep_unlock(player, kept[i], kept[i + 1])
    points, count = points + points_of(kept[i + 1]), count + 1
    holders[kept[i]] = (holders[kept[i]] or 0) + 1
  end
  return points, count
end

local function audit_profile(player, points, count)
  local key = player_key(shard, player.id)
  local held = redis.call('HMGET', key, 'points', 'unlocked')
  if tonumber(held[1] or 0) == points and tonumber(held[2] or 0) == count then return end
  tell('points', player.id, 'the profile has %s points of %s, the unlocks are %d of %d', held[1] or 0, held[2] or 0, points, count)
  if is_repair then redis.call('HSET', key, 'points', points, 'unlocked', count) end
end

local function audit_points_board(player, points, count)
  local order = redis.call('ZSCORE', board_key(shard, board.slug, 'all'), player.id)
  if hidden[player.id] then order = entry_aside(shard, board, 'all', player.id) end
  local may_be_absent = count == 0 or board.max_entries > 0
  local right = combined(board, nil, points, 'last', { unlocked = count })
  if order and tonumber(order) == right or not order and may_be_absent then return end
  tell('points board', player.id, 'the order value is %s, the unlocks make %.0f', order or 'absent', right)
  join_ledger(ledger, points_sets, player.id)
  entries[#entries + 1] = { player.id, points, count }
end

local function audit_progress(player)
  local kept = redis.call('HGETALL', progress_key(shard, player.id))
  for i = 1, #kept, 2 do
    local value = string.match(kept[i + 1], '^%d+$') and tonumber(kept[i + 1])
    if not value or value > 9007199254740991 then tell('progress', player.id, '%s is %s', kept[i], kept[i + 1]) end
    player.progress[kept[i]] = value or 0
  end
end

local function audit_collection(player, rule)
  local items = redis.call('BITCOUNT', collection_key(shard, player.id, rule.slug))
  if items == progress_of(player, rule.slug) then return end
  tell('collection', player.id, '%s has %d items and a progress of %.0f', rule.slug, items, progress_of(player, rule.slug))
  if is_repair then redis.call('HSET', progress_key(shard, player.id), rule.slug, items) end
end

-- A run that was made under an earlier revision is made anew with the next event, and no breach.
local function audit_streak(player, rule)
  local key = streak_key(shard, player.id, rule.slug)
  local kept = read_run(key)
  local bitmap = kept.revision == rule.revision and redis.call('GET', days_key(shard, player.id, rule.action))
  if not bitmap then return end
  local run = run_of_days(bitmap, rule.freezes, read_moved(shard, player.id, rule.action))
  if run.current == kept.current and run.last == kept.last and run.freezes == kept.freezes
    and run.best <= progress_of(player, rule.slug) then return end
  tell('streak', player.id, '%s is %d days to day %d, the days make %d to day %d', rule.slug, kept.current, kept.last, run.current, run.last)
  if is_repair then
    run.quarter = run.last == kept.last and kept.quarter or 0
    write_run(key, run, rule)
    redis.call('HSET', progress_key(shard, player.id), rule.slug, math.max(run.best, progress_of(player, rule.slug)))
  end
end

-- Compares the stored award counts with the awards, if they were counted under the current categories.
local function audit_counted(player)
  local key, kept = counted_key(shard, player.id), {}
  local held = redis.call('HGETALL', key)
  for i = 1, #held, 2 do kept[held[i]] = held[i + 1] end
  if kept['*'] ~= rules_part(catalog, 'categories') then return end
  kept['*'] = nil
  local counted, is_wrong = count_anew(player, catalog), false
  for category, number in pairs(counted) do
    is_wrong = is_wrong or tonumber(kept[category] or 0) ~= number
    kept[category] = nil
  end
  for _, number in pairs(kept) do is_wrong = is_wrong or number ~= '0' end
  if not is_wrong then return end
  tell('counted awards', player.id, 'those that metas count are not those unlocked')
  if is_repair then redis.call('DEL', key) end
end

-- What a backfill would change.
local function audit_releases(player)
  for _, slug in ipairs(request.rules) do
    for _, release in ipairs(rule_named(catalog, slug).releases) do reprice_unlock(player, release) end
    check_rules(player, catalog, { rule_named(catalog, slug) }, request.ms, true)
  end
  for _, change in ipairs(player.changes or {}) do
    if change.what == 'repriced' then tell('outdated points', player.id, '%s has other points now', change.slug) end
    if change.what == 'released' then tell('due', player.id, '%s is reached and not unlocked', change.slug) end
  end
end

for _, id in ipairs(request.players) do
  local player = open_player(shard, id)
  local points, count = sum_of_unlocks(player)
  audit_profile(player, points, count)
  audit_points_board(player, points, count)
  audit_progress(player)
  for _, slug in ipairs(request.rules) do
    local rule = rule_named(catalog, slug)
    if rule.type == 'collection' then audit_collection(player, rule) end
    if rule.type == 'streak' then audit_streak(player, rule) end
  end
  audit_counted(player)
  audit_releases(player)
end

if is_repair and #entries > 0 then
  read_ledger(shard, ledger)
  for _, entry in ipairs(entries) do
    if try_entry(ledger, points_sets, entry[1], entry[2], 'last', { unlocked = entry[3] }) then
      keep_entry(ledger, points_sets, entry[1])
    end
  end
  request.touched = {}
  write_ledger(shard, ledger, nil, 0, request)
  publish_boards(shard, request.touched)
end

local tally = {}
for release, count in pairs(holders) do
  tally[#tally + 1] = release
  tally[#tally + 1] = count
end
return { breaches, tally }
