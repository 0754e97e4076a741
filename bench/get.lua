-- GET with the token in TOKEN.
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
