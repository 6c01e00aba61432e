-- Takes a player who is being deleted out of the answers that are kept of batches of events.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; what is noted of the deletion; how many answers a call looks at
-- Returns `stale`; `over` where this deletion is at its end, nothing is done then; or how many answers were looked at.
--         Running it again does no harm. Cost: O(their length); about 30 µs each.

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('HGET', deletions_key(shard), player) ~= ARGV[3] then return 'over' end

-- A flat list of things of some length without those that begin with the player.
local function without(flat, length)
  local kept = {}
  for i = 1, #flat, length do
    if flat[i] ~= player then
      for k = i, i + length - 1 do kept[#kept + 1] = flat[k] end
    end
  end
  return kept
end

local names = redis.call('SRANDMEMBER', answers_key(shard, player), ARGV[4])
for _, name in ipairs(names) do
  local key = batch_key(shard, name)
  local text = redis.call('GET', key)
  if text then
    local answer = cjson.decode(text) -- as achievements/lua/apply_events.lua has kept it
    answer[4] = without(answer[4], 4)
    for i = 1, #answer[5], 3 do
      answer[5][i + 1], answer[5][i + 2] = without(answer[5][i + 1], 3), without(answer[5][i + 2], 1)
    end
    redis.call('SET', key, cjson.encode(answer), 'KEEPTTL')
  end
  redis.call('SREM', answers_key(shard, player), name)
end
return #names
