-- What a player has: each part is read when it is first needed, changed in memory, and written once per batch.
-- joins: store/keys store/calls store/news
-- An unlock is kept as `time (ms):revision:points`: with the points that were given for it, so that a player's points
-- are the sum of them at every moment, also while an edit is on its way to everybody.

-- What most players of a batch have no need of is made when it is needed, so that Lua has less to make and to collect
-- again: `unlocks`, release → how it was unlocked, as it is kept, or false; and `changes` of what is unlocked, in the
-- order in which they happened, {what = 'released', 'revoked' or 'repriced', slug …}, of which `points` are what they
-- come to. `changed` tells whether some of the progress is.
local function open_player(shard, id) return { shard = shard, id = id, progress = {}, changed = false } end

-- Reads progress that is likely to be asked for, all at once.
local function read_progress(player, slugs)
  if #slugs < 2 or player.progress[slugs[1]] then return end
  for i, value in ipairs(read_all('HMGET', progress_key(player.shard, player.id), slugs)) do
    if not player.progress[slugs[i]] then player.progress[slugs[i]] = tonumber(value or 0) end
  end
end

local function progress_of(player, slug)
  local value = player.progress[slug]
  if not value then
    value = tonumber(redis.call('HGET', progress_key(player.shard, player.id), slug) or 0)
    player.progress[slug] = value
  end
  return value
end

local function set_progress(player, slug, value)
  if progress_of(player, slug) ~= value then player.progress[slug], player.changed = value, true end
end

local function keep_unlock(player, release, value)
  player.unlocks = player.unlocks or {}
  player.unlocks[release] = value
end

-- How a release was unlocked, as it is kept; false where the player does not have it.
local function unlock_of(player, release)
  local value = (player.unlocks or NONE)[release]
  if value == nil then
    value = redis.call('HGET', unlocked_key(player.shard, player.id), release)
    keep_unlock(player, release, value)
  end
  return value
end

local function points_of(value) return tonumber(string.match(value, ':(%d+)$')) end

