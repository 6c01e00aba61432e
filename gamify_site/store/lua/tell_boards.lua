-- Tells the live processes that names, rules or the time have changed, so that all boards are shown anew.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    none
-- Returns 1. Cost: O(live processes).

publish(KEYS[1], 'boards')
return 1
