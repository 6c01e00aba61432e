-- Removes keys of the site or of one shard while all data is being replaced by the caller, and by nobody else.
-- KEYS[1] the key prefix of the site or the shard
-- ARGV    the name of its version key, '' on a shard that there is no more; the version under which the caller replaces
--         the data; keys …
-- Returns `stale` or how many keys there were. Cost: O(keys); their memory is given back in the background.

local held = ARGV[1] ~= '' and redis.call('GET', ARGV[1])
if held and held ~= ARGV[2] then return 'stale' end
local found = 0
for i = 3, #ARGV do found = found + redis.call('UNLINK', ARGV[i]) end
return found