-- Reads unlocks that are going to be asked for, all at once.
local function read_unlocks(player, releases)
  local unknown = {}
  for _, release in ipairs(releases) do
    if (player.unlocks or NONE)[release] == nil then unknown[#unknown + 1] = release end
  end
  if #unknown == 0 then return end
  for i, value in ipairs(read_all('HMGET', unlocked_key(player.shard, player.id), unknown)) do
    keep_unlock(player, unknown[i], value)
  end
end

-- True for each release that the player has.
local function all_unlocked(player)
  local all = {}
  for _, release in ipairs(redis.call('HKEYS', unlocked_key(player.shard, player.id))) do all[release] = true end
  for release, value in pairs(player.unlocks or NONE) do all[release] = value and true or nil end
  return all
end

local function was_revoked(player, release)
  return redis.call('SISMEMBER', revoked_key(player.shard, player.id), release) == 1
end

local function note_change(player, change, points)
  local changes = player.changes or { points = 0 }
  changes[#changes + 1], changes.points = change, changes.points + points
  player.changes = changes
end

local function add_unlock(player, release, at)
  keep_unlock(player, release.slug, string.format('%.0f:%d:%d', at, release.revision, release.points))
  local change = { what = 'released', slug = release.slug, points = release.points, at = string.format('%.0f', at) }
  note_change(player, change, release.points)
end

-- `by_staff`: it was taken away, and did not merely follow from what was.
local function take_unlock(player, release, by_staff)
  local points = points_of(unlock_of(player, release.slug))
  keep_unlock(player, release.slug, false)
  note_change(player, { what = 'revoked', slug = release.slug, by_staff = by_staff }, -points)
end

-- Gives a release that the player has the points of the present definition.
local function reprice_unlock(player, release)
  local value = unlock_of(player, release.slug)
  if not value or points_of(value) == release.points then return end
  keep_unlock(player, release.slug, (string.gsub(value, '%d+$', release.points)))
  note_change(player, { what = 'repriced', slug = release.slug }, release.points - points_of(value))
end

-- Writes what a change means for rarity, holders and statistics, and removes what the player loses.
local write_change = {
  revoked = function(shard, player, change, date)
    redis.call('HDEL', unlocked_key(shard, player.id), change.slug)
    redis.call('HINCRBY', unlocks_key(shard), change.slug, -1)
    redis.call('HINCRBY', daily_key(shard, date), 'unlocks:' .. change.slug, -1)
    redis.call('ZREM', holders_key(shard, change.slug), player.id)
    if change.by_staff then redis.call('SADD', revoked_key(shard, player.id), change.slug) end
  end,
  released = function(shard, player, change, date)
    redis.call('HINCRBY', unlocks_key(shard), change.slug, 1)
    redis.call('HINCRBY', daily_key(shard, date), 'unlocks:' .. change.slug, 1)
    redis.call('ZADD', holders_key(shard, change.slug), change.at, player.id)
    redis.call('ZREMRANGEBYRANK', holders_key(shard, change.slug), 0, -101) -- the latest 100 stay
  end,
  repriced = function() end,
}

-- Writes what the player has now of what has changed, all at once.
local function write_unlocked(shard, player)
  local fields, released = {}, {}
  for _, change in ipairs(player.changes) do
    local value = player.unlocks[change.slug]
    if value then
      fields[#fields + 1], fields[#fields + 2] = change.slug, value
      if change.what == 'released' then released[#released + 1] = change.slug end
    end
  end
  write_all('HSET', unlocked_key(shard, player.id), fields)
  write_all('SREM', revoked_key(shard, player.id), released)
end

local function count_changes(player, what)
  local count = 0
  for _, change in ipairs(player.changes) do
    if change.what == what then count = count + 1 end
  end
  return count
end

-- Each unlock is news of its own; those of a backfill are one summary.
local function tell_unlocks(shard, player, ms, is_backfill)
  local count = count_changes(player, 'released')
  if is_backfill then
    if count > 0 then
      add_to_feed(shard, player.id, ms, 'type', 'backfill', 'unlocked', count, 'points', player.changes.points)
    end
    return
  end
  for _, change in ipairs(player.changes) do
    if change.what == 'released' then
      add_to_feed(shard, player.id, ms, 'type', 'unlock', 'achievement', change.slug, 'points', change.points, 'at', change.at)
      add_news(activity_key(shard), 1000, ms, 'player', player.id, 'achievement', change.slug, 'at', change.at)
    end
  end
end

-- Writes all that has been read where some of it has changed: to tell which would take one more table a player.
local function write_progress(player)
  if not player.changed then return end
  local fields, count = {}, 0
  for slug, value in pairs(player.progress) do
    if value > 0 then fields[count + 1], fields[count + 2], count = slug, value, count + 2 end
  end
  write_all('HSET', progress_key(player.shard, player.id), fields)
end

-- Writes the award counts by category if they have changed or were recounted.
local function write_counted(player)
  local counted = player.counted
  if not counted or counted.is_kept and not counted.changed then return end
  local key, fields = counted_key(player.shard, player.id), {}
  if not counted.is_kept then
    redis.call('DEL', key)
    fields = { '*', counted.digest }
  end
  for category, number in pairs(counted.of) do
    fields[#fields + 1], fields[#fields + 2] = category, number
  end
  write_all('HSET', key, fields)
end

-- Writes changed unlocks with points, rarity and news. Returns the new points and the new number of unlocks.
local function write_unlocks(shard, player, ms, date, is_backfill)
  for _, change in ipairs(player.changes) do write_change[change.what](shard, player, change, date) end
  write_unlocked(shard, player)
  local points, count = player.changes.points, count_changes(player, 'released') - count_changes(player, 'revoked')
  if points ~= 0 then redis.call('HINCRBY', daily_key(shard, date), 'points', points) end
  tell_unlocks(shard, player, ms, is_backfill)
  local key = player_key(shard, player.id)
  return redis.call('HINCRBY', key, 'points', points), redis.call('HINCRBY', key, 'unlocked', count)
end
