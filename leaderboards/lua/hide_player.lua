-- Takes a player off all boards and keeps the entries aside, where writes go from then on.
-- joins: store/keys leaderboards/aside
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; JSON boards [Board.for_scripts() …]
-- Returns `stale`, `unknown`, `unchanged` or `ok`; who was only away stays away for good.
-- Cost: O(ranked sets of all boards × log size).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if not redis.call('ZSCORE', players_key(shard), player) then return 'unknown' end
local was_away = redis.call('ZREM', away_key(shard), player) == 1
if redis.call('SADD', hidden_key(shard), player) == 0 and not was_away then return 'unchanged' end

for _, board in ipairs(cjson.decode(ARGV[3])) do
  local registered, is_changed = redis.call('ZRANGE', board_windows_key(shard, board.slug), 0, -1, 'WITHSCORES'), false
  for i = 1, #registered, 2 do
    local suffix, expires = registered[i], registered[i + 1] == 'inf' and 0 or tonumber(registered[i + 1])
    is_changed = take_off(shard, board, suffix, expires, player) or is_changed
  end
  if is_changed then touch_board(shard, board.slug) end
end
return 'ok'
