-- POST /products, each body unlike any other. TOKEN and STEM come from the environment.
local token, stem = os.getenv("TOKEN"), os.getenv("STEM")
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
local number = 0

function request()
  number = number + 1
  local body = string.format('{"name":"Lamp %d","price":129.90,"stock":5,"sku":"%s-%d"}', number, stem, number)
  return wrk.format("POST", "/products", headers, body)
end

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
