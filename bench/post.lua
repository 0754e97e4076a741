-- POST /products, with a different name and sku in each request; the sku begins with STEM. The requests use the tokens
-- in TOKENS, separated by spaces, in turn. If KEYED is set, each request has its own Idempotency-Key.
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
