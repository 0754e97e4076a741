-- POST /products like post.lua, but each connection waits for PAUSE ms after each response. Also gives the 99th
-- percentile of the responses, in microseconds.
local stem, pause, number = os.getenv("STEM"), tonumber(os.getenv("PAUSE")), 0
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }

function delay()
  return pause
end

function request()
  number = number + 1
  local body = string.format('{"name":"Lamp %d","price":129.90,"stock":5,"sku":"%s-%d"}', number, stem, number)
  return wrk.format("POST", "/products", headers, body)
end

function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d P99 %d MAX %d\n", summary.requests, summary.duration, wrong,
    latency:percentile(99), latency.max))
end
