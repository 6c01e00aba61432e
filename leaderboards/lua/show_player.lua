-- Puts a hidden player back on all boards, with what was kept aside; what has expired since is forgotten.
-- joins: store/keys leaderboards/ledger
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; JSON boards [{slug, segment_by, max_entries, dense} …]; now (s)
-- Returns `stale`, `unchanged` where the player is not hidden, or {board, suffix, …} of the sets with a new entry
-- Cost: O(entries × log size).

local shard, player, now = KEYS[1], ARGV[2], tonumber(ARGV[4])
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('SREM', hidden_key(shard), player) == 0 then return 'unchanged' end

local boards, back = {}, {}
for _, board in ipairs(cjson.decode(ARGV[3])) do boards[board.slug] = board end

local aside = redis.call('HGETALL', hidden_entries_key(shard, player))
for i = 1, #aside, 2 do
  local slug, suffix = string.match(aside[i], '^([^:]+):(.+)$')
  local order, expires = string.match(aside[i + 1], '^([^:]+):(%d+)$')
  local board, order, expires = boards[slug], tonumber(order), tonumber(expires)
  if board and (expires == 0 or expires > now) then
    write_entries(shard, board, suffix, expires, { order, player }, {})
    local part = segment_of(shard, board, suffix, player)
    if part then write_entries(shard, board, part, expires, { order, player }, {}) end
    trim_entries(shard, board, suffix)
    touch_board(shard, slug)
    back[#back + 1] = slug
    back[#back + 1] = suffix
  end
end
redis.call('DEL', hidden_entries_key(shard, player))
return back
