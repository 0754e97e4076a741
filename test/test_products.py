"""/products and /products/<pid>."""

from urllib.parse import quote

import pytest

from support.accounts import fresh_name, product
from support.http import Client

FIELDS = {"id", "sku", "name", "description", "price", "currency", "stock", "version", "created_at", "updated_at"}


def made(client, **changes) -> dict:
    reply = client.post("/products", product(**changes))
    assert reply.status == 201, reply
    return reply.json


def test_create(client):
    reply = client.post("/products", product())
    body = reply.json
    assert reply.status == 201
    assert (reply.header("Location"), reply.header("ETag")) == (f"/products/{body['id']}", '"1"')
    assert set(body) == FIELDS
    assert (body["sku"], body["description"], body["currency"], body["version"]) == (None, None, "EUR", 1)
    assert body["created_at"] == body["updated_at"]
    assert client.get(f"/products/{body['id']}").body == reply.body


@pytest.mark.parametrize("members", [
    {"name": "x"},
    {"name": "🐢" * 200},
    {"name": 'quotes " and \\ and / and \u2028'},
    {"description": "line\n\ttab", "sku": "A.b_c/d-9", "currency": "USD"},
    {"description": "é" * 4000, "sku": None},
    {"description": None},
    {"stock": 0},
    {"stock": 9007199254740991},
])
def test_create_accepts(client, members):
    if members.get("sku"):
        members = members | {"sku": fresh_name("A.b_c/d")}
    body = made(client, **members)
    assert {name: body[name] for name in members} == members


@pytest.mark.parametrize("members, pointers", [
    ({"name": ""}, {"#/name"}),
    ({"name": "   "}, {"#/name"}),
    ({"name": "é" * 201}, {"#/name"}),
    ({"name": "a\nb"}, {"#/name"}),
    ({"name": "a\u0000b"}, {"#/name"}),
    ({"name": None}, {"#/name"}),
    ({"name": ["Lamp"]}, {"#/name"}),
    ({"description": "é" * 4001}, {"#/description"}),
    ({"description": "bell\u0007"}, {"#/description"}),
    ({"description": 1}, {"#/description"}),
    ({"price": -0.01}, {"#/price"}),
    ({"price": None}, {"#/price"}),
    ({"price": {"$numberDecimal": "1"}}, {"#/price"}),
    ({"stock": -1}, {"#/stock"}),
    ({"stock": 1.5}, {"#/stock"}),
    ({"stock": 9007199254740992}, {"#/stock"}),
    ({"stock": "5"}, {"#/stock"}),
    ({"stock": True}, {"#/stock"}),
    ({"stock": None}, {"#/stock"}),
    ({"sku": ""}, {"#/sku"}),
    ({"sku": "a b"}, {"#/sku"}),
    ({"sku": "a" * 65}, {"#/sku"}),
    ({"sku": 5}, {"#/sku"}),
    ({"currency": "eur"}, {"#/currency"}),
    ({"currency": "EURO"}, {"#/currency"}),
    ({"currency": "ZZZ"}, {"#/currency"}),
    ({"currency": None}, {"#/currency"}),
    ({"id": "0" * 24, "version": 7}, {"#/id", "#/version"}),
    ({"created_at": "2020-01-01T00:00:00.000Z"}, {"#/created_at"}),
    ({"a/b~c": 1}, {"#/a~1b~0c"}),
    ({"100%": 1, "a b": 1, "größe": 1, "%41": 1}, {"#/100%25", "#/a%20b", "#/gr%C3%B6%C3%9Fe", "#/%2541"}),
    ({"x" * 100_000: 1}, {"#"}),
    ({"name": "", "price": "x", "stock": -1, "sku": " ", "currency": "?", "description": 1, "bogus": 1},
     {"#/name", "#/price", "#/stock", "#/sku", "#/currency", "#/description", "#/bogus"}),
])
def test_create_refuses_and_names_every_fault(client, members, pointers):
    reply = client.post("/products", product(**members))
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_ten_thousand_faults_get_a_short_response(client):
    body = product(stock=-1) | {f"n{number}": 1 for number in range(10_000)}
    reply = client.post("/products", body)
    errors = reply.json["errors"]
    assert (reply.status, len(errors), len(reply.body) < 4096) == (422, 33, True)
    assert errors[0]["pointer"] == "#/stock", "errors of known members come first"
    assert errors[-1] == {"pointer": "#", "detail": "has 9969 more errors of this kind"}
    reply = client.get("/products?limit=0&" + "&".join(f"n{number}" for number in range(1000)))
    assert (reply.status, len(reply.json["errors"]), reply.json["errors"][0]["parameter"]) == (422, 33, "limit")


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff", "\u00ad\u2060", "\u202e\u2066", "\u180e", "\u3164", "\u2800",
                                   "\u115f\u1160\uffa0", "\u061c", " \u200f \u3000"])
def test_an_invisible_name_is_blank(client, stranger, blank):
    assert client.post("/products", product(name=blank)).pointers == {"#/name"}
    assert client.post("/products", product(name=blank + "x")).json["name"] == blank + "x"
    signed_up = stranger.post("/signup", {"username": fresh_name(), "password": "correct horse battery", "name": blank})
    assert signed_up.pointers == {"#/name"}


def test_create_names_what_is_missing(client):
    assert client.post("/products", {}).pointers == {"#/name", "#/price", "#/stock"}


