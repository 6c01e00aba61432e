-- A whole view of one ranked set on one shard: the first rows, the rows around a place, those of some players, the size.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON {board, suffix, dense, top, place?, players?}
--         place: {player} that player's own, {order, player} anywhere, or {index} from 0; with before and after, the
--         rows wanted on either side (after counts the place itself); clamp = 1 shifts the window at either end so that
--         it stays full; skip = 1 begins behind the place
-- Returns `stale`, or {size, board version, profiles version, top rows, place, rows of the players}
--         place: nil where the player is absent, else {order, player, better, position, levels better,
--         first index, better than first, levels better than first, rows}; rows are player, order, name, avatar by turns
-- Cost: O(rows + players + log size), names included.
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local request = cjson.decode(ARGV[2])
local key = board_key(shard, request.board, request.suffix)
local levels_key = board_levels_key(shard, request.board, request.suffix)
local size = redis.call('ZCARD', key)

local function add_row(rows, player, order)
  local profile, count = redis.call('HMGET', player_key(shard, player), 'name', 'avatar'), #rows
  rows[count + 1], rows[count + 2], rows[count + 3], rows[count + 4] = player, order, profile[1] or '', profile[2] or ''
end

local function rows_between(first, last)
  local rows = {}
  if last < first then return rows end
  local found = redis.call('ZREVRANGE', key, first, last, 'WITHSCORES')
  for i = 1, #found, 2 do add_row(rows, found[i], found[i + 1]) end
  return rows
end

local function rows_of(players)
  local rows = {}
  for _, player in ipairs(players) do
    local order = redis.call('ZSCORE', key, player)
    if order then add_row(rows, player, order) end
  end
  return rows
end

local function levels_better(order)
  return request.dense == 1 and count_better(levels_key, order) or 0
end

-- Where the place is: order, player, position, and how many entries are better; nothing where the player is absent.
local function find(place)
  if place.index then
    local index = math.max(0, math.min(place.index, size - 1))
    local entry = redis.call('ZREVRANGE', key, index, index, 'WITHSCORES')
    return entry[2], entry[1], index, entry[2] and count_better(key, entry[2])
  elseif place.order then
    local better = count_better(key, place.order)
    return place.order, place.player, count_before(key, place.order, place.player, better), better
  end
  local order = redis.call('ZSCORE', key, place.player)
  if order then return order, place.player, redis.call('ZREVRANK', key, place.player), count_better(key, order) end
end

local function holds(player, order)
  local held = redis.call('ZSCORE', key, player)
  return held and tonumber(held) == tonumber(order)
end

local function around(place)
  local order, player, position, better = find(place)
  if not order then return false end
  local first, last = position - place.before, position + place.after - 1
  if place.skip == 1 and holds(player, order) then first, last = first + 1, last + 1 end
  if place.clamp == 1 then
    if first < 0 then first, last = 0, last - first end
    if last > size - 1 then first, last = first - (last - size + 1), size - 1 end
  end
  first, last = math.max(0, first), math.min(last, size - 1)
  local rows = rows_between(first, last)
  local levels = levels_better(order)
  local first_better, first_levels, first_order = better, levels, rows[2]
  if first_order and first_order ~= order then
    first_better, first_levels = count_better(key, first_order), levels_better(first_order)
  end
  return { order, player, better, position, levels, first, first_better, first_levels, rows }
end

local versions = redis.call('HMGET', board_versions_key(shard), request.board, '*')
return {
  size, versions[1] or '0', versions[2] or '0',
  rows_between(0, request.top - 1),
  request.place and around(request.place) or false,
  rows_of(request.players or {}),
}
