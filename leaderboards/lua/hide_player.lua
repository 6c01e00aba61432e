-- Hides a player: first notes it, so that writes go aside from then on, then takes the entries off the boards, in steps.
-- joins: store/keys leaderboards/aside
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; '' for the note, or else for one of the steps JSON boards [{Board.for_scripts(), open =
--         [[suffix, expiry in seconds or 0] …]} …]
-- Returns `stale`; of the note `unknown`, `unchanged` or `ok`, who was only away stays away for good; of a step `ok`, or
--         `over` where the player is hidden no more, nothing is done then. Cost: O(sets × log size); about 6 µs a set.

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end

if ARGV[3] == '' then
  if not redis.call('ZSCORE', players_key(shard), player) then return 'unknown' end
  local was_away = redis.call('ZREM', away_key(shard), player) == 1
  return (redis.call('SADD', hidden_key(shard), player) == 1 or was_away) and 'ok' or 'unchanged'
end

if redis.call('SISMEMBER', hidden_key(shard), player) == 0 then return 'over' end
for _, board in ipairs(cjson.decode(ARGV[3])) do
  local is_changed = false
  for _, period in ipairs(board.open) do
    is_changed = take_off(shard, board, period[1], period[2], player) or is_changed
  end
  if is_changed then touch_board(shard, board.slug) end
end
return 'ok'
