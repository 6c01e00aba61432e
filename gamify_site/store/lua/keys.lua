-- The key names that scripts use, as gamify_site/store/keys.py spells them; no other script spells one.
-- `site` and `shard` are KEYS[1]: the prefix of all site-wide keys, or of all keys of one shard.

-- Site-wide keys

local function catalog_version_key(site) return site .. ':catalog:version' end
local function definitions_key(site, kind) return site .. ':' .. kind .. 's' end
local function definition_key(site, kind, slug) return site .. ':' .. kind .. ':' .. slug end
local function revisions_key(site, kind, slug) return definition_key(site, kind, slug) .. ':revisions' end
local function user_key(site, username) return site .. ':user:' .. username end
local function attempts_key(site, what) return site .. ':attempts:' .. what end
local function attempts_pause_key(site, what) return site .. ':attempts_pause:' .. what end
local function audit_key(site) return site .. ':audit' end
local function api_keys_key(site) return site .. ':api_keys' end
local function api_keys_used_key(site) return site .. ':api_keys_used' end
local function api_bucket_key(site, digest) return site .. ':api_bucket:' .. digest end

-- Keys of one shard

local function shard_catalog_version_key(shard) return shard .. ':catalog_version' end
local function rules_key(shard) return shard .. ':rules' end
local function players_key(shard) return shard .. ':players' end
-- A colon within a player id is written %3A, so that no key of a player is another player's.
local function player_key(shard, player) return shard .. ':player:' .. string.gsub(player, ':', '%%3A') end
local function player_names_key(shard) return shard .. ':player_names' end
local function following_key(shard, player) return player_key(shard, player) .. ':following' end
local function progress_key(shard, player) return player_key(shard, player) .. ':progress' end
local function unlocked_key(shard, player) return player_key(shard, player) .. ':unlocked' end
local function counted_key(shard, player) return player_key(shard, player) .. ':counted' end
local function revoked_key(shard, player) return player_key(shard, player) .. ':revoked' end
local function streak_key(shard, player, slug) return player_key(shard, player) .. ':streak:' .. slug end
local function days_key(shard, player, action) return player_key(shard, player) .. ':days:' .. action end
local function collection_key(shard, player, slug) return player_key(shard, player) .. ':collection:' .. slug end
local function unlocks_key(shard) return shard .. ':unlocks' end
local function holders_key(shard, release) return shard .. ':holders:' .. release end
local function activity_key(shard) return shard .. ':activity' end
local function daily_key(shard, date) return shard .. ':daily:' .. date end
local function active_key(shard, date) return shard .. ':active:' .. date end
local function event_ids_key(shard, span) return shard .. ':event_ids:' .. span end
local function batch_key(shard, name) return shard .. ':batch:' .. name end
local function answers_key(shard, player) return player_key(shard, player) .. ':answers' end
local function feed_key(shard, player) return player_key(shard, player) .. ':feed' end
local function hidden_key(shard) return shard .. ':hidden' end
local function away_key(shard) return shard .. ':away' end
local function hidden_entries_key(shard, player) return player_key(shard, player) .. ':hidden_entries' end
local function rank_news_sent_key(shard, player, board) return player_key(shard, player) .. ':ranked:' .. board end
local function deletions_key(shard) return shard .. ':deletions' end
local function rank_events_key(shard) return shard .. ':rank_events' end
local function board_key(shard, board, suffix) return shard .. ':board:' .. board .. ':' .. suffix end
local function final_top_key(shard, board, suffix) return shard .. ':final_top:' .. board .. ':' .. suffix end
local function board_times_key(shard, board, suffix) return shard .. ':times:' .. board .. ':' .. suffix end
local function final_ranks_key(shard, player) return player_key(shard, player) .. ':final_ranks' end
local function board_levels_key(shard, board, suffix) return shard .. ':levels:' .. board .. ':' .. suffix end
local function board_windows_key(shard, board) return shard .. ':windows:' .. board end
local function new_periods_key(shard) return shard .. ':new_periods' end
local function board_segments_key(shard, board, window) return shard .. ':segments:' .. board .. ':' .. window end
local function board_versions_key(shard) return shard .. ':board_versions' end
local function changes_key(shard) return shard .. ':changes' end

-- Tells the live processes what has changed: `board <slug> …`, `boards` where a name or a rule did, or `feed <player>`.
-- A shard channel where the server has those, from Redis 7 on: a cluster passes other messages on to all its nodes.
-- Whoever may not publish writes all the same: readers ask again, a little later.
local function publish(shard, what)
  local told = redis.pcall('SPUBLISH', changes_key(shard), what)
  if type(told) == 'table' then redis.pcall('PUBLISH', changes_key(shard), what) end
end

-- True where the caller's definitions are not the ones that hold on this shard.
local function catalog_is_stale(shard, version)
  return (redis.call('GET', shard_catalog_version_key(shard)) or '0') ~= version
end
