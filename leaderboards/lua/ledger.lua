-- A ledger gathers what a batch does to one board, so that each ranked set is read once and written once. Entries are
-- tried one by one on what the earlier ones left; nothing reaches Redis before `write_ledger`.
-- joins: store/keys store/entries store/news leaderboards/ranks
-- `board` is as Board.for_scripts() gives it; `sets` is [[suffix, expiry in seconds or 0] …], the main set first.

local function open_ledger(board)
  return { board = board, suffixes = {}, expiry = {}, players = {}, before = {}, after = {} }
end

-- Notes that a player will write to some sets; all must be noted before `read_ledger`.
local function join_ledger(ledger, sets, player)
  for _, set in ipairs(sets) do
    local suffix = set[1]
    if not ledger.expiry[suffix] then
      ledger.suffixes[#ledger.suffixes + 1], ledger.expiry[suffix] = suffix, set[2]
      ledger.players[suffix], ledger.before[suffix], ledger.after[suffix] = {}, {}, {}
    end
    if ledger.before[suffix][player] == nil then
      local players = ledger.players[suffix]
      players[#players + 1], ledger.before[suffix][player] = player, false
    end
  end
end

-- Reads what the players have: before[suffix][player] is an order value or false; after begins as the same.
local function read_ledger(shard, ledger)
  for _, suffix in ipairs(ledger.suffixes) do
    local before, after, players = ledger.before[suffix], ledger.after[suffix], ledger.players[suffix]
    local orders = redis.call('ZMSCORE', board_key(shard, ledger.board.slug, suffix), unpack(players))
    for i, player in ipairs(players) do
      local order = orders[i] and tonumber(orders[i]) or false
      before[player], after[player] = order, order
    end
  end
end

-- The part of an order value that ranks equal scores; `tick` grows with each entry, `unlocked` is the player's count.
local function tie_part(board, tick, unlocked)
  if board.ties == 'earliest' then return board.scale - 1 - tick end
  if board.ties == 'unlocks' then return math.min(board.scale - 1, unlocked) end
  return 0
end

-- The order value that an entry makes of the one there was; nil where it would leave the range or fall below the floor.
local function combined(board, order, entry)
  local base = order and math.floor(order / board.scale)
  local given = board.sign * entry.units + 0 -- never the -0 that -1 * 0 gives
  local new = given
  if base and entry.how == 'sum' then new = base + given end
  if base and entry.how == 'best' then new = math.max(base, given) end
  if math.abs(new) > board.most then return nil end
  if entry.floor and board.sign * new < entry.floor then return nil end
  if board.ties == 'earliest' and new == base then return order end
  return new * board.scale + tie_part(board, entry.tick, entry.unlocked)
end

-- Tries an entry {player, units, how, floor?, tick?, unlocked?} on its sets; its new order values, or nil.
local function try_entry(ledger, sets, entry)
  local orders = {}
  for i, set in ipairs(sets) do
    orders[i] = combined(ledger.board, ledger.after[set[1]][entry.player], entry)
    if orders[i] == nil then return nil end
  end
  return orders
end

-- Keeps what `try_entry` gave.
local function keep_entry(ledger, sets, player, orders)
  for i, set in ipairs(sets) do ledger.after[set[1]][player] = orders[i] end
end

-- Collects a changed entry for one set: order and player by turns, and the orders that are left.
local function collect(groups, suffix, order, player, old)
  groups[suffix] = groups[suffix] or { arguments = {}, left = {} }
  local group = groups[suffix]
  group.arguments[#group.arguments + 1] = order
  group.arguments[#group.arguments + 1] = player
  if old then group.left[#group.left + 1] = old end
end

-- Writes one set and its segments; returns whether anything changed, and the players who fell off.
local function write_set(shard, ledger, suffix)
  local board, groups, changed = ledger.board, {}, false
  for _, player in ipairs(ledger.players[suffix]) do
    local old, new = ledger.before[suffix][player], ledger.after[suffix][player]
    if new ~= old then
      collect(groups, suffix, new, player, old)
      local part = segment_of(shard, board, suffix, player)
      if part then collect(groups, part, new, player, old) end
    end
  end
  for name, group in pairs(groups) do
    changed = true
    write_entries(shard, board, name, ledger.expiry[suffix], group.arguments, group.left)
  end
  return changed, changed and trim_entries(shard, board, suffix) or {}
end

-- The order value of the last place that counts as the top; -inf while the top is not full, +inf where there is none.
local function top_boundary(shard, board, suffix)
  if board.news_top == 0 then return math.huge end
  local last = redis.call('ZREVRANGE', board_key(shard, board.slug, suffix), board.news_top - 1, board.news_top - 1, 'WITHSCORES')
  return last[2] and tonumber(last[2]) or -math.huge
end

-- Announces who came into the top of the main set. Where there are other shards, who rose within this shard's top is
-- returned instead, as player, order before or '', order after by turns: all shards must be asked.
local function tell_climbers(shard, ledger, main, boundary, dropped, lone, ms)
  local board, fallen, climbers = ledger.board, {}, {}
  local new_boundary = top_boundary(shard, board, main)
  for _, player in ipairs(dropped) do fallen[player] = true end
  for _, player in ipairs(ledger.players[main]) do
    local old, new = ledger.before[main][player], ledger.after[main][player]
    if new and new >= new_boundary and new > (old or -math.huge) and not fallen[player] then
      if lone == 0 then
        climbers[#climbers + 1] = player
        climbers[#climbers + 1] = old and order_text(old) or ''
        climbers[#climbers + 1] = order_text(new)
      elseif not old or old < boundary then
        local rank = 1 + count_better(board_key(shard, board.slug, main), order_text(new))
        announce_rank(shard, board.slug, player, rank, ms)
      end
    end
  end
  return climbers
end

-- Writes everything. `main` is the set that news and the answer speak of, nil where the batch does not touch it; `now`
-- is {seen (s), ms}. Returns the climbers and those who fell off the main set.
local function write_ledger(shard, ledger, main, lone, now)
  local boundary = main and top_boundary(shard, ledger.board, main)
  local changed, dropped, climbers = false, {}, {}
  for _, suffix in ipairs(ledger.suffixes) do
    local set_changed, fallen = write_set(shard, ledger, suffix)
    changed = changed or set_changed
    if suffix == main then dropped = fallen end
  end
  if changed then
    touch_board(shard, ledger.board.slug)
    redis.call('ZREMRANGEBYSCORE', board_windows_key(shard, ledger.board.slug), '-inf', now.seen)
    if main then climbers = tell_climbers(shard, ledger, main, boundary, dropped, lone, now.ms) end
  end
  return climbers, dropped
end
