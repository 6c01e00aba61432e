-- Removes an account, unless it is one of staff.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    name in lower case
-- Returns `ok`, `unknown` or `staff`. Running it again does no harm. Cost: O(1).

local account_key = user_key(KEYS[1], ARGV[1])
local is_staff = redis.call('HGET', account_key, 'is_staff')
if not is_staff then return 'unknown' end
if is_staff == '1' then return 'staff' end
redis.call('UNLINK', account_key)
return 'ok'
