-- Runs commands on keys of the site or of one shard while all data is being replaced by the caller, and by nobody else.
-- KEYS[1] the key prefix of the site or the shard
-- ARGV    the name of its version key, the version under which the caller replaces the data, then for each command the
--         number of its words, and the words
-- Returns `stale` or `ok`. Cost: that of the commands.

if redis.call('GET', ARGV[1]) ~= ARGV[2] then return 'stale' end
local at = 3
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 'ok'
