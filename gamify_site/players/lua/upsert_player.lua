-- Writes fields of a player's profile and moves the player's entries where a board ranks within a changed field.
-- joins: store/keys store/entries store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; now (s); JSON of the boards that rank within one of the fields [{slug, segment_by,
--         max_entries, dense} …], '' where none does; the name as it is searched for, '' where none is given; then field
--         and value by turns, an empty value removes the field
-- Returns `stale`; `deleted` where the player is being deleted, nothing is written then; or the profile as field and
--         value by turns. Cost: O(fields + sets of those boards × log size).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('HEXISTS', deletions_key(shard), player) == 1 then return 'deleted' end
local key = player_key(shard, player)

local function move(board, from, to)
  local registered = redis.call('ZRANGE', board_windows_key(shard, board.slug), 0, -1, 'WITHSCORES')
  for i = 1, #registered, 2 do
    local suffix, expires = registered[i], registered[i + 1] == 'inf' and 0 or tonumber(registered[i + 1])
    local order = redis.call('ZSCORE', board_key(shard, board.slug, suffix), player)
    if order then
      local part = suffix .. ':' .. board.segment_by .. '='
      if from ~= '' then remove_from_set(shard, board, part .. from, player) end
      if to ~= '' then write_entries(shard, board, part .. to, expires, { tonumber(order), player }, {}) end
    end
  end
  touch_board(shard, board.slug)
end

local changed, boards = false, nil
for i = 6, #ARGV, 2 do
  local field, value = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', key, field) or ''
  if old ~= value then
    changed = true
    if field == 'name' then index_name(shard, player, ARGV[5]) end
    if value == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, value) end
    boards = boards or ARGV[4] ~= '' and cjson.decode(ARGV[4]) or {}
    for _, board in ipairs(boards) do
      if board.segment_by == field then move(board, old, value) end
    end
  end
end
redis.call('HSETNX', key, 'joined', ARGV[3])
see_players(shard, { player }, tonumber(ARGV[3]))
if changed then
  redis.call('HINCRBY', board_versions_key(shard), '*', 1)
  publish(shard, 'boards')
end
return redis.call('HGETALL', key)
