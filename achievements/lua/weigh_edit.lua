-- Counts what an edit of an achievement would change for some players; changes nothing.
-- joins: store/keys achievements/releases achievements/streaks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; version of the rules (see achievements/lua/rules.lua); JSON request: slug, players, ms, targets
--         (release → target as it is), parts (of the rules that would be others, by name; '' for those that would be gone)
-- Returns `stale`; `unwritten` where the shard has not got the rules; or {players who would unlock it, unlocks of others that follow, players who have it without reaching
--         it, those of them who reach it as it is, players who have it with other points, the difference that these
--         make in points}
-- Cost: O(players × achievements).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local request = cjson.decode(ARGV[3])
local catalog = open_rules(shard, ARGV[2], NONE, request.parts)
if not catalog then return 'unwritten' end
local rule = rule_named(catalog, request.slug)
local own = {}
for _, release in ipairs(rule.releases) do own[release.slug] = true end
local gain, follow, short, newly_short, repriced, points = 0, 0, 0, 0, 0, 0

local function read_streak(player)
  local bitmap = redis.call('GET', days_key(shard, player.id, rule.action))
  local best = bitmap and run_of_days(bitmap, rule.freezes).best or 0
  player.progress[rule.slug] = math.max(best, progress_of(player, rule.slug))
end

-- Whether the player has a release without reaching it, and whether it is reached by the rule as it is.
local function falls_short(player)
  local is_short, is_newly_short = false, false
  for _, release in ipairs(rule.releases) do
    local progress = reached(player, catalog, rule)
    if unlock_of(player, release.slug) and progress < release.target then
      local target = request.targets[release.slug]
      is_short, is_newly_short = true, is_newly_short or target and progress >= target
    end
  end
  return is_short, is_newly_short
end

local function weigh(player)
  if rule.type == 'streak' then read_streak(player) end
  local is_short, is_newly_short = falls_short(player)
  if is_short then short = short + 1 end
  if is_newly_short then newly_short = newly_short + 1 end
  for _, release in ipairs(rule.releases) do reprice_unlock(player, release) end
  if player.changes then repriced, points = repriced + 1, points + player.changes.points end
  check_rules(player, catalog, { rule }, request.ms, true)
  local gains = false
  for _, change in ipairs(player.changes or {}) do
    if change.what == 'released' and own[change.slug] then gains = true end
    if change.what == 'released' and not own[change.slug] then follow = follow + 1 end
  end
  if gains then gain = gain + 1 end
end

for _, id in ipairs(request.players) do weigh(open_player(shard, id)) end
return { gain, follow, short, newly_short, repriced, points }
