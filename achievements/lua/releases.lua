-- When something is unlocked, and what follows from it: achievements that waited for it, and metas.
-- joins: achievements/rules achievements/holdings

-- Counts the player's awards by category, and all of them under ''.
local function count_anew(player, catalog)
  local names, counted = {}, { [''] = 0 }
  for release in pairs(all_unlocked(player)) do names[#names + 1] = 'release:' .. release end
  if #names == 0 then return counted end
  for i, category in ipairs(read_all('HMGET', rules_key(player.shard), names)) do
    local other = catalog.sent[names[i]]
    if other then category = other ~= '' and other end
    if category then counted[''], counted[category] = counted[''] + 1, (counted[category] or 0) + 1 end
  end
  return counted
end

-- Returns how many of the player's awards count for metas of a category, or of all with ''. The counts are stored with a
-- digest of the categories, and are recounted when that has changed. Each tier counts as one; metas do not count.
local function counted_of(player, catalog, category)
  local key = counted_key(player.shard, player.id)
  if not player.counted then
    local digest = rules_part(catalog, 'categories')
    local is_kept = redis.call('HGET', key, '*') == digest
    player.counted = { digest = digest, is_kept = is_kept, of = is_kept and {} or count_anew(player, catalog) }
  end
  local of = player.counted.of
  if not of[category] then of[category] = player.counted.is_kept and tonumber(redis.call('HGET', key, category) or 0) or 0 end
  return of[category]
end

local function count_in(player, catalog, category, number)
  if not category then return end
  for _, counts in ipairs({ '', category }) do
    local before = counted_of(player, catalog, counts)
    player.counted.of[counts], player.counted.changed = before + number, true
  end
end

local function gain(player, catalog, release, at)
  count_in(player, catalog, release.category, 1)
  add_unlock(player, release, at)
end

local function lose(player, catalog, release, by_staff)
  count_in(player, catalog, release.category, -1)
  take_unlock(player, release, by_staff)
end

local function reached(player, catalog, rule)
  if rule.type == 'meta' then return counted_of(player, catalog, rule.counts or '') end
  return progress_of(player, rule.slug)
end

-- True where all prerequisites are there; in a backfill also only where staff have not taken the release away.
local function may_have(player, release, is_backfill)
  for _, slug in ipairs(release.prerequisites or NONE) do
    if not unlock_of(player, slug) then return false end
  end
  return not (is_backfill and was_revoked(player, release.slug))
end

-- Queues the metas that count a category, or all, whose target is reached and that the player does not have.
local function queue_metas(player, catalog, counts, queue)
  local metas, due = rules_part(catalog, 'metas:' .. counts) or NONE, {}
  local count = #metas > 0 and counted_of(player, catalog, counts)
  for i, meta in ipairs(metas) do
    if meta[2] > count then break end
    due[i] = meta[1]
  end
  read_unlocks(player, due)
  for _, slug in ipairs(due) do
    if not unlock_of(player, slug) then queue[#queue + 1] = rule_named(catalog, slug) end
  end
end

-- Queues what an unlock may lead to: rules that waited for it, and metas.
local function queue_followers(player, catalog, release, queue)
  for _, slug in ipairs(release.dependents or NONE) do queue[#queue + 1] = rule_named(catalog, slug) end
  if not release.category then return end
  queue_metas(player, catalog, '', queue)
  queue_metas(player, catalog, release.category, queue)
end

-- Unlocks what rules have reached, then whatever that makes possible, until nothing more unlocks.
local function check_rules(player, catalog, queue, at, is_backfill)
  while #queue > 0 do
    local rule = table.remove(queue)
    if rule.live then
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
  for _, counts in ipairs(release.category and { '', release.category } or NONE) do
    for _, meta in ipairs(rules_part(catalog, 'metas:' .. counts) or NONE) do
      if counted_of(player, catalog, counts) == meta[2] - 1 and unlock_of(player, meta[1]) then
        take_unlock(player, { slug = meta[1] }, false)
      end
    end
  end
  return true
end
