-- Looks whether some entries of a ranked set are as they must be, and in the sets that follow from it.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board, as Board.for_scripts() gives it; suffix, a segment's or a whole set's; players …
-- Returns `stale`, or {player, what was found, …}
-- Cost: O(players × log size).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, suffix = cjson.decode(ARGV[2]), ARGV[3]
local key, levels_key = board_key(shard, board.slug, suffix), board_levels_key(shard, board.slug, suffix)
local window, segment = split_segment(suffix)
local whole_key = window and board_key(shard, board.slug, window)
local breaches = {}

local function tell(player, ...)
  breaches[#breaches + 1] = player
  breaches[#breaches + 1] = string.format(...)
end

-- Hidden players are on no board; who is only away has left the periods alone that were not over yet.
local function is_off(player)
  if redis.call('SISMEMBER', hidden_key(shard), player) == 0 then return false end
  return (window or suffix) == 'all' or not redis.call('ZSCORE', away_key(shard), player)
end

for i = 4, #ARGV do
  local player = ARGV[i]
  local order = redis.call('ZSCORE', key, player)
  if order then
    local value = tonumber(order)
    if value % 1 ~= 0 or math.abs(math.floor(value / board.scale)) > board.most then tell(player, '%s is out of range', order) end
    if not redis.call('ZSCORE', players_key(shard), player) then tell(player, 'nobody knows this player') end
    if is_off(player) then tell(player, 'is hidden and on the board') end
    if board.dense == 1 and not redis.call('ZSCORE', levels_key, order_text(value)) then tell(player, '%s is no level', order) end
    if window then
      if redis.call('ZSCORE', whole_key, player) ~= order then tell(player, 'the whole board has another entry') end
      if segment_of(shard, board, window, player) ~= suffix then tell(player, 'belongs to another segment than %s', segment) end
    else
      local part = segment_of(shard, board, suffix, player)
      if part and redis.call('ZSCORE', board_key(shard, board.slug, part), player) ~= order then
        tell(player, 'is not the same in %s', part)
      end
    end
  end
end
return breaches
