"""Cross-origin requests of browsers: only the origins in --cors-origins are allowed."""

import pytest

from support.accounts import enrolled, product
from support.http import Client
from support.server import Server

pytestmark = pytest.mark.embedded

SHOP, OFFICE = "https://shop.example", "http://office.example:8080"


@pytest.fixture(scope="module")
def client():
    # With the default port, which browsers leave out.
    with Server("--cors-origins", f"{SHOP}:443,{OFFICE}") as server:
        yield Client(server, enrolled(server).token)


def preflight(client, origin: str, method: str = "PUT", path: str = "/products/x"):
    return client.request("OPTIONS", path, token=None, headers={
        "Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"})


def granted(reply) -> set:
    return {name.lower() for name, _ in reply.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [SHOP, OFFICE])
def test_a_named_origin_is_allowed(client, origin):
    asked = preflight(client, origin)
    assert (asked.status, asked.body) == (204, b"")
    assert asked.header("Access-Control-Allow-Origin") == origin
    assert {"PUT", "DELETE"} <= set(asked.header("Access-Control-Allow-Methods").split(", "))
    assert {"Authorization", "Content-Type", "If-Match"} <= set(asked.header("Access-Control-Allow-Headers").split(", "))
    made = client.post("/products", product(), headers={"Origin": origin})
    assert (made.status, made.header("Access-Control-Allow-Origin")) == (201, origin)
    assert {"ETag", "Location", "Link"} <= set(made.header("Access-Control-Expose-Headers").split(", "))


@pytest.mark.parametrize("origin", [
    "https://shop.example.evil", "https://evil.example", "http://shop.example", "https://shop.example:443",
    "https://SHOP.example", "https://shop.example/", f"{SHOP},{OFFICE}", "null", "*", ""])
def test_no_other_origin_is_allowed(client, origin):
    assert not granted(preflight(client, origin))
    reply = client.get("/products", headers={"Origin": origin})
    assert reply.status == 200 and not granted(reply)


def test_refusals_can_be_read_too(client):
    reply = client.post("/products", {}, token=None, headers={"Origin": SHOP})
    assert (reply.status, reply.header("Access-Control-Allow-Origin")) == (401, SHOP)


def test_credentials_are_not_allowed(client):
    """Tokens are in a header that a script sets, so a foreign page cannot use what the browser would add by itself."""
    assert "access-control-allow-credentials" not in granted(preflight(client, SHOP)) | granted(
        client.get("/products", headers={"Origin": SHOP}))


def test_caches_keep_origins_apart(client):
    for headers in ({"Origin": SHOP}, {"Origin": "https://evil.example"}, {}):
        assert client.get("/products", headers=headers).header("Vary") == "Origin"


def test_a_preflight_needs_the_method_that_it_asks_for(client):
    reply = client.request("OPTIONS", "/products", token=None, headers={"Origin": SHOP})
    assert (reply.status, reply.header("Allow")) == (204, "GET, HEAD, POST, OPTIONS"), "it is not a preflight"
    assert not {name for name in granted(reply) if name.startswith("access-control-allow-m")}
