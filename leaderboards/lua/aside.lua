-- Players who are off the boards, hidden by staff or away: their entries are kept aside and count on as if they were there.
-- joins: store/keys store/calls store/entries
-- `boards` are the definitions of all boards, as Board.for_scripts() gives them.

-- Order value, expiry (s) and when it was reported (ms, or nil) of an entry that is kept aside.
local function read_aside(value)
  local order, expires, at = string.match(value, '^([^:]+):(%d+):?(%d*)$')
  return tonumber(order), tonumber(expires), tonumber(at)
end

-- The order value of a hidden player in a set and when it was reported; nil where there is none. One that has not been
-- taken off the board yet is there.
local function entry_aside(shard, board, suffix, player)
  local held = redis.call('HGET', hidden_entries_key(shard, player), board.slug .. ':' .. suffix)
  if held then
    local order, _, at = read_aside(held)
    return order, at
  end
  local order = redis.call('ZSCORE', board_key(shard, board.slug, suffix), player)
  return tonumber(order or nil), tonumber(redis.call('HGET', board_times_key(shard, board.slug, suffix), player) or nil)
end

-- `at`: when it was reported (ms); nil on boards that do not keep it.
local function put_aside(shard, board, suffix, expires, player, order, at)
  local value = order_text(order) .. ':' .. string.format('%.0f', expires)
  if at then value = value .. ':' .. string.format('%.0f', at) end
  redis.call('HSET', hidden_entries_key(shard, player), board.slug .. ':' .. suffix, value)
end

-- Takes a player's entry off one set and keeps it aside, unless it has been written there since; false where there is none.
local function take_off(shard, board, suffix, expires, player)
  local order = redis.call('ZSCORE', board_key(shard, board.slug, suffix), player)
  if not order then return false end
  if redis.call('HEXISTS', hidden_entries_key(shard, player), board.slug .. ':' .. suffix) == 0 then
    local at = redis.call('HGET', board_times_key(shard, board.slug, suffix), player)
    put_aside(shard, board, suffix, expires, player, tonumber(order), tonumber(at or nil))
  end
  return remove_entry(shard, board, suffix, player)
end

-- Those of some players who are being deleted: nothing must be written for them before they are gone.
local function being_deleted(shard, players)
  if #players == 0 or redis.call('EXISTS', deletions_key(shard)) == 0 then return {} end
  local found = {}
  for i, note in ipairs(read_all('HMGET', deletions_key(shard), players)) do
    if note then found[#found + 1] = players[i] end
  end
  return found
end

-- Which of some players are hidden, as player → true, and a list of those of them who are only away; with `is_active`
-- only those for whom it has true.
local function hidden_among(shard, players, is_active)
  local hidden, away = {}, {}
  if #players == 0 or redis.call('EXISTS', hidden_key(shard)) == 0 then return hidden, away end
  for i, is_hidden in ipairs(read_all('SMISMEMBER', hidden_key(shard), players)) do
    local player = players[i]
    if is_hidden == 1 and not hidden[player] then
      hidden[player] = true
      if (not is_active or is_active[player]) and redis.call('ZSCORE', away_key(shard), player) then
        away[#away + 1] = player
      end
    end
  end
  return hidden, away
end

-- Puts a player back on all boards; what has expired by `now` (s) is forgotten. Returns false where the player was not
-- hidden, or is being deleted. Adds board and suffix of each set with a new entry to `back`.
local function put_back(shard, boards, player, now, back)
  if redis.call('HEXISTS', deletions_key(shard), player) == 1 then return false end
  if redis.call('SREM', hidden_key(shard), player) == 0 then return false end
  redis.call('ZREM', away_key(shard), player)
  local by_slug = {}
  for _, board in ipairs(boards) do by_slug[board.slug] = board end
  local aside = redis.call('HGETALL', hidden_entries_key(shard, player))
  for i = 1, #aside, 2 do
    local slug, suffix = string.match(aside[i], '^([^:]+):(.+)$')
    local board, order, expires, at = by_slug[slug], read_aside(aside[i + 1])
    if board and (expires == 0 or expires > now) then
      write_entries(shard, board, suffix, expires, { order, player }, {})
      if at then write_times(shard, board, suffix, expires, { player, string.format('%.0f', at) }) end
      local part = segment_of(shard, board, suffix, player)
      if part then write_entries(shard, board, part, expires, { order, player }, {}) end
      trim_entries(shard, board, suffix)
      touch_board(shard, slug)
      back[#back + 1] = slug
      back[#back + 1] = suffix
    end
  end
  redis.call('DEL', hidden_entries_key(shard, player))
  return true
end

-- Puts those back who are only away and do something now; they are hidden no more.
local function welcome_back(shard, boards, away, hidden, now)
  local back = {}
  for _, player in ipairs(away) do
    put_back(shard, boards, player, now, back)
    hidden[player] = nil
  end
  return back
end
