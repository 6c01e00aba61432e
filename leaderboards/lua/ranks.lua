-- Reading places in a ranked set. Better comes first: greater order values, and among equal ones the player id that is
-- greater byte by byte, as ZREVRANGE has it.
-- joins: store/keys

-- How many entries are strictly better than an order value.
local function count_better(key, order) return redis.call('ZCOUNT', key, '(' .. order, '+inf') end

-- The order values of the first entries, best first.
local function first_orders(key, count)
  local orders, found = {}, redis.call('ZREVRANGE', key, 0, count - 1, 'WITHSCORES')
  for i = 2, #found, 2 do orders[i / 2] = found[i] end
  return orders
end

-- True where player a comes before player b at the same order value. Bytes, because Lua's own `<` follows the locale.
local function comes_first(a, b)
  for i = 1, math.min(#a, #b) do
    local byte_a, byte_b = string.byte(a, i), string.byte(b, i)
    if byte_a ~= byte_b then return byte_a > byte_b end
  end
  return #a > #b
end

-- How many entries come before the place (order, player), whether or not the player is in this set; `better` are those
-- of greater order values.
local function count_before(key, order, player, better)
  local held = redis.call('ZSCORE', key, player)
  if held and tonumber(held) == tonumber(order) then return redis.call('ZREVRANK', key, player) end
  local low, high = better, better + redis.call('ZCOUNT', key, order, order)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if comes_first(redis.call('ZREVRANGE', key, middle, middle)[1], player) then low = middle + 1 else high = middle end
  end
  return low
end
