-- Removes every trace of a player from one shard.
-- joins: store/keys store/entries store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; JSON boards [{slug, segment_by, max_entries, dense, closed: suffixes of
--         the periods that were closed for good} …]; JSON achievements
--         [{slug, action} …]
-- Returns `stale`, or 1 where there was anything, else 0. Cost: O(sets of all boards × log size + news).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local found = redis.call('ZREM', players_key(shard), player)
local sought = redis.call('HGET', player_key(shard, player), 'sought') or ''
redis.call('ZREM', player_names_key(shard), unpack(index_members(player, sought)))
for _, board in ipairs(cjson.decode(ARGV[3])) do
  local removed = false
  for _, suffix in ipairs(redis.call('ZRANGE', board_windows_key(shard, board.slug), 0, -1)) do
    removed = remove_entry(shard, board, suffix, player) or removed
  end
  for _, suffix in ipairs(board.closed) do redis.call('ZREM', final_top_key(shard, board.slug, suffix), player) end
  redis.call('DEL', rank_news_sent_key(shard, player, board.slug))
  if removed then
    found = 1
    touch_board(shard, board.slug)
  end
end

-- Takes the player out of a stream that names players.
local function forget_in(key)
  for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'player' and entry[2][i + 1] == player then redis.call('XDEL', key, entry[1]) end
    end
  end
end

forget_in(rank_events_key(shard))
forget_in(activity_key(shard))
for _, release in ipairs(redis.call('HKEYS', unlocked_key(shard, player))) do
  redis.call('HINCRBY', unlocks_key(shard), release, -1)
  redis.call('ZREM', holders_key(shard, release), player)
end
local own = {
  player_key(shard, player), feed_key(shard, player), progress_key(shard, player), unlocked_key(shard, player),
  revoked_key(shard, player), following_key(shard, player), hidden_entries_key(shard, player),
  final_ranks_key(shard, player),
}
redis.call('SREM', hidden_key(shard), player)
redis.call('ZREM', away_key(shard), player)
for _, achievement in ipairs(cjson.decode(ARGV[4])) do
  own[#own + 1] = streak_key(shard, player, achievement.slug)
  own[#own + 1] = days_key(shard, player, achievement.action)
  own[#own + 1] = collection_key(shard, player, achievement.slug)
end
for _, key in ipairs(own) do found = math.max(found, redis.call('DEL', key)) end
return found