def test_a_sku_is_unique_until_it_is_released(client):
    sku = fresh_name("SKU")
    first = made(client, sku=sku)
    assert client.post("/products", product(sku=sku)).slug == "sku-taken"
    second = made(client)
    assert client.put(f"/products/{second['id']}", {"sku": sku}).slug == "sku-taken"
    assert client.put(f"/products/{first['id']}", {"sku": None}).json["sku"] is None
    assert client.put(f"/products/{second['id']}", {"sku": sku}).json["sku"] == sku
    assert client.delete(f"/products/{second['id']}").status == 204
    assert made(client, sku=sku)["sku"] == sku


def test_update_changes_only_the_members_that_are_sent(client):
    before = made(client, description="old", sku=fresh_name())
    reply = client.put(f"/products/{before['id']}", {"stock": 4, "description": None})
    after = reply.json
    assert reply.status == 200
    assert after == before | {"stock": 4, "description": None, "version": 2, "updated_at": after["updated_at"]}
    assert after["updated_at"] >= before["updated_at"]
    assert client.get(f"/products/{before['id']}").json == after


@pytest.mark.parametrize("members, pointers", [
    ({}, None),
    ({"version": 1}, None),
    ({"name": None}, {"#/name"}),
    ({"price": None, "stock": None, "currency": None}, {"#/price", "#/stock", "#/currency"}),
    ({"name": "x", "id": "0" * 24}, {"#/id"}),
    ({"name": "x", "created_at": "2020-01-01T00:00:00.000Z"}, {"#/created_at"}),
    ({"name": "x", "updated_at": "2020-01-01T00:00:00.000Z"}, {"#/updated_at"}),
    ({"name": "x", "version": "1"}, {"#/version"}),
    ({"name": "", "stock": -1, "bogus": 1}, {"#/name", "#/stock", "#/bogus"}),
])
def test_update_refuses(client, members, pointers):
    before = made(client)
    reply = client.put(f"/products/{before['id']}", members)
    assert (reply.status, reply.slug) == (422, "invalid-value")
    assert pointers is None or reply.pointers == pointers
    assert client.get(f"/products/{before['id']}").json == before


def test_the_body_of_a_get_may_be_sent_back(client):
    before = made(client)
    reply = client.put(f"/products/{before['id']}", body=client.get(f"/products/{before['id']}").body)
    assert reply.status == 200
    changed = client.get(f"/products/{before['id']}").text.replace('"Lamp"', '"Lantern"').encode()
    assert client.put(f"/products/{before['id']}", body=changed).json["name"] == "Lantern"


def test_delete(client):
    pid = made(client)["id"]
    assert client.delete(f"/products/{pid}").status == 204
    for reply in (client.get(f"/products/{pid}"), client.put(f"/products/{pid}", {"stock": 1}),
                  client.delete(f"/products/{pid}")):
        assert (reply.status, reply.slug) == (404, "not-found")


@pytest.mark.parametrize("pid", ["0" * 24, "x", "0" * 23, "0" * 25, "A" * 24, "%00", "..%2f..", "é".encode().hex()])
def test_an_id_that_does_not_or_cannot_exist_is_404(client, pid):
    for reply in (client.get(f"/products/{pid}"), client.put(f"/products/{pid}", {"stock": 1}),
                  client.delete(f"/products/{pid}")):
        assert reply.status == 404


@pytest.mark.parametrize("method, target", [("GET", "/products"), ("POST", "/products"), ("GET", f"/products/{'0' * 24}"),
                                            ("PUT", "/products/x"), ("DELETE", "/products/x"), ("GET", "/me"),
                                            ("POST", "/logout")])
def test_nothing_without_a_token(stranger, method, target):
    assert stranger.request(method, target).slug == "invalid-token"


def test_an_unknown_parameter_is_refused(client):
    pid = made(client)["id"]
    for method, target in [("GET", "/products?bogus=1"), ("GET", f"/products/{pid}?fields=name"),
                           ("DELETE", f"/products/{pid}?really=1"), ("PUT", f"/products/{pid}?x"),
                           ("POST", "/products?dry=1")]:
        reply = client.request(method, target, product() if method in ("POST", "PUT") else None)
        assert (reply.status, reply.slug) == (422, "invalid-value"), target
        assert {error.get("parameter") for error in reply.json["errors"]} == {target.split("?")[1].split("=")[0]}
    assert client.get(f"/products/{pid}").json["version"] == 1


@pytest.mark.parametrize("text", ["'); DROP TABLE products; --", "lamp' OR '1'='1", 'lamp" OR ""="', "lamp*) OR name:x NEAR(", '{"$ne": null}', "$where", "%_\\"])
def test_a_text_is_never_part_of_a_query(client, text):
    """What an engine could read as its own language is stored, found and given back as it is."""
    other, one = made(client, name="Other"), made(client, name=text, description=text)
    assert (one["name"], one["description"]) == (text, text)
    assert client.get(f"/products/{one['id']}").json == one
    found = client.get("/products?q=" + quote(text))
    if found.status == 200:
        assert other["id"] not in {each["id"] for each in found.json}
        assert one["id"] in {each["id"] for each in found.json}
    else:
        assert found.pointers == {"q"}, "there is no word in it"
    assert client.get("/products?sku=" + quote(text)).status in (200, 422)
    moved = client.post(f"/products/{one['id']}/stock", {"delta": 1, "reason": text, "reference": text[:100]})
    assert moved.status == 200
    change = client.get(f"/products/{one['id']}/history").json[0]
    assert (change["reason"], change["after"]["name"]) == (text, text)
    assert client.get(f"/products/{other['id']}").json == other
