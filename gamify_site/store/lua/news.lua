-- News: streams whose entries carry the caller's time, so that the same history gives the same streams.
-- joins: store/keys

-- Adds an entry at `ms`, after all others, and keeps the latest `most`.
local function add_news(key, most, ms, ...)
  local sequence = 0
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if last then
    local last_ms, last_sequence = string.match(last[1], '^(%d+)-(%d+)$')
    if tonumber(last_ms) >= ms then ms, sequence = tonumber(last_ms), tonumber(last_sequence) + 1 end
  end
  redis.call('XADD', key, 'MAXLEN', most, string.format('%.0f-%.0f', ms, sequence), ...)
end

-- Tells that a player entered the top of a board, unless that was told within the hour.
local function announce_rank(shard, board, player, rank, ms)
  if not redis.call('SET', rank_news_sent_key(shard, player, board), '1', 'NX', 'EX', 3600) then return end
  local at = string.format('%.0f', ms)
  add_news(feed_key(shard, player), 50, ms, 'type', 'rank', 'board', board, 'rank', rank, 'at', at)
  add_news(rank_events_key(shard), 1000, ms, 'player', player, 'board', board, 'rank', rank, 'at', at)
end
