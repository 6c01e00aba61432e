-- The definitions as scripts of events need them, in parts that are read when they are first needed.
-- joins: store/keys store/calls
-- achievements/services/compiled.py makes the parts, achievements/write_rules keeps them in each shard. A part is one of
--   version          by which a caller's parts and those here are the same
--   action:<action>  {slugs, rules, boards}: what listens to it; `slugs` are those of the rules
--   rule:<slug>      {slug, type, action, measure, freezes, revision, live, counts, releases}: an achievement
--   metas:<category> [[slug, target] …], the least target first: the metas that count a category, or '' for all
--   release:<slug>   the category that metas count it in
--   categories       a digest of those of all releases
--   points           the board that follows the players' points
-- A release is what can be unlocked, an achievement or one tier of it: {slug, target, points, revision, category,
-- prerequisites, dependents}; `dependents` are the rules that wait for it. What is empty is left out.

-- The parts, with those of some actions already read: `actions`, false where nothing listens. Nil where the shard has not
-- got those of the version. Parts that are `sent` come first, as an edit would make them; one that is '' would be gone.
local function open_rules(shard, version, actions, sent)
  local fields = { 'version' }
  for i, action in ipairs(actions) do fields[i + 1] = 'action:' .. action end
  local held = read_all('HMGET', rules_key(shard), fields)
  if held[1] ~= version then return nil end
  local heard = {}
  for i, action in ipairs(actions) do heard[action] = held[i + 1] and cjson.decode(held[i + 1]) end
  return { shard = shard, actions = heard, parts = {}, sent = sent or NONE }
end

-- Returns a part by name, or false if there is none.
local function rules_part(catalog, name)
  local part = catalog.parts[name]
  if part == nil then
    local text = catalog.sent[name] or redis.call('HGET', rules_key(catalog.shard), name)
    part = text and text ~= '' and cjson.decode(text)
    catalog.parts[name] = part
  end
  return part
end

local function rule_named(catalog, slug) return rules_part(catalog, 'rule:' .. slug) end
