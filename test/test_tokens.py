"""Access tokens: PyJWT verifies them with the published keys; forged ones are refused."""

import base64
import hashlib
import hmac
import json
import secrets
import time

import jwt
import pytest

from support.accounts import enrolled
from support.http import Client
from support.server import Server, run

KEY = secrets.token_urlsafe(48)


def published_key(server, token) -> jwt.PyJWK:
    jwks = Client(server).get("/.well-known/jwks.json").json
    kid = jwt.get_unverified_header(token)["kid"]
    found = [key for key in jwks["keys"] if key["kid"] == kid]
    assert len(found) == 1 and "d" not in found[0]
    return jwt.PyJWK(found[0])


def test_another_library_verifies_them_by_the_published_keys(server, ada):
    header = jwt.get_unverified_header(ada.token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    claims = jwt.decode(ada.token, published_key(server, ada.token).key, ["ES256"], audience="integrity",
                        issuer="Data Integrity API",
                        options={"require": ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "amr"]})
    assert claims["exp"] - claims["iat"] == 600
    assert claims["amr"] == ["pwd", "otp"]
    me = Client(server, ada.token).get("/me").json
    assert (claims["sub"], claims["sid"]) == (me["user"]["id"], me["session"]["id"])
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "amr"}, "no personal data"


def test_a_recovery_code_is_named_in_amr(server):
    account = enrolled(server)
    account.login().verify(recovery_code=account.recovery_codes[0])
    assert jwt.decode(account.token, options={"verify_signature": False})["amr"] == ["pwd", "recovery"]


def part(value) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_hs256(header: dict, claims: dict, key: bytes) -> str:
    body = f"{part(header)}.{part(claims)}"
    return f"{body}.{part(hmac.new(key, body.encode(), hashlib.sha256).digest())}"


def test_no_bit_of_a_token_can_be_changed(ada, stranger):
    head, claims, signature = ada.token.split(".")
    for index in (0, 1, 2):
        parts = [head, claims, signature]
        middle = len(parts[index]) // 2
        parts[index] = parts[index][:middle] + ("A" if parts[index][middle] != "A" else "B") + parts[index][middle + 1:]
        assert stranger.get("/me", token=".".join(parts)).slug == "invalid-token"
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    for token in (f"{head}.{claims}.", f"{head}.{claims}", f"{ada.token}.x", f"{ada.token}=",
                  f"{head}.{claims}.{signature[:-1]}{other}"):
        assert stranger.get("/me", token=token).slug == "invalid-token"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "es256", "ES384", "RS256"])
def test_the_header_does_not_choose_the_algorithm(server, ada, stranger, algorithm):
    head = jwt.get_unverified_header(ada.token) | {"alg": algorithm}
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    public = json.dumps(Client(server).get("/.well-known/jwks.json").json["keys"][0]).encode()
    tokens = [f"{part(head)}.{part(claims)}.", f"{part(head)}.{part(claims)}.{ada.token.split('.')[2]}",
              signed_hs256(head, claims, public)]
    assert {stranger.get("/me", token=token).slug for token in tokens} == {"invalid-token"}


@pytest.fixture(scope="module")
def shared_secret():
    """A server in HS256 mode, whose key the test knows, so that it can sign any token."""
    with Server(env={"JWT_SECRET_KEY": KEY}) as server:
        account = enrolled(server)
        yield (Client(server), jwt.get_unverified_header(account.token),
               jwt.decode(account.token, KEY, ["HS256"], audience="integrity"))


def test_with_a_shared_secret_no_key_is_published(shared_secret):
    client, header, claims = shared_secret
    assert client.get("/.well-known/jwks.json").json == {"keys": []}
    assert (header["alg"], header["typ"]) == ("HS256", "at+jwt")
    assert client.get("/me", token=signed_hs256(header, claims, KEY.encode())).status == 200


NOW = int(time.time())


@pytest.mark.parametrize("header, claims", [
    ({"typ": "JWT"}, {}),
    ({"typ": None}, {}),
    ({"alg": "hs256"}, {}),
    ({"kid": "another"}, {}),
    ({"jku": "https://example.org/jwks.json"}, {}),
    ({"jwk": {"kty": "oct", "k": part(b"x" * 32)}}, {}),
    ({"x5u": "https://example.org/x"}, {}),
    ({"x5c": []}, {}),
    ({"crit": ["exp"]}, {}),
    ({"zip": "DEF"}, {}),
    ({}, {"exp": NOW - 10}),
    ({}, {"exp": str(NOW + 5000)}),
    ({}, {"exp": None}),
    ({}, {"nbf": NOW + 5000}),
    ({}, {"iss": "somebody else"}),
    ({}, {"aud": "another"}),
    ({}, {"aud": ["another"]}),
    ({}, {"iss": None}),
    ({}, {"aud": None}),
    ({}, {"sub": None}),
    ({}, {"sub": "0" * 24}),
    ({}, {"sid": None}),
    ({}, {"sid": "0" * 24}),
    ({}, {"sid": "x"}),
    ({}, {"jti": None}),
    ({}, {"iat": None}),
    ({}, {"nbf": None}),
])
def test_well_signed_tokens_that_are_not_ours_are_refused(shared_secret, header, claims):
    client, good_header, good_claims = shared_secret

    def changed(good, changes):
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    token = signed_hs256(changed(good_header, header), changed(good_claims, claims), KEY.encode())
    assert client.get("/me", token=token).slug == "invalid-token"


def test_a_refusal_reveals_only_what_the_token_itself_says(server, ada, stranger):
    """A forged token and the token of an ended session get the same refusal."""
    def refusal(token=None):
        reply = stranger.get("/me", token=token)
        assert (reply.status, reply.slug) == (401, "invalid-token")
        return reply.header("WWW-Authenticate"), reply.json["detail"]

    assert refusal()[0] == "Bearer", "RFC 6750 §3.1: no error where no token was sent"
    assert refusal("x")[0] == 'Bearer error="invalid_token", error_description="malformed"'
    ended = enrolled(server)
    assert ended.client.post("/logout").status == 204
    head, claims, signature = ada.token.split(".")
    forged = f"{head}.{claims}.{signature[:40]}{'A' if signature[40] != 'A' else 'B'}{signature[41:]}"
    assert refusal(forged) == refusal(ended.token)
    assert refusal(forged)[0] == 'Bearer error="invalid_token", error_description="not accepted"'


def test_an_expired_token_is_named_as_expired(clocked):
    account = enrolled(clocked)
    clocked.move_clock(600)
    reply = account.client.get("/me")
    assert reply.header("WWW-Authenticate") == 'Bearer error="invalid_token", error_description="expired"'
    assert "expired" in reply.json["detail"]


@pytest.mark.parametrize("secret", ["short", "x" * 64, "your_secret_key", "abababababababababababababababababababab",
                                    "your-256-bit-secret", "super-secret-jwt-token-with-at-least-32-characters-long"])
def test_a_weak_shared_secret_is_refused_at_start(tmp_path, secret):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path, env={"JWT_SECRET_KEY": secret})
    assert done.returncode in (1, 2) and done.stdout == ""
    assert "JWT_SECRET_KEY" in done.stderr and secret not in done.stderr
