"""Sessions and keys: `access.py build/release/integrity`.

(k) GET of a product with a program's key, next to the same with an access token;
(l) refreshes of sessions, next to creations of products, both durable.

The server runs on core 0, wrk on core 1. They take turns in each round; figures are medians.
"""

import statistics

import run
from support.accounts import enrolled

CONNECTIONS = 32
SESSIONS = 34  # more than connections: wrk asks for one request before it begins
ROUNDS = 3


def reading() -> None:
    rates: dict = {}
    with run.Pinned("--api-keys") as server:
        account = enrolled(server)
        target = account.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5}).header("Location")
        key = account.client.post("/me/keys", {"name": "bench", "scopes": ["products:read"]}).json["key"]
        for _ in range(ROUNDS):
            for name, token in (("an access token", account.token), ("a key", key)):
                rate, _ = run.wrk("get.lua", f"http://127.0.0.1:{server.port}{target}", CONNECTIONS, 4, TOKEN=token)
                rates.setdefault(name, []).append(rate)
    ratio = statistics.median(key / token for key, token in zip(rates["a key"], rates["an access token"]))
    run.table(f"(k) GET /products/<pid>, {CONNECTIONS} connections; {ROUNDS} rounds of 4 s",
              [("with", "requests/s")] + [(name, f"{statistics.median(rate):.0f}") for name, rate in rates.items()] +
              [("ratio", f"{ratio:.2f}")])


def refreshing() -> None:
    """Every round has a database of its own: wrk ends with requests under way, whose next tokens are lost."""
    rates: dict = {}
    for number in range(ROUNDS):
        with run.Pinned() as server:
            accounts = [enrolled(server) for _ in range(SESSIONS)]
            rate, _ = run.wrk("post.lua", f"http://127.0.0.1:{server.port}/products", CONNECTIONS, 4,
                              TOKENS=accounts[0].token, STEM=f"r{number}")
            rates.setdefault("creations", []).append(rate)
            rate, _ = run.wrk("refresh.lua", f"http://127.0.0.1:{server.port}/token/refresh", CONNECTIONS, 4,
                              REFRESH=" ".join(account.refresh_token for account in accounts))
            rates.setdefault("refreshes", []).append(rate)
    ratio = statistics.median(ours / others for ours, others in zip(rates["refreshes"], rates["creations"]))
    run.table(f"(l) POST /token/refresh, {CONNECTIONS} connections; {ROUNDS} rounds of 4 s",
              [("", "per second")] + [(name, f"{statistics.median(rate):.0f}") for name, rate in rates.items()] +
              [("ratio", f"{ratio:.2f}")])


if __name__ == "__main__":
    reading()
    refreshing()
