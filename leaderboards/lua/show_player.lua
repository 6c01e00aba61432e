-- Puts hidden players back on all boards, with what was kept aside; what has expired since is forgotten.
-- joins: store/keys store/players leaderboards/aside
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON boards [Board.for_scripts() …]; now (s); 1 for those alone who are only away and do
--         something now, else 0; players …
-- Returns `stale`, `unchanged` where none of them was hidden, or {board, suffix, …} of the sets with a new entry
-- Cost: O(entries × log size).

local shard, boards, now, is_away_only = KEYS[1], cjson.decode(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local back, seen, was_hidden = {}, {}, false
for i = 5, #ARGV do
  local is_away = is_away_only and redis.call('ZSCORE', away_key(shard), ARGV[i])
  if is_away then seen[#seen + 1] = ARGV[i] end
  if is_away or not is_away_only then was_hidden = put_back(shard, boards, ARGV[i], now, back) or was_hidden end
end
see_players(shard, seen, now)
return was_hidden and back or 'unchanged'
