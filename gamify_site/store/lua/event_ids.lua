-- Ids of events and scores, per player: each counts once.
-- joins: store/keys store/calls
-- They are kept by spans of time of the length that they are remembered for; this one and the one before count. The time
-- is the data store's: the clocks of those who report differ. A name is `<player> <id>`: a player has no blank.

-- Returns which names are known (name → true), and the current span.
local function known_ids(shard, names, ttl)
  local known = {}
  if #names == 0 then return known, 0 end
  local span = math.floor(tonumber(redis.call('TIME')[1]) / ttl)
  for asked = span - 1, span do
    for place, is_known in ipairs(read_all('HMGET', event_ids_key(shard, asked), names)) do
      if is_known then known[names[place]] = true end
    end
  end
  return known, span
end

-- Notes that a name counts: `known` as `known_ids` gives it, `noted` for `remember_ids`.
local function note_id(known, noted, name)
  known[name] = true
  noted[#noted + 1] = name
  noted[#noted + 1] = '1'
end

-- Remembers names, each followed by '1'.
local function remember_ids(shard, span, names, ttl)
  if #names == 0 then return end
  local key = event_ids_key(shard, span)
  write_all('HSET', key, names)
  redis.call('EXPIRE', key, 3 * ttl)
  redis.call('UNLINK', event_ids_key(shard, span - 2)) -- freed in the background, which expiry may not be
end
