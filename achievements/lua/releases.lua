-- What a player has unlocked, and what follows from an unlock: points, rarity, achievements that waited for it, metas.
-- joins: store/keys store/news
-- `catalog` is compiled by achievements/services/compiled.py: rules by slug, each {slug, type, action, items, freezes,
-- revision, live, counts, releases = [{slug, target, points, prerequisites} …]}; rule_of: release → rule slug;
-- dependents: release → rules that wait for it; metas: slugs; categories: release → category, metas left out.
-- A release is what can be unlocked: an achievement, or one tier of it.

-- What is known and changed of one player during a batch; Redis is asked for each part when it is first needed.
local function open_player(shard, id)
  return {
    id = id, progress = {}, changed = {}, is_unlocked = {}, released = {}, revoked = {}, points = 0,
    progress_key = progress_key(shard, id), unlocked_key = unlocked_key(shard, id),
  }
end

local function progress_of(player, slug)
  local value = player.progress[slug]
  if not value then
    value = tonumber(redis.call('HGET', player.progress_key, slug) or 0)
    player.progress[slug] = value
  end
  return value
end

local function set_progress(player, slug, value)
  if player.progress[slug] ~= value then player.progress[slug], player.changed[slug] = value, value end
end

local function has(player, release)
  local known = player.is_unlocked[release]
  if known == nil then
    known = redis.call('HEXISTS', player.unlocked_key, release) == 1
    player.is_unlocked[release] = known
  end
  return known
end

local function all_unlocked(player)
  if not player.all then
    player.all = {}
    for _, release in ipairs(redis.call('HKEYS', player.unlocked_key)) do player.all[release] = true end
    for release, known in pairs(player.is_unlocked) do player.all[release] = known or nil end
  end
  return player.all
end

-- What a meta counts: achievements, each tier as one, other metas not at all; of one category where it names one.
local function count_unlocked(player, catalog, category)
  local count = 0
  for release in pairs(all_unlocked(player)) do
    local its_category = catalog.categories[release]
    if its_category and (category == '' or its_category == category) then count = count + 1 end
  end
  return count
end

local function reached(player, catalog, rule)
  if rule.type == 'meta' then return count_unlocked(player, catalog, rule.counts) end
  return progress_of(player, rule.slug)
end

local function prerequisites_met(player, release)
  for _, slug in ipairs(release.prerequisites) do
    if not has(player, slug) then return false end
  end
  return true
end

local function note_change(player, list, release, at)
  player.is_unlocked[release.slug] = list == player.released
  if player.all then player.all[release.slug] = list == player.released or nil end
  player.points = player.points + (list == player.released and release.points or -release.points)
  list[#list + 1] = { release = release, at = at }
end

-- Unlocks what a rule's progress has reached, then whatever that makes possible, until nothing more unlocks.
local function check_rule(player, catalog, rule, at)
  local queue = { rule }
  while #queue > 0 do
    local current = table.remove(queue)
    for _, release in ipairs(current.live == 1 and current.releases or {}) do
      if reached(player, catalog, current) >= release.target and not has(player, release.slug)
        and prerequisites_met(player, release) then
        note_change(player, player.released, release, at)
        for _, slug in ipairs(catalog.dependents[release.slug] or {}) do queue[#queue + 1] = catalog.rules[slug] end
        if current.type ~= 'meta' then
          for _, slug in ipairs(catalog.metas) do queue[#queue + 1] = catalog.rules[slug] end
        end
      end
    end
  end
end

-- Gives a release whatever the progress; false where the player has it already.
local function grant(player, catalog, release, at)
  if has(player, release.slug) then return false end
  note_change(player, player.released, release, at)
  for _, slug in ipairs(catalog.dependents[release.slug] or {}) do check_rule(player, catalog, catalog.rules[slug], at) end
  for _, slug in ipairs(catalog.metas) do check_rule(player, catalog, catalog.rules[slug], at) end
  return true
end

-- Takes a release back, and the metas that no longer have enough without it; false where the player does not have it.
local function revoke(player, catalog, release, at)
  if not has(player, release.slug) then return false end
  note_change(player, player.revoked, release, at)
  for _, slug in ipairs(catalog.metas) do
    local meta = catalog.rules[slug]
    local its_release = meta.releases[1]
    if has(player, its_release.slug) and reached(player, catalog, meta) < its_release.target then
      note_change(player, player.revoked, its_release, at)
    end
  end
  return true
end

-- Writes what changed: progress, unlocks, points, rarity, news. Returns the new points and count, or nil where they
-- have not changed.
local function write_player(shard, player, ms, is_quiet)
  local fields = {}
  for slug, value in pairs(player.changed) do
    fields[#fields + 1] = slug
    fields[#fields + 1] = string.format('%.0f', value)
  end
  if #fields > 0 then redis.call('HSET', player.progress_key, unpack(fields)) end
  for _, change in ipairs(player.revoked) do
    redis.call('HDEL', player.unlocked_key, change.release.slug)
    redis.call('HINCRBY', unlocks_key(shard), change.release.slug, -1)
  end
  for _, change in ipairs(player.released) do
    local slug, at = change.release.slug, string.format('%.0f', change.at)
    redis.call('HSET', player.unlocked_key, slug, at .. ':' .. change.release.revision)
    redis.call('HINCRBY', unlocks_key(shard), slug, 1)
    if not is_quiet then
      add_news(feed_key(shard, player.id), 50, ms, 'type', 'unlock', 'achievement', slug, 'points', change.release.points, 'at', at)
      add_news(activity_key(shard), 1000, ms, 'player', player.id, 'achievement', slug, 'at', at)
    end
  end
  if is_quiet and #player.released > 0 then
    add_news(feed_key(shard, player.id), 50, ms, 'type', 'backfill', 'unlocked', #player.released, 'points', player.points)
  end
  local count = #player.released - #player.revoked
  if #player.released + #player.revoked == 0 then return nil end
  local key = player_key(shard, player.id)
  return redis.call('HINCRBY', key, 'points', player.points), redis.call('HINCRBY', key, 'unlocked', count)
end
