"""Needs nothing but Python. Usage: client.py URL NAME [sign-up]

Asks for the password and the code, or takes INTEGRITY_PASSWORD and makes the code of INTEGRITY_TOTP_SECRET. `sign-up`, once,
opens the account and shows that secret, for an authenticator."""
import base64, getpass, hmac, json, os, sys, time, urllib.error, urllib.request
from decimal import Decimal

if len(sys.argv) < 3:
    sys.exit("Usage: client.py URL NAME [sign-up]")
url, name = sys.argv[1:3]

def send(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers, method=method)) as answer:
            return json.load(answer, parse_float=Decimal)  # money stays exact
    except urllib.error.HTTPError as refusal:
        problem = json.load(refusal)
        wrong = [f"{each.get('pointer') or each.get('parameter')} {each['detail']}" for each in problem.get("errors", [])]
        sys.exit("\n  ".join([problem["detail"], *wrong]))
    except (OSError, ValueError) as failure:
        sys.exit(f"{url} does not answer: {failure}")

def totp(secret):  # RFC 6238
    digest = hmac.digest(base64.b32decode(secret), int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"

password = os.environ.get("INTEGRITY_PASSWORD") or getpass.getpass()
first = send("POST", "/signup" if "sign-up" in sys.argv else "/login", {"username": name, "password": password})
secret = os.environ.get("INTEGRITY_TOTP_SECRET")
if first["next"] == "enrol":
    secret = send("GET", first["qr"], token=first["challenge"])["secret"]
    print(f"Secret for your authenticator: {secret}")
code = totp(secret) if secret else input("Code: ")
second = send("POST", "/verify-2fa", {"challenge": first["challenge"], "code": code})
for each in second.get("recovery_codes", []):
    print(f"Recovery code: {each}")
token = second["access_token"]  # for ten minutes; refresh_token, beside it, gets the next one
send("POST", "/products", {"name": "Lamp", "price": str(Decimal("129.90")), "stock": 5}, token)
products = send("GET", "/products", token=token)
for each in products:
    print(each["name"], each["price"], each["currency"], each["stock"])
print("In all:", sum(each["price"] * each["stock"] for each in products))
