-- Finds an API key, takes a token out of its bucket, and notes that it is used unless that was noted a short while ago.
-- joins: store/keys
-- A bucket holds `most` tokens and gains `rate` of them a second (token bucket, as in RFC 2697 with one colour).
-- KEYS[1] the site's key prefix
-- ARGV    SHA-256 of the secret; now (ms); how long a note holds (s); most; rate
-- Returns nothing where there is no such key, else {the key as JSON, when it was last used (s), tokens left, ms until
--         there is a token again: 0 where one was taken, the catalog version}. Cost: O(1).
-- Does without its writes.

local digest, now, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local most, rate = tonumber(ARGV[4]), tonumber(ARGV[5])
local used_key, bucket_key = api_keys_used_key(KEYS[1]), api_bucket_key(KEYS[1], digest)

local stored = redis.call('HGET', api_keys_key(KEYS[1]), digest)
if not stored then return false end

local bucket = redis.call('HMGET', bucket_key, 'tokens', 'at')
local held, at = tonumber(bucket[1] or most), tonumber(bucket[2] or now)
local there = math.min(most, held + math.max(0, now - at) / 1000 * rate)
local wait = there < 1 and math.ceil((1 - there) / rate * 1000) or 0
local tokens = wait == 0 and there - 1 or there
-- A server that takes no writes takes no note; the key holds all the same.
redis.pcall('HSET', bucket_key, 'tokens', string.format('%.3f', tokens), 'at', string.format('%.0f', now))
redis.pcall('PEXPIRE', bucket_key, math.ceil(most / rate * 1000))

local used, seconds = tonumber(redis.call('HGET', used_key, digest) or ''), math.floor(now / 1000)
if not used or math.abs(seconds - used) >= life then
  redis.pcall('HSET', used_key, digest, seconds)
  used = seconds
end
local version = redis.call('GET', catalog_version_key(KEYS[1]))
return { stored, string.format('%d', used), math.floor(tokens), wait, version }
