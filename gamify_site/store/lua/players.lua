-- Who is known, by which names they are found, and when they were last seen.
-- joins: store/keys store/calls

local WORDS_FOUND = 4 -- so many words of a name are found by their beginning

-- A player id as it is searched for; ids are ASCII, so that names.py makes the same of them.
local function sought_id(player)
  return (string.gsub(string.gsub(string.lower(player), '[-_.]+', ' '), ' $', ''))
end

-- By which members of the index a player is found: the id, and the name from each of its first words on.
local function index_members(player, sought)
  local members = { sought_id(player) .. '\0' .. player }
  local start = 1
  for _ = 1, WORDS_FOUND do
    if not start or start > #sought then break end
    members[#members + 1] = string.sub(sought, start) .. '\0' .. player
    local space = string.find(sought, ' ', start, true)
    start = space and space + 1
  end
  return members
end

-- Replaces the name by which a player is found; `sought` is empty where there is no name.
local function index_name(shard, player, sought)
  local key, index = player_key(shard, player), player_names_key(shard)
  local old = redis.call('HGET', key, 'sought')
  if old then write_all('ZREM', index, index_members(player, old)) end
  for _, member in ipairs(index_members(player, sought)) do redis.call('ZADD', index, 0, member) end
  if sought == '' then redis.call('HDEL', key, 'sought') else redis.call('HSET', key, 'sought', sought) end
end

-- The day (UTC) of a time in seconds, as yyyy-mm-dd; scripts cannot ask for dates. The formula is `civil_from_days` of
-- https://howardhinnant.github.io/date_algorithms.html: years begin in March, so that leap days come last.
local function date_of(seconds)
  local floor = math.floor
  local days = floor(seconds / 86400) + 719468
  local era = floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era =
    floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524) - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local month = floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  return string.format('%04d-%02d-%02d', year_of_era + era * 400 + (month <= 2 and 1 or 0), month, day)
end

-- Counts the day's active players: exactly, and so that those of several days can be counted together.
local function count_active(shard, players, now)
  local date = date_of(now)
  redis.call('HINCRBY', daily_key(shard, date), 'active', #players)
  write_all('PFADD', active_key(shard, date), players)
  redis.call('EXPIRE', active_key(shard, date), 100 * 86400)
end

-- Notes that players were seen (seconds), and counts the day's active and new ones. A time is kept to five minutes:
-- moving an entry of a large sorted set costs several times as much as reading it. Who is new can be found from now on.
local function see_players(shard, players, now)
  if #players == 0 then return end
  local key, stale, found_by, active = players_key(shard), {}, {}, {}
  local midnight = now - now % 86400
  for i, held in ipairs(read_all('ZMSCORE', key, players)) do
    local seen = held and tonumber(held) or -math.huge
    if seen < now - 300 or seen < midnight then
      stale[#stale + 1] = now
      stale[#stale + 1] = players[i]
      if not held then
        found_by[#found_by + 1] = 0
        found_by[#found_by + 1] = sought_id(players[i]) .. '\0' .. players[i]
      end
      if seen < midnight then active[#active + 1] = players[i] end
    end
  end
  write_all('ZADD', key, stale)
  write_all('ZADD', player_names_key(shard), found_by)
  if #active > 0 then count_active(shard, active, now) end
  if #found_by > 0 then redis.call('HINCRBY', daily_key(shard, date_of(now)), 'new', #found_by / 2) end
end
