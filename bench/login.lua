-- POST /login with the username in NAME and the password in PASSWORD.
function request()
  return wrk.format("POST", "/login", { ["Content-Type"] = "application/json" },
    string.format('{"username":"%s","password":"%s"}', os.getenv("NAME"), os.getenv("PASSWORD")))
end

function done(summary)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
