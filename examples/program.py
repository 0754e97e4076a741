"""Needs nothing but Python. Usage: program.py URL <deliveries.csv

Adds deliveries to the stock: lines of sku,count,reference. INTEGRITY_KEY is a key with the scopes products:read and stock:write, from
POST /me/keys or `integrity api-key add`. Interrupted? Run it again: a line that was done is not done twice within 24 hours."""
import csv, json, os, sys, time, urllib.error, urllib.parse, urllib.request

if len(sys.argv) != 2 or "INTEGRITY_KEY" not in os.environ:
    sys.exit("Usage: program.py URL <deliveries.csv, with the key in INTEGRITY_KEY")
url, key = sys.argv[1], os.environ["INTEGRITY_KEY"]

def send(method, path, body=None, **headers):
    headers |= {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url + path, data, headers, method=method)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (429, 503):
                problem = json.load(refusal)
                wrong = [f"{each.get('pointer') or each.get('parameter')} {each['detail']}" for each in problem.get("errors", [])]
                sys.exit("\n  ".join([problem["detail"], *wrong]))
            time.sleep(int(refusal.headers["Retry-After"]))  # the server is busy, or this program is too fast
        except (OSError, ValueError) as failure:
            sys.exit(f"{url} does not answer: {failure}")

missing = {"products:read", "stock:write"} - set(send("GET", "/me")["key"]["scopes"])
if missing:
    sys.exit(f"The key lacks {' and '.join(sorted(missing))}, or its owner's role does.")
for sku, count, reference in filter(None, csv.reader(sys.stdin)):  # without empty lines
    found = send("GET", "/products?" + urllib.parse.urlencode({"sku": sku}))
    if not found:
        sys.exit(f"No product has the sku {sku}.")
    moved = send("POST", f"/products/{found[0]['id']}/stock", {"delta": int(count), "reference": reference},
                 **{"Idempotency-Key": urllib.parse.quote(f"{reference} {count}", safe="")})
    print(sku, moved["stock"])
