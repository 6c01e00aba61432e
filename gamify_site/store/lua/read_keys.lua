-- Runs commands that only read, all of them at one moment.
-- joins: store/keys store/calls
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; then for each command the number of its words, and the words
-- Returns `stale`, or the replies in the same order. Cost: that of the commands.
-- Only reads.

if catalog_is_stale(KEYS[1], ARGV[1]) then return 'stale' end
local forbidden = forbidden_among(ARGV, 2)
if forbidden then return forbidden end
local replies, at = {}, 2
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  replies[#replies + 1] = redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return replies
