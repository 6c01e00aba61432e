-- Evenly spaced entries between two places, by which a rank is searched over several shards.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON {board, suffix, samples, from?, to?}, from and to being {order, player}; `from` is
--         within, `to` is not
-- Returns `stale`, or {first index, index behind the last, index, player, order, index, player, order …}
-- Cost: O(samples × log size).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local request = cjson.decode(ARGV[2])
local key = board_key(shard, request.board, request.suffix)

local function before(place) return count_before(key, place.order, place.player, count_better(key, place.order)) end

local first = request.from and before(request.from) or 0
local behind = request.to and before(request.to) or redis.call('ZCARD', key)
local answer, previous = { first, behind }, -1
for i = 0, request.samples - 1 do
  local index = first + math.floor((behind - first) * i / request.samples)
  if index > previous and index < behind then
    local entry = redis.call('ZREVRANGE', key, index, index, 'WITHSCORES')
    answer[#answer + 1] = index
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = entry[2]
    previous = index
  end
end
return answer
