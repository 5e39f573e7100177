-- For wrk: sends reviews at a rate, or as fast as they are answered, and holds every reply to the answer that it must have.
--
-- Arguments: the file of bodies, one a line; the file of their right answers, in the same order; the file for the result;
-- the path; connections; seconds; reviews a second, 0 for as many as are answered. Says "connected", "wrong ..." and
-- "finished" on standard output. wrk calls init, then request once to look at it, then for each connection delay, request
-- and response in turn.
--
-- wrk's own figures are not used: it has no rate, and what it corrects in its latencies it makes up from their mean.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } irsa_time;
  int clock_gettime(int clock, irsa_time *time);
]]

-- CLOCK_REALTIME, by whose milliseconds wrk's timers go.
local clock = 0
-- Until the first review, so that all connections are open and have been told of.
local settle_us = 250000
local never_ms = 1000000000

local time = ffi.new("irsa_time")
local function now_us()
  ffi.C.clock_gettime(clock, time)
  return tonumber(time.seconds) * 1000000 + tonumber(time.nanoseconds) / 1000
end

local function say(text)
  io.write(text, "\n")
  io.flush()
end

local function uid_of(text)
  return string.match(text, '"uid":"([^"]+)"')
end

local requests, uids, answers = {}, {}, {}
local result_path, connections, seconds, rate
local start_us, end_us, slots
local planned, sent, resting = 0, 0, 0
-- Slots that came while every connection waited for an answer.
local missed = {}
-- When the review with a UID was sent, or should have been.
local begun = {}
local latencies = {}
local last_us = 0

function init(arguments)
  local path
  local bodies_path, answers_path
  bodies_path, answers_path, result_path, path = unpack(arguments)
  connections, seconds, rate = tonumber(arguments[5]), tonumber(arguments[6]), tonumber(arguments[7])
  local headers = { ["Content-Type"] = "application/json" }
  for body in io.lines(bodies_path) do
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
  for answer in io.lines(answers_path) do
    local uid = uid_of(answer)
    uids[#uids + 1] = uid
    answers[uid] = answer
  end
end

local function begin()
  -- A whole millisecond, since a timer ends at one.
  start_us = math.ceil((now_us() + settle_us) / 1000) * 1000
  end_us = start_us + seconds * 1000000
  slots = math.floor(rate * seconds)
  sent = 0
  -- wrk has asked for a request that it does not send, to look at it.
  begun = {}
end

local function finish()
  local file = assert(io.open(result_path, "w"))
  file:write(string.format("%d %.0f\n", sent, last_us - start_us))
  for _, latency_us in ipairs(latencies) do
    file:write(string.format("%.1f\n", latency_us))
  end
  file:close()
  say("finished")
end

-- Sends nothing more over this connection. As every connection comes here with its last answer, the last one finds all in.
local function rest()
  resting = resting + 1
  if resting == connections then
    finish()
  end
  return never_ms
end

-- Returns the milliseconds until the next slot. One that is over already is kept: a review that waits as its turn came
-- while no connection was free has waited from that turn on. What a timer is late by, though, is not the server's.
local function until_slot(current_us)
  if planned >= slots then
    return rest()
  end
  local slot_us = start_us + planned * 1000000 / rate
  planned = planned + 1
  if slot_us < current_us then
    table.insert(missed, slot_us)
    return 0
  end
  return math.floor(slot_us / 1000) - math.floor(current_us / 1000)
end

local opened = 0
function delay()
  if start_us == nil then
    begin()
  end
  if opened < connections then
    opened = opened + 1
    if opened == connections then
      say("connected")
    end
  end
  local current_us = now_us()
  if rate > 0 then
    return until_slot(current_us)
  end
  if current_us < start_us then
    return math.ceil((start_us - current_us) / 1000)
  end
  if current_us >= end_us then
    return rest()
  end
  return 0
end

-- A review is not sent again while its last reply is not in: there are more reviews than connections.
local turn = 0
function request()
  repeat
    turn = turn % #requests + 1
  until begun[uids[turn]] == nil
  local index = turn
  sent = sent + 1
  begun[uids[index]] = table.remove(missed, 1) or now_us()
  return requests[index]
end

-- wrk does not tell over which connection a reply came: the UID does. Two right answers that were swapped would pass.
function response(status, _, body)
  last_us = now_us()
  local uid = uid_of(body)
  local begun_us = uid and begun[uid]
  if status ~= 200 or begun_us == nil or body ~= answers[uid] then
    say("wrong " .. tostring(status) .. " " .. string.sub(body, 1, 2000))
    return
  end
  begun[uid] = nil
  latencies[#latencies + 1] = last_us - begun_us
end

function done(summary)
  local errors = summary.errors
  say(
    string.format(
      "ended with %d errors of connecting, %d of reading, %d of writing, %d timeouts, %d answers that are no success",
      errors.connect,
      errors.read,
      errors.write,
      errors.timeout,
      errors.status
    )
  )
end
