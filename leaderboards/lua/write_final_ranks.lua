-- Keeps with some players where they came in, in a period that is over, and of each player's final ranks the latest.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; board; suffix of the period; how many were on it; how many final ranks a player keeps; JSON
--         {`<board>:season-<slug>` → first day after it}; then player, rank and order value by turns
-- Returns `stale` or `ok`; who is not on the board any more is left out. Running it again does no harm.
-- Cost: about 10 µs a player, 30 µs where an older rank has to go.

local shard, board, suffix, size, most = KEYS[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local season_ends = cjson.decode(ARGV[6])
local name, set_key = board .. ':' .. suffix, board_key(shard, board, suffix)

-- A date as the number of its day. The formula is `days_from_civil` of
-- https://howardhinnant.github.io/date_algorithms.html: years begin in March, so that leap days come last.
local function day_number(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * (month - 3) + 2) / 5) + day
end

local EPOCH = day_number(1970, 1, 1) -- a Thursday

-- The first day after a week (ISO 8601): the week of January 4th is the first.
local function week_end(year, week)
  local fourth = day_number(year, 1, 4)
  return fourth - (fourth - EPOCH + 3) % 7 + 7 * week
end

local known_ends = {}

-- The first day after a period, by its name; 0 where there is no such period any more.
local function end_of(its_name)
  if known_ends[its_name] then return known_ends[its_name] end
  local text, found = season_ends[its_name] or string.match(its_name, ':(.*)$'), 0
  local year, month, day = string.match(text, '^(%d+)-(%d%d)-(%d%d)$')
  local its_year, week = string.match(text, '^(%d+)-W(%d%d)$')
  local last_year, last_month = string.match(text, '^(%d+)-(%d%d)$')
  if day then
    found = day_number(tonumber(year), tonumber(month), tonumber(day)) + (season_ends[its_name] and 0 or 1)
  elseif week then
    found = week_end(tonumber(its_year), tonumber(week))
  elseif last_month then
    found = day_number(tonumber(last_year), tonumber(last_month) + 1, 1)
  end
  known_ends[its_name] = found
  return found
end

local function drop_oldest(key)
  local oldest
  for _, its_name in ipairs(redis.call('HKEYS', key)) do
    local its_end = end_of(its_name)
    if not oldest or its_end < end_of(oldest) or its_end == end_of(oldest) and its_name < oldest then oldest = its_name end
  end
  redis.call('HDEL', key, oldest)
end

for i = 7, #ARGV, 3 do
  local player, rank, order = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('ZSCORE', set_key, player) then
    local key = final_ranks_key(shard, player)
    redis.call('HSET', key, name, rank .. ':' .. order .. ':' .. size)
    if redis.call('HLEN', key) > most then drop_oldest(key) end
  end
end
return 'ok'
