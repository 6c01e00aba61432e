-- When something is unlocked, and what follows from it: achievements that waited for it, and metas.
-- joins: achievements/holdings
-- `catalog` is compiled by achievements/services/compiled.py: rules by slug, each {slug, type, action, measure, freezes,
-- revision, live, counts, releases = [{slug, target, points, revision, prerequisites} …]}; rule_of: release → rule slug;
-- dependents: release → rules that wait for it; metas: slugs; categories: release → category, metas left out.
-- A release is what can be unlocked: an achievement, or one tier of it.

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

-- True where all prerequisites are there; in a backfill also only where staff have not taken the release away.
local function may_have(player, release, is_backfill)
  for _, slug in ipairs(release.prerequisites) do
    if not unlock_of(player, slug) then return false end
  end
  return not (is_backfill and was_revoked(player, release.slug))
end

-- What an unlock may set free: rules that waited for it, and metas.
local function queue_followers(catalog, release, queue)
  for _, slug in ipairs(catalog.dependents[release.slug] or {}) do queue[#queue + 1] = catalog.rules[slug] end
  if not catalog.categories[release.slug] then return end -- metas count no metas
  for _, slug in ipairs(catalog.metas) do queue[#queue + 1] = catalog.rules[slug] end
end

-- Unlocks what rules have reached, then whatever that makes possible, until nothing more unlocks.
local function check_rules(player, catalog, queue, at, is_backfill)
  while #queue > 0 do
    local rule = table.remove(queue)
    if rule.live == 1 then
      local progress = reached(player, catalog, rule)
      for _, release in ipairs(rule.releases) do
        if progress >= release.target and not unlock_of(player, release.slug) and may_have(player, release, is_backfill) then
          add_unlock(player, release, at)
          queue_followers(catalog, release, queue)
        end
      end
    end
  end
end

-- Gives a release whatever the progress; false where the player has it already.
local function grant(player, catalog, release, at)
  if unlock_of(player, release.slug) then return false end
  local queue = {}
  add_unlock(player, release, at)
  queue_followers(catalog, release, queue)
  check_rules(player, catalog, queue, at, false)
  return true
end

-- Takes a release back, and the metas that fall below their target by it; false where the player does not have it.
-- `by_staff`: no backfill gives it back.
local function revoke(player, catalog, release, by_staff)
  if not unlock_of(player, release.slug) then return false end
  take_unlock(player, release, by_staff)
  local category = catalog.categories[release.slug]
  for _, slug in ipairs(category and catalog.metas or {}) do
    local meta = catalog.rules[slug]
    local its_release = meta.releases[1]
    if (meta.counts == '' or meta.counts == category) and unlock_of(player, its_release.slug)
      and reached(player, catalog, meta) == its_release.target - 1 then
      take_unlock(player, its_release, false)
    end
  end
  return true
end
