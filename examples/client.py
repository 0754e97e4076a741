"""Needs nothing but Python. Usage: client.py http://127.0.0.1:8080"""
import base64, hmac, json, os, sys, time, urllib.request
from decimal import Decimal

def send(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, data, headers, method=method)) as answer:
        return json.load(answer, parse_float=Decimal)  # money stays exact

def totp(secret):  # RFC 6238
    digest = hmac.digest(base64.b32decode(secret), int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"

name = f"python-{os.getpid()}"
challenge = send("POST", "/signup", {"username": name, "password": "correct horse battery"})["challenge"]
secret = send("GET", f"/generate-2fa/{name}", token=challenge)["secret"]
token = send("POST", "/verify-2fa", {"challenge": challenge, "code": totp(secret)})["access_token"]
print(send("POST", "/products", {"name": "Lamp", "price": "129.90", "stock": 5}, token))
print(send("GET", "/products", token=token))
