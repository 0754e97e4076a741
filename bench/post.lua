-- POST /products, each body unlike any other. TOKENS (one or more, separated by blanks, taken in turns) and STEM come from
-- the environment; with KEYED each request has an Idempotency-Key of its own.
local stem, keyed = os.getenv("STEM"), os.getenv("KEYED")
local headers, number = {}, 0

for token in os.getenv("TOKENS"):gmatch("%S+") do
  headers[#headers + 1] = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
end

function request()
  number = number + 1
  local fields = headers[number % #headers + 1]
  if keyed then fields["Idempotency-Key"] = string.format("%s-%d", stem, number) end
  local body = string.format('{"name":"Lamp %d","price":129.90,"stock":5,"sku":"%s-%d"}', number, stem, number)
  return wrk.format("POST", "/products", fields, body)
end

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
