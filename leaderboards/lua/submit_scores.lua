-- Applies a batch of scores to every ranked set of one board on one shard; each entry as a whole or not at all.
-- joins: store/keys store/entries store/players store/news leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board, as Board.for_scripts() gives it; JSON request:
--         how        sum, best or last
--         sets       [[suffix, expiry in seconds or 0] …], the main set first
--         entries    [player, units, player, units …]
--         ticks      a growing number for each entry, for the tie rule `earliest`
--         seen, ms   now, in seconds and milliseconds
--         lone       1 where this is the only shard, so that ranks here are ranks everywhere
--         ranks      1 where the (one) writer's place is wanted
--         floor      optional; no entry may fall below these units
-- Returns `stale`, or {{refused index, units held, …}, {climber, order before or '', order after, …},
--         {dropped player …}, place}
--         indexes count from 0; climbers: those who rose within this shard's top, where other shards must be asked
--         whether that is everybody's top; dropped: from the main set; place: order, better and levels better before
--         the write, then the same after it; '' for no order, and levels as their number on a lone shard, else listed
-- Cost: O(entries × sets × log size); about 3 µs an entry and set.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, request = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local entries = request.entries
local main = request.sets[1][1]
local main_key = board_key(shard, board.slug, main)
local levels_key = board_levels_key(shard, board.slug, main)

-- The writers, each once, and what they have: before[suffix][player] is an order value or nil; after begins as the same.
local players, known = {}, {}
for i = 1, #entries, 2 do
  if not known[entries[i]] then players[#players + 1], known[entries[i]] = entries[i], true end
end

local before, after = {}, {}
for _, set in ipairs(request.sets) do
  local suffix = set[1]
  local orders = redis.call('ZMSCORE', board_key(shard, board.slug, suffix), unpack(players))
  before[suffix], after[suffix] = {}, {}
  for i, player in ipairs(players) do
    local order = orders[i] and tonumber(orders[i]) or nil
    before[suffix][player], after[suffix][player] = order, order
  end
end

local function tie_part(player, number)
  if board.ties == 'earliest' then return board.scale - 1 - request.ticks[number] end
  if board.ties == 'unlocks' then
    return math.min(board.scale - 1, tonumber(redis.call('HGET', player_key(shard, player), 'unlocked') or 0))
  end
  return 0
end

-- The order value that an entry makes of the one there was; nil where it would leave the range.
local function combined(order, units, player, number)
  local base = order and math.floor(order / board.scale)
  local given = board.sign * units + 0 -- never the -0 that -1 * 0 gives
  local new = given
  if base and request.how == 'sum' then new = base + given end
  if base and request.how == 'best' then new = math.max(base, given) end
  if math.abs(new) > board.most then return nil end
  if request.floor and board.sign * new < request.floor then return nil end
  if board.ties == 'earliest' and new == base then return order end
  return new * board.scale + tie_part(player, number)
end

local refused, accepted, is_accepted = {}, {}, {}
for number = 1, #entries / 2 do
  local player, units, new, fits = entries[2 * number - 1], entries[2 * number], {}, true
  for i, set in ipairs(request.sets) do
    new[i] = combined(after[set[1]][player], units, player, number)
    fits = fits and new[i] ~= nil
  end
  if fits then
    if not is_accepted[player] then accepted[#accepted + 1], is_accepted[player] = player, true end
    for i, set in ipairs(request.sets) do after[set[1]][player] = new[i] end
  else
    local held = after[main][player]
    refused[#refused + 1] = number - 1
    refused[#refused + 1] = held and order_text(board.sign * math.floor(held / board.scale)) or '0'
  end
end

-- An order value as text, how many are better, and the levels better: their number where this is the only shard.
local function place_of(order)
  if not order then return '', 0, 0 end
  local text, levels = order_text(order), 0
  if board.dense == 1 then
    levels = request.lone == 1 and count_better(levels_key, text)
      or redis.call('ZRANGEBYSCORE', levels_key, '(' .. text, '+inf')
  end
  return text, count_better(main_key, text), levels
end

-- The order value of the last place that counts as the top; nil while the top is not full.
local function top_boundary()
  if board.news_top == 0 then return nil end
  local last = redis.call('ZREVRANGE', main_key, board.news_top - 1, board.news_top - 1, 'WITHSCORES')
  return last[2] and tonumber(last[2])
end

local place = {}
if request.ranks == 1 then place[1], place[2], place[3] = place_of(before[main][players[1]]) end
local boundary = top_boundary()

-- Collects a changed entry for one set: order and player by turns, and the orders that are left.
local function collect(groups, suffix, order, player, old)
  groups[suffix] = groups[suffix] or { arguments = {}, left = {} }
  local group = groups[suffix]
  group.arguments[#group.arguments + 1] = order
  group.arguments[#group.arguments + 1] = player
  group.left[#group.left + 1] = old
end

local dropped, changed = {}, false
for _, set in ipairs(request.sets) do
  local suffix, expires, groups = set[1], set[2], {}
  for _, player in ipairs(players) do
    local old, new = before[suffix][player], after[suffix][player]
    if new and new ~= old then
      collect(groups, suffix, new, player, old)
      local part = segment_of(shard, board, suffix, player)
      if part then collect(groups, part, new, player, old) end
    end
  end
  for name, group in pairs(groups) do
    changed = true
    write_entries(shard, board, name, expires, group.arguments, group.left)
  end
  local fallen = trim_entries(shard, board, suffix)
  if suffix == main then dropped = fallen end
end

local climbers = {}
if changed then
  touch_board(shard, board.slug)
  local fallen = {}
  for _, player in ipairs(dropped) do fallen[player] = true end
  local new_boundary = board.news_top > 0 and (top_boundary() or -math.huge) or math.huge
  for _, player in ipairs(players) do
    local old, new = before[main][player], after[main][player]
    if new and new >= new_boundary and new > (old or -math.huge) and not fallen[player] then
      if request.lone == 0 then
        climbers[#climbers + 1] = player
        climbers[#climbers + 1] = old and order_text(old) or ''
        climbers[#climbers + 1] = order_text(new)
      elseif not old or old < (boundary or -math.huge) then
        announce_rank(shard, board.slug, player, 1 + count_better(main_key, order_text(new)), request.ms)
      end
    end
  end
end

see_players(shard, accepted, request.seen)
redis.call('ZREMRANGEBYSCORE', board_windows_key(shard, board.slug), '-inf', request.seen)

if request.ranks == 1 then
  place[4], place[5], place[6] = place_of(after[main][players[1]])
end
return { refused, climbers, dropped, place }
