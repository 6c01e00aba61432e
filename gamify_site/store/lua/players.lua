-- Who is known, and when they were last seen.
-- joins: store/keys

-- Notes that players were seen (seconds). A time is kept to five minutes: moving an entry of a large sorted set costs
-- several times as much as reading it.
local function see_players(shard, players, now)
  if #players == 0 then return end
  local key, stale = players_key(shard), {}
  for i, seen in ipairs(redis.call('ZMSCORE', key, unpack(players))) do
    if not seen or tonumber(seen) < now - 300 then
      stale[#stale + 1] = now
      stale[#stale + 1] = players[i]
    end
  end
  if #stale > 0 then redis.call('ZADD', key, unpack(stale)) end
end
