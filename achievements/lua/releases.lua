-- When something is unlocked, and what follows from it: achievements that waited for it, and metas.
-- joins: achievements/holdings
-- `catalog` is compiled by achievements/services/compiled.py: rules by slug, each {slug, type, action, measure, freezes,
-- revision, live, counts, releases = [{slug, target, points, revision, prerequisites} …]}; rule_of: release → rule slug;
-- dependents: release → rules that wait for it; metas: category that they count, or '' → slugs, the least target first;
-- categories: release → category, metas left out.
-- A release is what can be unlocked: an achievement, or one tier of it.

local function count_in(counted, category, number)
  counted[''] = counted[''] + number
  counted[category] = (counted[category] or 0) + number
end

-- How many unlocks metas count, by category and '' for all: each tier is one, metas do not count. Counted once a call,
-- and then updated with each unlock.
local function counted_of(player, catalog)
  if not player.counted then
    player.counted = { [''] = 0 }
    for release in pairs(all_unlocked(player)) do
      local category = catalog.categories[release]
      if category then count_in(player.counted, category, 1) end
    end
  end
  return player.counted
end

local function gain(player, catalog, release, at)
  add_unlock(player, release, at)
  local category = catalog.categories[release.slug]
  if category and player.counted then count_in(player.counted, category, 1) end
end

local function lose(player, catalog, release, by_staff)
  take_unlock(player, release, by_staff)
  local category = catalog.categories[release.slug]
  if category and player.counted then count_in(player.counted, category, -1) end
end

local function reached(player, catalog, rule)
  if rule.type == 'meta' then return counted_of(player, catalog)[rule.counts] or 0 end
  return progress_of(player, rule.slug)
end

-- True where all prerequisites are there; in a backfill also only where staff have not taken the release away.
local function may_have(player, release, is_backfill)
  for _, slug in ipairs(release.prerequisites) do
    if not unlock_of(player, slug) then return false end
  end
  return not (is_backfill and was_revoked(player, release.slug))
end

-- Queues what an unlock may lead to: rules that waited for it, and metas whose target is reached.
local function queue_followers(player, catalog, release, queue)
  for _, slug in ipairs(catalog.dependents[release.slug] or {}) do queue[#queue + 1] = catalog.rules[slug] end
  local category = catalog.categories[release.slug]
  if not category then return end -- metas count no metas
  for _, counts in ipairs({ '', category }) do
    local metas = catalog.metas[counts]
    local count = metas and (counted_of(player, catalog)[counts] or 0)
    for _, slug in ipairs(metas or {}) do
      local meta = catalog.rules[slug]
      if meta.releases[1].target > count then break end
      if not player.all[slug] then queue[#queue + 1] = meta end
    end
  end
end

-- Unlocks what rules have reached, then whatever that makes possible, until nothing more unlocks.
local function check_rules(player, catalog, queue, at, is_backfill)
  while #queue > 0 do
    local rule = table.remove(queue)
    if rule.live == 1 then
      local progress = reached(player, catalog, rule)
      for _, release in ipairs(rule.releases) do
        if progress >= release.target and not unlock_of(player, release.slug) and may_have(player, release, is_backfill) then
          gain(player, catalog, release, at)
          queue_followers(player, catalog, release, queue)
        end
      end
    end
  end
end

-- Gives a release whatever the progress; false where the player has it already.
local function grant(player, catalog, release, at)
  if unlock_of(player, release.slug) then return false end
  local queue = {}
  gain(player, catalog, release, at)
  queue_followers(player, catalog, release, queue)
  check_rules(player, catalog, queue, at, false)
  return true
end

-- Takes a release back, and the metas that fall below their target by it; false where the player does not have it.
-- `by_staff`: no backfill gives it back.
local function revoke(player, catalog, release, by_staff)
  if not unlock_of(player, release.slug) then return false end
  lose(player, catalog, release, by_staff)
  local category = catalog.categories[release.slug]
  for _, counts in ipairs(category and { '', category } or {}) do
    for _, slug in ipairs(catalog.metas[counts] or {}) do
      local meta = catalog.rules[slug].releases[1]
      if (counted_of(player, catalog)[counts] or 0) == meta.target - 1 and unlock_of(player, slug) then
        lose(player, catalog, meta, false)
      end
    end
  end
  return true
end
