-- Finds what the caller may not do of what scripts need.
-- joins: store/keys
-- Servers before Redis 7 cannot tell what is allowed: there the commands are run, on a key that goes at once.
-- KEYS[1] the key prefix of the site or of one shard
-- ARGV    the name of a key for trials; commands …, as rules of ACL SETUSER name them, or `&*`: publishing
-- Returns what of that is forbidden. Cost: O(commands).

local MOST_NEEDED = 4 -- so many arguments are enough for every command
local key, may, try = ARGV[1], redis.acl_check_cmd, redis.pcall
local missing = {}

local function is_refused(reply)
  local text = type(reply) == 'table' and tostring(reply.err) or ''
  return string.find(text, "can't run this command", 1, true) or string.find(text, "can't publish", 1, true)
end

-- Of its arguments all are that key, or too few or too many: what does not fail does nothing else.
local function is_refused_on_trial(words)
  if is_refused(try(unpack(words))) then return true end
  for _ = 1, MOST_NEEDED do
    words[#words + 1] = key
    if is_refused(try(unpack(words))) then return true end
  end
  return false
end

local function may_not_publish()
  if may then return not may('SPUBLISH', changes_key(KEYS[1]), '') and not may('PUBLISH', changes_key(KEYS[1]), '') end
  return is_refused(try('PUBLISH', key, ''))
end

local function is_forbidden(command)
  if command == '&*' then return may_not_publish() end
  local words = {}
  for word in string.gmatch(command, '[^|]+') do words[#words + 1] = word end
  if not may then return is_refused_on_trial(words) end
  words[#words + 1] = key -- servers look for one without a doubt that it is there
  return not may(unpack(words))
end

if not may then try('SET', key, '', 'PX', 1) end
for i = 2, #ARGV do
  if is_forbidden(ARGV[i]) then missing[#missing + 1] = ARGV[i] end
end
if not may then
  try('SET', key, '', 'PX', 1)
  try('DEL', key)
end
return missing
