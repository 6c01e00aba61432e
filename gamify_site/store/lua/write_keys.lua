-- Runs commands on keys of the site or of one shard while the version that the caller knows is the one that holds: that
-- of the definitions, or the one under which the caller, and nobody else, replaces all data.
-- joins: store/calls
-- KEYS[1] the key prefix of the site or the shard
-- ARGV    the name of its version key, the version, then for each command the number of its words, and the words
-- Returns `stale`, or the reply of the last command. Cost: that of the commands.

if (redis.call('GET', ARGV[1]) or '0') ~= ARGV[2] then return 'stale' end
local forbidden = forbidden_among(ARGV, 3)
if forbidden then return forbidden end
local at, reply = 3, nil
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  reply = redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return reply
