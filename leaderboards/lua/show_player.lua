-- Puts hidden players back on all boards, with what was kept aside; what has expired since is forgotten.
-- joins: store/keys store/players leaderboards/aside
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON boards [Board.for_scripts() …]; now (s); whom: `hidden` for all of them, `away` for those
--         alone who are only away, `active` where those do something now; players …
-- Returns `stale`, `unchanged` where none of them was hidden, or {board, suffix, …} of the sets with a new entry
-- Cost: O(entries × log size).

local shard, boards, now, whom = KEYS[1], cjson.decode(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local back, seen, was_hidden = {}, {}, false
for i = 5, #ARGV do
  local is_meant = whom == 'hidden' or redis.call('ZSCORE', away_key(shard), ARGV[i])
  if is_meant and put_back(shard, boards, ARGV[i], now, back) then
    was_hidden = true
    if whom == 'active' then seen[#seen + 1] = ARGV[i] end
  end
end
see_players(shard, seen, now)
return was_hidden and back or 'unchanged'
