-- Finds an API key and notes that it is used, unless that was noted a short while ago.
-- KEYS[1] the site's key prefix
-- ARGV    SHA-256 of the secret, now (s), how long a note holds (s)
-- Returns nothing where there is no such key, else {the key as JSON, when it was last used (s)}. Cost: O(1).

local used_key = KEYS[1] .. ':api_keys_used'
local now = tonumber(ARGV[2])

local stored = redis.call('HGET', KEYS[1] .. ':api_keys', ARGV[1])
if not stored then return false end
local used = tonumber(redis.call('HGET', used_key, ARGV[1]) or '')
if not used or math.abs(now - used) >= tonumber(ARGV[3]) then
  -- A server that is full takes no note; the key holds all the same.
  redis.pcall('HSET', used_key, ARGV[1], ARGV[2])
  used = now
end
return {stored, string.format('%d', used)}
