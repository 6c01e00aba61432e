-- All that is known of a player's achievements; or how many players have each of them, on one shard.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player, '' for the counts alone; JSON {streaks = achievements, moved = actions, days = actions,
--         collections = achievements, final_ranks = 1 where those are wanted}
-- Returns `stale`, or {players, {release, holders, …}}; or {{achievement, progress, …}, {release,
--         time:revision:points, …}, {profile field, value, …}, last seen (s) or false, {current, last, freezes, quarter}
--         for each streak, bitmap or false for each action of `days`, bitmap or false for each collection, {followed
--         player, …}, {board:suffix, final rank, …}, none of one whom staff have hidden, and of one who has moved {day,
--         what is kept of it, …} for each action of `moved`}
-- Cost: O(achievements + days on record + followed).
-- Only reads.

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if player == '' then return { redis.call('ZCARD', players_key(shard)), redis.call('HGETALL', unlocks_key(shard)) } end
local wanted, streaks, days, collections = cjson.decode(ARGV[3]), {}, {}, {}
for i, slug in ipairs(wanted.streaks) do
  streaks[i] = redis.call('HMGET', streak_key(shard, player, slug), 'current', 'last', 'freezes', 'quarter')
end
for i, action in ipairs(wanted.days) do days[i] = redis.call('GET', days_key(shard, player, action)) end
for i, slug in ipairs(wanted.collections) do collections[i] = redis.call('GET', collection_key(shard, player, slug)) end

local profile, moved = redis.call('HGETALL', player_key(shard, player)), {}
for i = 1, #profile, 2 do
  if profile[i] == 'zones_before' then
    for n, action in ipairs(wanted.moved) do moved[n] = redis.call('HGETALL', moved_days_key(shard, player, action)) end
  end
end

local function final_ranks()
  local is_off = redis.call('SISMEMBER', hidden_key(shard), player) == 1
  if is_off and not redis.call('ZSCORE', away_key(shard), player) then return {} end
  return redis.call('HGETALL', final_ranks_key(shard, player))
end

return {
  redis.call('HGETALL', progress_key(shard, player)),
  redis.call('HGETALL', unlocked_key(shard, player)),
  profile,
  redis.call('ZSCORE', players_key(shard), player),
  streaks, days, collections,
  redis.call('SMEMBERS', following_key(shard, player)),
  wanted.final_ranks == 1 and final_ranks() or {},
  moved,
}
