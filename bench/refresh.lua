-- POST /token/refresh with the tokens in REFRESH, separated by spaces: each request takes one, and its answer has the next
-- of that session. There must be more tokens than connections.
local tokens, first, last = {}, 1, 0
local headers = { ["Content-Type"] = "application/json" }

for token in os.getenv("REFRESH"):gmatch("%S+") do
  last = last + 1
  tokens[last] = token
end

function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format("POST", "/token/refresh", headers, '{"refresh_token":"' .. token .. '"}')
end

function response(_, _, body)
  last = last + 1
  tokens[last] = body:match('"refresh_token":"([^"]+)"')
end

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
