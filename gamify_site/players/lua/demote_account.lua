-- Takes the staff rights from an account, unless no other staff account would be left that can log in.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    name in lower case; then the names, in lower case, of accounts that may be the others
-- Returns `ok`, `unknown`, `player` if the account is not one of staff, or `last`. Cost: O(names).

local account_key = user_key(KEYS[1], ARGV[1])
local is_staff = redis.call('HGET', account_key, 'is_staff')
if not is_staff then return 'unknown' end
if is_staff ~= '1' then return 'player' end
for i = 2, #ARGV do
  local other = redis.call('HMGET', user_key(KEYS[1], ARGV[i]), 'is_staff', 'is_active', 'is_public')
  if ARGV[i] ~= ARGV[1] and other[1] == '1' and other[2] == '1' and other[3] ~= '1' then
    redis.call('HSET', account_key, 'is_staff', '0')
    return 'ok'
  end
end
return 'last'
