-- Ranked sets: one sorted set of player → order value (greater is better), and on boards with dense ranks one more of
-- the distinct order values. All that adds, changes or removes an entry of a board goes through these functions.
-- joins: store/keys store/calls
-- A board may rank within a profile field as well: the entries of one value of it are a segment, a set of its own.
-- `board` is a table with slug, segment_by ('': no segments), max_entries (0: no limit) and dense (1 or 0).

-- An order value as text; exact, where Lua's own tostring would round to 14 digits.
local function order_text(order) return string.format('%.17g', order) end

-- Forgets an order value among the levels when nobody holds it any more.
local function drop_level(shard, board, suffix, order)
  if redis.call('ZCOUNT', board_key(shard, board.slug, suffix), order, order) == 0 then
    redis.call('ZREM', board_levels_key(shard, board.slug, suffix), order_text(order))
  end
end

-- `<window>` and `<field>=<value>` of a segment's suffix; nothing for the suffix of a whole board.
local function split_segment(suffix) return string.match(suffix, '^([^:]*):(.*)$') end

-- Notes that a set is there: whole boards in one place, the segments of each in a place of its own. A new period is told
-- to `tick`, which will have to close it; with it those go that have expired, by the clock by which sets do.
local function register_set(shard, board, suffix, expires)
  local window, segment = split_segment(suffix)
  if not window then
    local key = board_windows_key(shard, board.slug)
    local is_new = redis.call('ZADD', key, expires > 0 and expires or '+inf', suffix) == 1
    if is_new and expires > 0 then
      redis.call('SADD', new_periods_key(shard), board.slug .. ':' .. suffix)
      redis.call('ZREMRANGEBYSCORE', key, '-inf', redis.call('TIME')[1])
    end
    return
  end
  local key = board_segments_key(shard, board.slug, window)
  redis.call('SADD', key, segment)
  if expires > 0 then redis.call('EXPIREAT', key, expires) end
end

-- Writes changed entries of one set: `arguments` is order, player, order, player …; `left` the orders they had before.
-- `is_there`: the set is known to have entries, which some of `left` say too.
local function write_entries(shard, board, suffix, expires, arguments, left, is_there)
  local key = board_key(shard, board.slug, suffix)
  write_all('ZADD', key, arguments)
  if expires > 0 or not is_there and #left == 0 then register_set(shard, board, suffix, expires) end
  if expires > 0 then redis.call('EXPIREAT', key, expires) end
  if board.dense == 1 then
    local levels_key = board_levels_key(shard, board.slug, suffix)
    for i = 1, #arguments, 2 do redis.call('ZADD', levels_key, arguments[i], order_text(arguments[i])) end
    for _, order in ipairs(left) do drop_level(shard, board, suffix, order) end
    if expires > 0 then redis.call('EXPIREAT', levels_key, expires) end
  end
end

-- Writes when entries of one set were reported: player, time (ms) by turns.
local function write_times(shard, board, suffix, expires, times)
  if #times == 0 then return end
  local key = board_times_key(shard, board.slug, suffix)
  write_all('HSET', key, times)
  if expires > 0 then redis.call('EXPIREAT', key, expires) end
end

-- The suffix of the segment that a player's entry of a set is in as well; nil where there is none.
local function segment_of(shard, board, suffix, player)
  local value = board.segment_by ~= '' and redis.call('HGET', player_key(shard, player), board.segment_by) or ''
  if value ~= '' then return suffix .. ':' .. board.segment_by .. '=' .. value end
end

-- Removes an entry from one set alone; false where there was none.
local function remove_from_set(shard, board, suffix, player)
  local key = board_key(shard, board.slug, suffix)
  local order = redis.call('ZSCORE', key, player)
  if not order then return false end
  redis.call('ZREM', key, player)
  if board.dense == 1 then drop_level(shard, board, suffix, tonumber(order)) end
  local window, segment = split_segment(suffix)
  if window and redis.call('EXISTS', key) == 0 then redis.call('SREM', board_segments_key(shard, board.slug, window), segment) end
  return true
end

-- Removes an entry from a set and from its segment, with when it was reported; false where there was none.
local function remove_entry(shard, board, suffix, player)
  redis.call('HDEL', board_times_key(shard, board.slug, suffix), player)
  local part = segment_of(shard, board, suffix, player)
  if part then remove_from_set(shard, board, part, player) end
  return remove_from_set(shard, board, suffix, player)
end

-- Drops what is over the board's limit, lowest first, from a set and from its segments; returns the players dropped.
-- At most 1000 a call, more than any batch adds: a limit that was lowered is enforced in steps.
local function trim_entries(shard, board, suffix)
  if board.max_entries == 0 then return {} end
  local key = board_key(shard, board.slug, suffix)
  local over = redis.call('ZCARD', key) - board.max_entries
  if over <= 0 then return {} end
  local dropped = redis.call('ZRANGE', key, 0, math.min(over, 1000) - 1)
  for _, player in ipairs(dropped) do remove_entry(shard, board, suffix, player) end
  return dropped
end

-- Tells live processes that the rows of some boards have changed.
local function publish_boards(shard, slugs)
  if #slugs > 0 then publish(shard, 'board ' .. table.concat(slugs, ' ')) end
end

-- Tells readers and live processes that a board's rows have changed.
local function touch_board(shard, slug)
  redis.call('HINCRBY', board_versions_key(shard), slug, 1)
  publish_boards(shard, { slug })
end
