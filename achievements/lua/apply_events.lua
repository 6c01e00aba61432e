-- Applies a batch of events to one shard: each event to everything that listens to its action, or to nothing.
-- joins: store/keys store/event_ids store/players store/news leaderboards/ledger achievements/releases achievements/counting
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; version of the rules (see achievements/lua/rules.lua); JSON batch:
--         actions    those that the events are of
--         events     [place in the batch, player, action, amount, value or false, {collection → item index} or false,
--                    at (ms), day (around a move a `Move` of achievements/services/days.py) or false, period, id or '',
--                    {board → units, false where it takes nothing} or false where all boards take the amount, then the
--                    next event's fields …]
--         refused    [place, reason …] of events that were refused before
--         skipped    [place, board …] of boards that take nothing of an event; those are added all of whose sets are final
--         no_listeners [action …] of events that nothing listens to
--         cuts       where the calls of a batch with a key begin, in the first of them
--         orders     [[player, what (add, set, grant, revoke), rule, release or '' (of add and set), value, at (ms), id or ''] …]
--         backfill   players whose rules `checked` are gone through: what they reached is unlocked, points are updated
--         strict     '' or the one of these rules that is taken from those who do not reach it
--         periods    [{board → sets} …], which ranked sets an event belongs to: [suffix, expiry (s) or 0, final (s) or 0]
--         zones      player → the timezone by which the day was told, and behind a blank the profile's `zones_before`
--         mains      board → [suffix of its main set now, how many of its first order values are wanted, or 0]
--         all_boards optional; the definitions of all boards
--         seen, ms, date (yyyy-mm-dd), lone, ttl (s), key ('' or the name of the batch)
-- Returns `stale`; or `unwritten` where the shard has not got the rules, nothing is applied then;
--         or {'zones', player, timezones, …} where a player's are other ones, likewise;
--         or {'deleted', player …} where some of the players are being deleted, likewise;
--         or {'away', player …} where some who do something are away and `all_boards` is needed to put them back, likewise;
--         or {'ok', {refused place, reason, …}, {duplicate place …}, {player, release, points, at, …},
--         {board, {climbers}, {dropped}, …}, {board, suffix, … of the sets that somebody has come back to},
--         {skipped place, board, …}, {action that nothing listens to …}, {cuts},
--         {board, {its version here, how many were wanted or 0 where few wrote, first order values}, …}};
--         an order's place is its index from 0; a batch that was applied before is answered as it was then, without the
--         last part
-- Cost: about 5 µs an event and 3 µs for each ranked set that it is in.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local batch = cjson.decode(ARGV[3])

local answer_key = batch.key ~= '' and batch_key(shard, batch.key)
local answered = answer_key and redis.call('GET', answer_key)
if answered then return cjson.decode(answered) end

local catalog = open_rules(shard, ARGV[2], batch.actions)
if not catalog then return 'unwritten' end

do -- a block ends what is local to it: a script has room for 200 of that, functions included
  local other_zones = { 'zones' }
  for id, zone in pairs(batch.zones) do
    local held = redis.call('HMGET', player_key(shard, id), 'timezone', 'zones_before')
    local zones = (held[1] or 'UTC') .. (held[2] and ' ' .. held[2] or '')
    if zones ~= zone then
      other_zones[#other_zones + 1] = id
      other_zones[#other_zones + 1] = zones
    end
  end
  if #other_zones > 1 then return other_zones end
end

-- The names of the ids of events, by the index before their first field, and of orders, by the order. They are kept in one
-- place, and no event's has a tab.
local events, id_of, new_ids, is_known, id_span = batch.events, {}, {}, nil, nil

do
  local ids = {}
  for i = 0, #events - 1, FIELD.count do
    if events[i + FIELD.id] ~= '' then
      id_of[i] = events[i + FIELD.player] .. ' ' .. events[i + FIELD.id]
      ids[#ids + 1] = id_of[i]
    end
  end
  for _, order in ipairs(batch.orders) do
    if order[7] ~= '' then
      id_of[order] = order[1] .. ' ' .. order[3] .. '\tprogress\t' .. order[7]
      ids[#ids + 1] = id_of[order]
    end
  end
  is_known, id_span = known_ids(shard, ids, batch.ttl)
end

-- Those who do something, in order; the id of each → whether that is seen. A backfill does something with others, who stay
-- where they are. Who only sends events again does nothing, and stays away too.
local doers, is_active = {}, {}

do
  local function note_doer(id, is_repeat)
    if doers[id] == nil then doers[#doers + 1], doers[id] = id, false end
    if not is_repeat then is_active[id] = true end
  end

  for i = 0, #events - 1, FIELD.count do
    note_doer(events[i + FIELD.player], id_of[i] and is_known[id_of[i]])
  end
  for _, order in ipairs(batch.orders) do
    note_doer(order[1], id_of[order] and is_known[id_of[order]])
  end
end

for _, players in ipairs({ doers, batch.backfill }) do
  local deleted = being_deleted(shard, players)
  if #deleted > 0 then return { 'deleted', unpack(deleted) } end
end
local hidden, away = hidden_among(shard, doers, is_active)
if #away > 0 and not batch.all_boards then return { 'away', unpack(away) } end
local back = welcome_back(shard, batch.all_boards, away, hidden, batch.seen)
for id in pairs(hidden_among(shard, batch.backfill)) do hidden[id] = true end

-- Those whose achievements are looked at, and the boards that are written to: ids and slugs in order, and by each what is
-- known of it by now.
local players, ledgers = {}, {}
local refused, duplicates, applied = batch.refused, {}, 0

local function player_of(id)
  if not players[id] then
    players[id] = open_player(shard, id)
    players[#players + 1] = id
    players[id].has_moved = string.find(batch.zones[id] or '', ' ', 1, true)
  end
  return players[id]
end

local function ledger_of(board)
  local slug = board.slug
  if not ledgers[slug] then
    ledgers[slug] = open_ledger(board, hidden)
    ledgers[#ledgers + 1] = slug
  end
  return ledgers[slug]
end

local function see(id) doers[id] = true end

for _, id in ipairs(away) do see(id) end -- whatever becomes of what they do: back without being seen they never leave again

local function refuse(place, reason)
  refused[#refused + 1] = place
  refused[#refused + 1] = reason
end

do -- the events
  -- Returns the listeners of an event's action, or false if there are none.
  local function listeners_of(i) return catalog.actions[events[i + FIELD.action]] end

  drop_final_sets(shard, batch.periods, batch.seen)

  -- The sets of a board that an event is for; nil where none is, or the board takes nothing of it.
  local function sets_for(i, slug)
    local scores = events[i + FIELD.scores]
    if scores and scores[slug] == false then return nil end
    return batch.periods[events[i + FIELD.period]][slug]
  end

  for i = 0, #events - 1, FIELD.count do
    local listeners = listeners_of(i)
    for _, board in ipairs(listeners and listeners.boards or NONE) do
      local sets = sets_for(i, board.slug)
      if sets then join_ledger(ledger_of(board), sets, events[i + FIELD.player]) end
    end
  end
  for _, slug in ipairs(ledgers) do read_ledger(shard, ledgers[slug]) end

  -- The units of an event for a board, and what its tie rule asks for.
  local function score_of(i, board)
    local units = events[i + FIELD.scores] and events[i + FIELD.scores][board.slug] or events[i + FIELD.amount]
    if board.ties == 'unlocks' then
      local unlocked = redis.call('HGET', player_key(shard, events[i + FIELD.player]), 'unlocked')
      return units, { at = events[i + FIELD.at], unlocked = tonumber(unlocked or 0) }
    end
    if board.ties == 'earliest' or board.timed == 1 then return units, { at = events[i + FIELD.at] } end
    return units
  end

  -- Tries an event on all its boards; false where one of them refuses it.
  local function try_boards(i, boards)
    for _, board in ipairs(boards) do
      local sets = sets_for(i, board.slug)
      local units, more = score_of(i, board)
      if sets and not try_entry(ledgers[board.slug], sets, events[i + FIELD.player], units, board.how, more) then return false end
    end
    return true
  end

  -- Applies an event to all that listen; false where one of them refuses, nothing is changed then.
  local function apply_event(i, listeners)
    local id = events[i + FIELD.player]
    if not try_boards(i, listeners.boards) then return false end
    if #listeners.rules > 0 then
      local player = player_of(id)
      read_progress(player, listeners.slugs)
      if not try_rules(player, listeners.rules, events, i) then return false end
      apply_rules(shard, player, catalog, listeners.rules, events, i)
    end
    for _, board in ipairs(listeners.boards) do
      local sets = sets_for(i, board.slug)
      if sets then keep_entry(ledgers[board.slug], sets, id) end
      if sets and sets.are_final then
        batch.skipped[#batch.skipped + 1] = events[i + FIELD.place]
        batch.skipped[#batch.skipped + 1] = board.slug
      end
    end
    return true
  end

  for i = 0, #events - 1, FIELD.count do
    local listeners, id = listeners_of(i), id_of[i]
    if id and is_known[id] then
      duplicates[#duplicates + 1] = events[i + FIELD.place]
    elseif listeners and not apply_event(i, listeners) then
      refuse(events[i + FIELD.place], 'out_of_range')
    else
      if id then note_id(is_known, new_ids, id) end
      see(events[i + FIELD.player])
      applied = applied + 1
    end
  end
end

do
  -- Progress that a game sets, and what staff give and take. Returns why nothing changes, nil where something does.
  local function apply_order(id, what, slug, wanted, value, at)
    local player, rule = player_of(id), rule_named(catalog, slug)
    if what == 'add' or what == 'set' then
      local held = progress_of(player, slug)
      local new = what == 'add' and held + value or math.max(held, value)
      if new > EXACT then return 'out_of_range' end
      set_progress(player, slug, new)
      check_rules(player, catalog, { rule }, at, false)
      return
    end
    for _, release in ipairs(rule.releases) do
      if release.slug == wanted then
        if what == 'grant' and not grant(player, catalog, release, at) then return 'unchanged' end
        if what == 'revoke' and not revoke(player, catalog, release, true) then return 'unchanged' end
      end
    end
  end

  for i, order in ipairs(batch.orders) do
    local id = id_of[order]
    if id and is_known[id] then
      duplicates[#duplicates + 1] = i - 1
    else
      local why_not = apply_order(unpack(order))
      if why_not then refuse(i - 1, why_not) else see(order[1]) end
      if id and not why_not then note_id(is_known, new_ids, id) end
    end
  end
end

do
  -- Gives a player what earlier events have reached by the rules of today.
  local function catch_up(player)
    read_progress(player, batch.checked)
    for _, slug in ipairs(batch.checked) do
      local rule = rule_named(catalog, slug)
      if rule.type == 'streak' then
        local moved, run = read_moved(shard, player.id, rule.action), read_run(streak_key(shard, player.id, slug))
        set_progress(player, slug, math.max(progress_of(player, slug), rebuild_run(shard, player.id, rule, moved, run)))
      end
      for _, release in ipairs(rule.releases) do
        local is_due = batch.strict ~= slug or reached(player, catalog, rule) >= release.target
        if is_due then reprice_unlock(player, release) else revoke(player, catalog, release, false) end
      end
      check_rules(player, catalog, { rule }, batch.ms, true)
    end
  end

  for _, id in ipairs(batch.backfill) do catch_up(player_of(id)) end
end

-- Points: each player's own, then the board that follows them.
local unlocked, points = {}, {}
for _, id in ipairs(players) do
  local player = players[id]
  write_progress(player)
  for _, change in ipairs(player.changes or {}) do
    if change.what == 'released' then
      for _, part in ipairs({ id, change.slug, change.points, change.at }) do unlocked[#unlocked + 1] = part end
    end
  end
  write_counted(player)
  if player.changes then points[#points + 1] = { id, write_unlocks(shard, player, batch.ms, batch.date, #batch.backfill > 0) } end
end
if #points > 0 then
  local ledger, points_sets = ledger_of(rules_part(catalog, 'points')), { { 'all', 0 } }
  for _, entry in ipairs(points) do join_ledger(ledger, points_sets, entry[1]) end
  read_ledger(shard, ledger)
  for _, entry in ipairs(points) do
    if try_entry(ledger, points_sets, entry[1], entry[2], 'last', { unlocked = entry[3] }) then
      keep_entry(ledger, points_sets, entry[1])
    end
  end
end

batch.touched = {}
local news, firsts = {}, {}
for _, slug in ipairs(ledgers) do
  local main, wanted = unpack(batch.mains[slug] or {})
  local climbers, dropped, first = write_ledger(shard, ledgers[slug], ledgers[slug].sets[main] and main, wanted, batch)
  for _, part in ipairs({ slug, climbers, dropped }) do news[#news + 1] = part end
  if first then firsts[#firsts + 1], firsts[#firsts + 2] = slug, first end
end
publish_boards(shard, batch.touched)

do
  local seen, day = {}, daily_key(shard, batch.date)
  for _, id in ipairs(doers) do
    if doers[id] then seen[#seen + 1] = id end
  end
  see_players(shard, seen, batch.seen)
  for _, count in ipairs({ { 'events', applied }, { 'unlocks', #unlocked / 4 } }) do
    if count[2] > 0 then redis.call('HINCRBY', day, count[1], count[2]) end
  end
end

remember_ids(shard, id_span, new_ids, batch.ttl)

local answer = { 'ok', refused, duplicates, unlocked, news, back, batch.skipped, batch.no_listeners, batch.cuts }
if answer_key then
  redis.call('SET', answer_key, cjson.encode(answer), 'EX', batch.ttl)
  for _, id in ipairs(doers) do -- so that who is deleted can be taken out of it
    redis.call('SADD', answers_key(shard, id), batch.key)
    redis.call('EXPIRE', answers_key(shard, id), batch.ttl)
  end
end
answer[#answer + 1] = firsts
return answer
