-- News: streams whose entries carry the caller's time, so that the same history gives the same streams.
-- joins: store/keys

local HOUR = 3600000 -- ms

-- The id that follows `id`, `<ms>-<sequence>`, and is not before `ms`.
local function next_id(id, ms)
  local last_ms, last_sequence = string.match(id, '^(%d+)-(%d+)$')
  if tonumber(last_ms) < ms then return string.format('%.0f-0', ms) end
  return string.format('%s-%.0f', last_ms, tonumber(last_sequence) + 1)
end

-- The id of the latest entry that a stream ever had; entries of players who were deleted are gone from it.
local function last_generated_id(key)
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

local last_ids = {} -- of the streams that this call has added to

-- Adds an entry at `ms`, after all others, and keeps the latest `most`.
local function add_news(key, most, ms, ...)
  local last = last_ids[key]
  if not last then
    local found = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
    last = found and found[1] or '0-0'
  end
  local added = redis.pcall('XADD', key, 'MAXLEN', most, next_id(last, ms), ...)
  if type(added) == 'table' then
    added = redis.call('XADD', key, 'MAXLEN', most, next_id(last_generated_id(key), ms), ...)
  end
  last_ids[key] = added
end

-- Adds to a player's own news, which live processes show at once.
local function add_to_feed(shard, player, ms, ...)
  local key = feed_key(shard, player)
  if not last_ids[key] then publish(shard, 'feed ' .. player) end -- once a call
  add_news(key, 50, ms, ...)
end

-- Tells that a player entered the top of a board, unless that was told within the hour.
local function announce_rank(shard, board, player, rank, ms)
  local sent_key, at = rank_news_sent_key(shard, player, board), string.format('%.0f', ms)
  if not redis.call('SET', sent_key, at, 'PX', HOUR, 'NX') then
    if math.abs(ms - tonumber(redis.call('GET', sent_key) or 0)) < HOUR then return end
    redis.call('SET', sent_key, at, 'PX', HOUR)
  end
  add_to_feed(shard, player, ms, 'type', 'rank', 'board', board, 'rank', rank, 'at', at)
  add_news(rank_events_key(shard), 1000, ms, 'player', player, 'board', board, 'rank', rank, 'at', at)
end
