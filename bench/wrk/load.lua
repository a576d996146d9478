-- Load for one point: every path of a file in turn, with one method, one body and fixed headers.
-- Arguments: "plain" or "lives", method, file of paths (one a line), file of the body or "-", then header names and values in pairs.
-- Where a header or the body has nine n in braces, {nnnnnnn}, each request has a number of nine digits of its own there.
-- "lives": each create is followed by one read of the task that it made.
local prepared, position, number = {}, 0, 0
local is_lives, is_numbered, read_headers, read_path = false, false, {}, ""
local made = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  local headers, body = {}, nil
  is_lives = args[1] == "lives"
  if args[4] ~= "-" then body = read(args[4]) end
  for i = 5, #args - 1, 2 do headers[args[i]] = args[i + 1] end
  for path in io.lines(args[3]) do
    local text = wrk.format(args[2], path, headers, body)
    is_numbered = is_numbered or text:find("{nnnnnnn}", 1, true) ~= nil
    prepared[#prepared + 1] = text
    read_path = path
  end
  read_headers = headers
  if not is_lives then response = nil end
end

function request()
  if is_lives and #made > 0 then
    return wrk.format("GET", read_path .. "/" .. table.remove(made), read_headers)
  end
  position = position % #prepared + 1
  local text = prepared[position]
  if is_numbered then
    number = number + 1
    text = text:gsub("{nnnnnnn}", string.format("%09d", number))
  end
  return text
end

function response(status, headers, body)
  local id = body:match('"task_id":"(%d+)","task_status":"submitted"')
  if id then made[#made + 1] = id end
end

-- Latencies are in microseconds here (wrk's SCRIPTING file), the duration too.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "\nRESULT {\"requests\":%d,\"durationUs\":%d,\"badStatuses\":%d,\"socketErrors\":%d,\"p50Us\":%d,\"p99Us\":%d}\n",
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
