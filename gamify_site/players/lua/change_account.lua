-- Sets fields of an account that exists; one that was removed meanwhile stays removed.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    name in lower case, then field and value by turns
-- Returns `ok` or `unknown`. Cost: O(1).

local account_key = user_key(KEYS[1], ARGV[1])
if redis.call('EXISTS', account_key) == 0 then return 'unknown' end
redis.call('HSET', account_key, unpack(ARGV, 2))
return 'ok'
