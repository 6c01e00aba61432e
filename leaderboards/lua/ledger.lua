-- A ledger gathers what a batch does to one board, so that each ranked set is read once and written once. Entries are
-- tried one by one on what the earlier ones left; nothing reaches Redis before `write_ledger`.
-- joins: store/keys store/calls store/entries store/news leaderboards/ranks leaderboards/aside
-- `board` is as Board.for_scripts() gives it; `sets` is [[suffix, expiry in seconds or 0] …], the main set first.

-- `hidden` is player → true, as `hidden_among` tells it: those write to what is kept aside.
local function open_ledger(board, hidden)
  return { board = board, sets = {}, suffixes = {}, tried = {}, tried_at = {}, hidden = hidden }
end

-- The set of a ledger that is given as {suffix, expiry}.
local function open_set(ledger, given)
  local suffix = given[1]
  local set = ledger.sets[suffix]
  if not set then
    set = { expires = given[2], players = {}, before = {}, after = {}, times = {} }
    ledger.sets[suffix], ledger.suffixes[#ledger.suffixes + 1] = set, suffix
  end
  return set
end

-- Notes that a player will write to some sets; all must be noted before `read_ledger`.
local function join_ledger(ledger, sets, player)
  for _, given in ipairs(sets) do
    local set = open_set(ledger, given)
    if set.before[player] == nil then
      set.players[#set.players + 1], set.before[player] = player, false
    end
  end
end

-- The same for many players.
local function join_players(ledger, sets, players)
  for _, given in ipairs(sets) do
    local set = open_set(ledger, given)
    local listed, before, count = set.players, set.before, #set.players
    for i = 1, #players do
      local player = players[i]
      if before[player] == nil then
        count = count + 1
        listed[count], before[player] = player, false
      end
    end
  end
end

-- Reads when the entries of a board that shows the latest score were reported (ms): `times`, nil where that is not known.
local function read_times(shard, board, suffix, set)
  local held = read_all('HMGET', board_times_key(shard, board.slug, suffix), set.players)
  for i, player in ipairs(set.players) do set.times[player] = tonumber(held[i] or nil) end
end

-- Reads what the players have: `before` is an order value or false; `after` has the same where it has nothing.
local function read_ledger(shard, ledger)
  for suffix, set in pairs(ledger.sets) do
    local players, before = set.players, set.before
    if ledger.board.timed == 1 then read_times(shard, ledger.board, suffix, set) end
    local orders = read_all('ZMSCORE', board_key(shard, ledger.board.slug, suffix), players)
    for i = 1, #players do
      local player, order = players[i], orders[i]
      if ledger.hidden[player] then
        local aside, at = entry_aside(shard, ledger.board, suffix, player)
        before[player], set.times[player] = aside or false, at
      elseif order then
        before[player] = tonumber(order)
      end
    end
  end
end

-- The order value that a player has in a set by now; false where there is none.
local function order_in(set, player)
  local order = set.after[player]
  if order == nil then return set.before[player] end
  return order
end

local FIRST_SECOND = 1577836800 -- 2020-01-01, from which the tie rule `earliest` counts

-- The part of an order value that ranks equal scores: the earlier, or the more achievements, the greater. It is 0 under
-- the other tie rules. `at` is when the score was reported (ms).
local function tie_part(board, more)
  if board.ties == 'earliest' then
    local second = math.floor(more.at / 1000) - FIRST_SECOND
    return board.scale - 1 - math.max(0, math.min(second, board.scale - 1))
  end
  if board.ties == 'unlocks' then return math.min(board.scale - 1, more.unlocked) end
  return 0
end

-- The tie part under the rule `earliest`: when the score was reached, whatever the order in which it was reported. A
-- sum is reached with its latest part, and what equals the best so far may have been there earlier.
local function earliest_part(board, order, base, given, new, how, more)
  local part = tie_part(board, more)
  if not base then return part end
  local held = order - base * board.scale
  if how == 'sum' then return new == base and held or math.min(held, part) end
  if new == base then return how == 'best' and given == base and math.max(held, part) or held end
  return part
end

-- The order value that an entry makes of the one there was; nil where it would leave the range or fall below the floor.
-- `more` may have floor, at (ms) and unlocked.
local function combined(board, order, units, how, more)
  local base = order and math.floor(order / board.scale)
  local given = board.sign * units + 0 -- never the -0 that -1 * 0 gives
  local new = given
  if base and how == 'sum' then new = base + new end
  if base and how == 'best' then new = math.max(base, new) end
  if new > board.most or new < -board.most then return nil end
  if more and more.floor and board.sign * new < more.floor then return nil end
  if board.ties == 'earliest' then return new * board.scale + earliest_part(board, order, base, given, new, how, more) end
  return more and new * board.scale + tie_part(board, more) or new
end

-- What an entry makes of a set: the order value, and where the board shows the latest score when that was reported;
-- no order value where the board refuses it. A score that is older than the one there leaves it, unless it is `set`.
local function outcome(ledger, set, player, units, how, more)
  local order = order_in(set, player)
  if ledger.board.timed == 0 then return combined(ledger.board, order, units, how, more) end
  local at = order and set.times[player] or 0
  if how == 'last' and more.at < at then return order, at end
  return combined(ledger.board, order, units, how == 'set' and 'last' or how, more), math.max(at, more.at)
end

-- Tries an entry on its sets: what it makes of them is kept by `keep_entry`. False where one of them refuses it.
-- `how` is sum, best, last, or set, which replaces what is there whenever that was reported.
local function try_entry(ledger, sets, player, units, how, more)
  for i, given in ipairs(sets) do
    local order, at = outcome(ledger, ledger.sets[given[1]], player, units, how, more)
    if not order then return false end
    ledger.tried[i], ledger.tried_at[i] = order, at
  end
  return true
end

-- Keeps what `try_entry` has tried last.
local function keep_entry(ledger, sets, player)
  for i, given in ipairs(sets) do
    local set = ledger.sets[given[1]]
    set.after[player], set.times[player] = ledger.tried[i], ledger.tried_at[i]
  end
end

-- Tries an entry and keeps what came of it; false where one of the sets refuses it.
local function enter(ledger, sets, player, units, how, more)
  if #sets > 1 or ledger.board.timed == 1 then
    local is_taken = try_entry(ledger, sets, player, units, how, more)
    if is_taken then keep_entry(ledger, sets, player) end
    return is_taken
  end
  local set = ledger.sets[sets[1][1]]
  local order = combined(ledger.board, order_in(set, player), units, how, more)
  if order then set.after[player] = order end
  return order
end

-- Notes a changed entry: order and player by turns, and the orders that were left.
local function collect(changes, order, player, old)
  local arguments, left = changes.arguments, changes.left
  local count = changes.count
  arguments[count + 1], arguments[count + 2], changes.count = order, player, count + 2
  if old then left[#left + 1] = old end
end

-- What changed in a set where that is all there is to know: no segments, no levels, nobody hidden. One of the orders that
-- were left is enough then.
local function plain_changes_of(set)
  local arguments, left, count, before, after, players = {}, {}, 0, set.before, set.after, set.players
  for i = 1, #players do
    local player = players[i]
    local new = after[player]
    if new and new ~= before[player] then
      arguments[count + 1], arguments[count + 2] = new, player
      count, left[1] = count + 2, before[player] or left[1]
    end
  end
  return { arguments = arguments, left = left, count = count }, {}
end

-- What changed in a set, and in each of its segments.
local function changes_of(shard, ledger, suffix, set)
  local board = ledger.board
  if board.segment_by == '' and board.dense == 0 and not next(ledger.hidden) then return plain_changes_of(set) end
  local whole, parts, before, after = { arguments = {}, left = {}, count = 0 }, {}, set.before, set.after
  for _, player in ipairs(set.players) do
    local old, new = before[player], after[player]
    if new and ledger.hidden[player] then
      put_aside(shard, board, suffix, set.expires, player, new, board.timed == 1 and set.times[player] or nil)
    elseif new and new ~= old then
      collect(whole, new, player, old)
      local part = board.segment_by ~= '' and segment_of(shard, board, suffix, player)
      if part then
        parts[part] = parts[part] or { arguments = {}, left = {}, count = 0 }
        collect(parts[part], new, player, old)
      end
    end
  end
  return whole, parts
end

-- When the entries of a set that are written were reported: player, time (ms) by turns.
local function times_of(ledger, set)
  local times = {}
  for _, player in ipairs(set.players) do
    if set.after[player] and set.times[player] and not ledger.hidden[player] then
      times[#times + 1] = player
      times[#times + 1] = string.format('%.0f', set.times[player])
    end
  end
  return times
end

-- Writes one set and its segments; returns whether anything changed, and the players who fell off. `is_there`: it is
-- known to have entries.
local function write_set(shard, ledger, suffix, is_there)
  local board, set = ledger.board, ledger.sets[suffix]
  local whole, parts = changes_of(shard, ledger, suffix, set)
  if board.timed == 1 then write_times(shard, board, suffix, set.expires, times_of(ledger, set)) end
  if whole.count == 0 then return false, {} end
  write_entries(shard, board, suffix, set.expires, whole.arguments, whole.left, is_there)
  for part, its in pairs(parts) do write_entries(shard, board, part, set.expires, its.arguments, its.left) end
  return true, trim_entries(shard, board, suffix)
end

-- The order value of the last place that counts as the top; -inf while the top is not full, +inf where there is none.
local function top_boundary(shard, board, suffix)
  if board.news_top == 0 then return math.huge end
  local last = redis.call('ZREVRANGE', board_key(shard, board.slug, suffix), board.news_top - 1, board.news_top - 1, 'WITHSCORES')
  return last[2] and tonumber(last[2]) or -math.huge
end

-- Whether somebody may have come into the top of a set, which ended at `least`: who reaches that, or falls and makes room.
local function may_climb(set, least)
  local players, before, after = set.players, set.before, set.after
  for i = 1, #players do
    local old, new = before[players[i]], after[players[i]]
    if new and (new >= least or old and new < old) then return true end
  end
  return false
end

-- Who rose within the top of the main set, which ends at `boundary` now: player, order before or '', order after by turns.
local function climbers_of(ledger, main, dropped, boundary)
  local fallen, climbers, set = {}, {}, ledger.sets[main]
  local players, before, after = set.players, set.before, set.after
  for _, player in ipairs(dropped) do fallen[player] = true end
  for i = 1, #players do
    local player = players[i]
    local old, new = before[player], after[player]
    if new and new >= boundary and new > (old or -math.huge) and not fallen[player] then
      climbers[#climbers + 1] = player
      climbers[#climbers + 1] = old and order_text(old) or ''
      climbers[#climbers + 1] = order_text(new)
    end
  end
  return climbers
end

-- Announces those of the climbers who are in the top and were not, when it ended at `boundary`.
local function announce_climbers(shard, board, main, climbers, boundary, ms)
  for i = 1, #climbers, 3 do
    local player, old, new = climbers[i], climbers[i + 1], climbers[i + 2]
    if old == '' or tonumber(old) < boundary then
      local better = count_better(board_key(shard, board.slug, main), new)
      if better < board.news_top then announce_rank(shard, board.slug, player, 1 + better, ms) end
    end
  end
end

-- Writes everything. `main` is the set that news and the answer speak of, nil where the batch does not touch it; `now`
-- is {seen (s), ms, lone (1 or 0), touched (boards that `publish_boards` is to tell of, to which this one is added)}. A shard that is alone announces who came into the top. Else that takes the first
-- order values of all shards: `wanted` of them are returned, if any, where so many write that it costs little beside it.
-- Returns the climbers; those who fell off the main set, or are hidden; where it has changed {version of the board here,
-- wanted or 0 where nothing follows, order …}.
local function write_ledger(shard, ledger, main, wanted, now)
  local slug = ledger.board.slug
  local boundary = main and now.lone == 1 and top_boundary(shard, ledger.board, main)
  local changed, dropped = false, {}
  for _, suffix in ipairs(ledger.suffixes) do
    local is_there = suffix == main and boundary and math.abs(boundary) < math.huge
    local set_changed, fallen = write_set(shard, ledger, suffix, is_there)
    changed = changed or set_changed
    if suffix == main then dropped = fallen end
  end
  for player in pairs(ledger.hidden) do dropped[#dropped + 1] = player end
  if not changed then return {}, dropped end
  local version = redis.call('HINCRBY', board_versions_key(shard), slug, 1)
  now.touched[#now.touched + 1] = slug
  if not main or boundary and not may_climb(ledger.sets[main], boundary) then return {}, dropped end
  -- Who is alone in having climbed is in the top if the rank is.
  local is_alone = boundary and #ledger.sets[main].players == 1
  local climbers = climbers_of(ledger, main, dropped, is_alone and -math.huge or top_boundary(shard, ledger.board, main))
  if boundary then
    announce_climbers(shard, ledger.board, main, climbers, boundary, now.ms)
    return {}, dropped
  end
  if wanted == 0 or #ledger.sets[main].players < wanted then return climbers, dropped, { version, 0 } end
  return climbers, dropped, { version, wanted, unpack(first_orders(board_key(shard, slug, main), wanted)) }
end
