-- Who is known, and when they were last seen.
-- joins: store/keys

-- Notes that players were seen (seconds). A time is kept to five minutes: moving an entry of a large sorted set costs
-- several times as much as reading it.
-- Returns how many were new, and how many were not seen yet on this day (UTC).
local function see_players(shard, players, now)
  if #players == 0 then return 0, 0 end
  local key, stale, new, active = players_key(shard), {}, 0, 0
  local midnight = now - now % 86400
  for i, held in ipairs(redis.call('ZMSCORE', key, unpack(players))) do
    local seen = held and tonumber(held) or -math.huge
    if seen < now - 300 or seen < midnight then
      stale[#stale + 1] = now
      stale[#stale + 1] = players[i]
      if not held then new = new + 1 end
      if seen < midnight then active = active + 1 end
    end
  end
  if #stale > 0 then redis.call('ZADD', key, unpack(stale)) end
  return new, active
end
