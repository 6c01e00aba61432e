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

-- Adds an entry at `ms`, after all others, and keeps the latest `most`.
local function add_news(key, most, ms, ...)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  local added = redis.pcall('XADD', key, 'MAXLEN', most, next_id(last and last[1] or '0-0', ms), ...)
  if type(added) == 'table' then redis.call('XADD', key, 'MAXLEN', most, next_id(last_generated_id(key), ms), ...) end
end

-- Adds to a player's own news, which live processes show at once.
local function add_to_feed(shard, player, ms, ...)
  add_news(feed_key(shard, player), 50, ms, ...)
  publish(shard, 'feed ' .. player)
end

-- Tells that a player entered the top of a board, unless that was told within the hour.
local function announce_rank(shard, board, player, rank, ms)
  local sent_key = rank_news_sent_key(shard, player, board)
  local told = tonumber(redis.call('GET', sent_key) or nil)
  if told and math.abs(ms - told) < HOUR then return end
  redis.call('SET', sent_key, string.format('%.0f', ms), 'PX', HOUR)
  local at = string.format('%.0f', ms)
  add_to_feed(shard, player, ms, 'type', 'rank', 'board', board, 'rank', rank, 'at', at)
  add_news(rank_events_key(shard), 1000, ms, 'player', player, 'board', board, 'rank', rank, 'at', at)
end
