-- Ranked sets: one sorted set of player → order value (greater is better), and on boards with dense ranks one more of
-- the distinct order values. All that adds, changes or removes an entry of a board goes through these functions.
-- joins: store/keys
-- `board` is a table with slug, max_entries (0: no limit) and dense (1 or 0).

-- An order value as text; exact, where Lua's own tostring would round to 14 digits.
local function order_text(order) return string.format('%.17g', order) end

-- Forgets an order value among the levels when nobody holds it any more.
local function drop_level(shard, board, suffix, order)
  if redis.call('ZCOUNT', board_key(shard, board.slug, suffix), order, order) == 0 then
    redis.call('ZREM', board_levels_key(shard, board.slug, suffix), order_text(order))
  end
end

-- Writes changed entries of one set: `arguments` is order, player, order, player …; `left` the orders they had before.
local function write_entries(shard, board, suffix, expires, arguments, left)
  local key = board_key(shard, board.slug, suffix)
  redis.call('ZADD', key, unpack(arguments))
  redis.call('ZADD', board_windows_key(shard, board.slug), expires > 0 and expires or '+inf', suffix)
  if expires > 0 then redis.call('EXPIREAT', key, expires) end
  if board.dense == 1 then
    local levels_key = board_levels_key(shard, board.slug, suffix)
    for i = 1, #arguments, 2 do redis.call('ZADD', levels_key, arguments[i], order_text(arguments[i])) end
    for _, order in ipairs(left) do drop_level(shard, board, suffix, order) end
    if expires > 0 then redis.call('EXPIREAT', levels_key, expires) end
  end
end

-- Removes one entry; returns its order value as text, or false where there was none.
local function remove_entry(shard, board, suffix, player)
  local key = board_key(shard, board.slug, suffix)
  local order = redis.call('ZSCORE', key, player)
  if order then
    redis.call('ZREM', key, player)
    if board.dense == 1 then drop_level(shard, board, suffix, tonumber(order)) end
  end
  return order
end

-- Drops what is over the board's limit, lowest first; returns the players dropped.
local function trim_entries(shard, board, suffix)
  if board.max_entries == 0 then return {} end
  local key = board_key(shard, board.slug, suffix)
  local over = redis.call('ZCARD', key) - board.max_entries
  if over <= 0 then return {} end
  local dropped = redis.call('ZRANGE', key, 0, over - 1)
  redis.call('ZREMRANGEBYRANK', key, 0, over - 1)
  if board.dense == 1 then
    local lowest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    redis.call('ZREMRANGEBYSCORE', board_levels_key(shard, board.slug, suffix), '-inf', '(' .. lowest[2])
  end
  return dropped
end

-- Tells readers that the board's rows have changed.
local function touch_board(shard, slug) redis.call('HINCRBY', board_versions_key(shard), slug, 1) end
