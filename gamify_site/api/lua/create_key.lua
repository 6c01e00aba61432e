-- Stores an API key, unless another one has its name or its id, or there are as many as there may be.
-- joins: store/keys
-- KEYS[1] the site's key prefix
-- ARGV    SHA-256 of the secret, name, the key as JSON, how many keys there may be, how many digits make the id
-- Returns `ok`, `taken` (the name), `again` (the id: another secret is needed) or `full`. Cost: O(keys).

local api_keys = api_keys_key(KEYS[1])
local digest, name, id_digits = ARGV[1], ARGV[2], tonumber(ARGV[5])

local stored = redis.call('HGETALL', api_keys)
for i = 1, #stored, 2 do
  if cjson.decode(stored[i + 1]).name == name then return 'taken' end
  if stored[i]:sub(1, id_digits) == digest:sub(1, id_digits) then return 'again' end
end
if #stored / 2 >= tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', api_keys, digest, ARGV[3])
return 'ok'
