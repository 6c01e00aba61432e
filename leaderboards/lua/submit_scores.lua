-- Applies a batch of scores to every ranked set of one board on one shard; each entry as a whole or not at all.
-- joins: store/keys store/event_ids store/players leaderboards/ranks leaderboards/ledger
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board, as Board.for_scripts() gives it; JSON request:
--         how        sum, best or last; or set, which replaces what is there whenever that was reported
--         sets       [[suffix, expiry in seconds or 0] …], the main set first
--         entries    [player, units, player, units …]
--         at         when the scores were reached (ms)
--         seen, ms   now, in seconds and milliseconds
--         lone       1 where this is the only shard, so that ranks here are ranks everywhere
--         first      how many of the first order values are wanted, or 0
--         ranks      1 where the (one) writer's place is wanted
--         ids        optional; of each entry its id, or ''; what has counted before under its id changes nothing
--         ttl        with ids, for how long they are remembered (s)
--         floor      optional; no entry may fall below these units
--         boards     optional; the definitions of all boards
-- Returns `stale`; or {'deleted', player …} where some of the writers are being deleted, nothing is written then;
--         or {'away', player …} where some of the writers are away and `boards` is needed to put them back,
--         nothing is written then; or {{refused index, units held, …}, {climber, order before or '', order after, …},
--         {dropped player …}, place,
--         {board, suffix, …}, first, {repeated index, …}}
--         indexes count from 0; climbers: those who rose within this shard's top, where other shards must be asked
--         whether that is everybody's top; dropped: from the main set; place: order, better and levels better before
--         the write, then the same after it; '' for no order, and levels as their number on a lone shard, else listed;
--         board and suffix: the sets that somebody has come back to; first: {version of the board here, how
--         many were wanted or 0 where few wrote, order …}, of the main set after the write, or false
-- Cost: O(entries × sets × log size); about 3 µs an entry and set.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, request = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local entries, sets, main = request.entries, request.sets, request.sets[1][1]
local main_key = board_key(shard, board.slug, main)
local levels_key = board_levels_key(shard, board.slug, main)

local writers, is_writer = {}, {}
for i = 1, #entries, 2 do
  if not is_writer[entries[i]] then writers[#writers + 1], is_writer[entries[i]] = entries[i], true end
end
local deleted = being_deleted(shard, writers)
if #deleted > 0 then return { 'deleted', unpack(deleted) } end
local hidden, away = hidden_among(shard, writers)
if #away > 0 and not request.boards then return { 'away', unpack(away) } end
local back = welcome_back(shard, request.boards, away, hidden, request.seen)

local ledger = open_ledger(board, hidden)
join_players(ledger, sets, writers)
read_ledger(shard, ledger)

local function unlocked_by(player)
  return board.ties == 'unlocks' and tonumber(redis.call('HGET', player_key(shard, player), 'unlocked') or 0)
end

-- Ids, in the same place as those of events, which have no tab in them.
local ids, asked, new_ids, repeated = {}, {}, {}, {}
for number, id in ipairs(request.ids or {}) do
  ids[number] = id ~= '' and entries[2 * number - 1] .. ' ' .. board.slug .. '\t' .. id or nil
  asked[#asked + 1] = ids[number]
end
local is_known, id_span = known_ids(shard, asked, request.ttl)

local how = request.how
local needs_more = request.floor or board.timed == 1 or board.ties == 'earliest' or board.ties == 'unlocks'
local refused, is_refused = {}, {}
for number = 1, #entries / 2 do
  local player, units = entries[2 * number - 1], entries[2 * number]
  local more = needs_more and {
    floor = request.floor, at = request.at, unlocked = unlocked_by(player),
  }
  local id = ids[number]
  if id and is_known[id] then
    repeated[#repeated + 1] = number - 1
  elseif enter(ledger, sets, player, units, how, more) then
    if id then note_id(is_known, new_ids, id) end
  else
    local held = order_in(ledger.sets[main], player)
    is_refused[number] = true
    refused[#refused + 1] = number - 1
    refused[#refused + 1] = held and order_text(board.sign * math.floor(held / board.scale)) or '0'
  end
end

-- Whoever wrote at least one entry, or has come back to write one: who is back without being seen would never leave again.
local function seen()
  if #refused == 0 then return writers end
  local found, is_found = {}, {}
  for number, player in ipairs(away) do found[number], is_found[player] = player, true end
  for number = 1, #entries / 2 do
    local player = entries[2 * number - 1]
    if not is_refused[number] and not is_found[player] then found[#found + 1], is_found[player] = player, true end
  end
  return found
end

-- An order value as text, how many are better, and the levels better: their number where this is the only shard.
local function place_of(order)
  if not order then return '', 0, 0 end
  local text, levels = order_text(order), 0
  if board.dense == 1 then
    levels = request.lone == 1 and count_better(levels_key, text)
      or redis.call('ZRANGEBYSCORE', levels_key, '(' .. text, '+inf')
  end
  return text, count_better(main_key, text), levels
end

local place, writer = {}, entries[1]
if request.ranks == 1 then
  place[1], place[2], place[3] = place_of(not ledger.hidden[writer] and ledger.sets[main].before[writer])
end
request.touched = {}
local climbers, dropped, first = write_ledger(shard, ledger, main, request.first, request)
publish_boards(shard, request.touched)
if request.ranks == 1 then place[4], place[5], place[6] = place_of(order_in(ledger.sets[main], writer)) end
see_players(shard, seen(), request.seen)
remember_ids(shard, id_span, new_ids, request.ttl)
return { refused, climbers, dropped, place, back, first or false, repeated }
