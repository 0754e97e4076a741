-- Each request is a random line of the file TARGETS, "GET target" or "POST target body", sent with the token in TOKEN.
local requests = {}
math.randomseed(20261125)

function init()
  local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }
  local sending = { ["Authorization"] = headers["Authorization"], ["Content-Type"] = "application/json" }
  for line in io.lines(os.getenv("TARGETS")) do
    local method, target, body = line:match("^(%u+) (%S+) ?(.*)$")
    requests[#requests + 1] = wrk.format(method, target, body ~= "" and sending or headers, body ~= "" and body or nil)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d P99 %d\n", summary.requests, summary.duration, wrong, latency:percentile(99)))
end
