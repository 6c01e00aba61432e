-- Takes players off the boards who were not seen for long: everything is kept aside until they do something again.
-- joins: store/keys leaderboards/aside
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON boards [{slug, segment_by, max_entries, dense, open = [[suffix, expiry in seconds or 0]
--         …]} …], `open` being the periods that are not over; whoever was seen from then on (s) stays; players …
-- Returns `stale`, or how many players have left. Running it again does no harm.
-- Cost: O(players × open sets × log size); about 12 µs for each set that a player is on.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local boards, limit, left, changed = cjson.decode(ARGV[2]), tonumber(ARGV[3]), 0, {}

local function leave(player)
  for _, board in ipairs(boards) do
    for _, period in ipairs(board.open) do
      if take_off(shard, board, period[1], period[2], player) then changed[board.slug] = true end
    end
  end
end

for i = 4, #ARGV do
  local player = ARGV[i]
  local seen = tonumber(redis.call('ZSCORE', players_key(shard), player) or nil)
  if seen and seen < limit and redis.call('SADD', hidden_key(shard), player) == 1 then
    redis.call('ZADD', away_key(shard), seen, player)
    leave(player)
    left = left + 1
  end
end
for _, board in ipairs(boards) do
  if changed[board.slug] then touch_board(shard, board.slug) end
end
return left
