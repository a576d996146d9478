-- Load for one point: every path of a file in turn, with one method, one body and fixed headers.
-- Arguments: method, file of paths (one a line), file of the body or "-", then header names and values in pairs.
local prepared, position = {}, 0

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  local headers, body = {}, nil
  if args[3] ~= "-" then body = read(args[3]) end
  for i = 4, #args - 1, 2 do headers[args[i]] = args[i + 1] end
  for path in io.lines(args[2]) do
    prepared[#prepared + 1] = wrk.format(args[1], path, headers, body)
  end
end

function request()
  position = position % #prepared + 1
  return prepared[position]
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
