-- Commands with any number of arguments, which are given in parts: Lua's stack holds some 8000 values. And commands
-- that come from the caller.

local NONE = {} -- where there is nothing to go through
local MOST_ARGUMENTS = 4000 -- even, so that pairs stay together

-- Runs a command that reads; the replies of all parts in one list.
local function read_all(command, key, arguments)
  if #arguments <= MOST_ARGUMENTS then return redis.call(command, key, unpack(arguments)) end
  local replies = {}
  for first = 1, #arguments, MOST_ARGUMENTS do
    local last = math.min(#arguments, first + MOST_ARGUMENTS - 1)
    for i, reply in ipairs(redis.call(command, key, unpack(arguments, first, last))) do replies[first + i - 1] = reply end
  end
  return replies
end

-- Runs a command that writes.
local function write_all(command, key, arguments)
  for first = 1, #arguments, MOST_ARGUMENTS do
    redis.call(command, key, unpack(arguments, first, math.min(#arguments, first + MOST_ARGUMENTS - 1)))
  end
end

-- An error where one of the commands among some words, each behind the number of its own, may not be run by the caller;
-- nil also where the server cannot tell.
local function forbidden_among(words, first)
  local at = first
  while redis.acl_check_cmd and at <= #words do
    local last = at + tonumber(words[at])
    if not redis.acl_check_cmd(unpack(words, at + 1, last)) then
      return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(words[at + 1]) .. "' command")
    end
    at = last + 1
  end
end
