"""Strict JSON: a body that cannot be parsed is 400; one that parses but is not acceptable is 422."""

import pytest

GOOD = b'{"name":"Lamp","price":1,"stock":1}'


def nested(levels: int) -> bytes:
    return b'{"deep":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("body", [
    b"", b" ", b"nul", b"{", b"{]", b"'x'", b"{'name':1}", b"{name:1}", b"{,}",
    b'{"name":"a","name":"b"}',
    b'{"name":"a","n\\u0061me":"b"}',
    b'{"deep":{"x":1,"x":2}}',
    b"\xef\xbb\xbf" + GOOD,
    GOOD + b"x", GOOD + GOOD, GOOD + b"\x00", GOOD[:-1] + b",}",
    b'{"name":"\xff"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}',
    b'{"name":"\\ud800"}', b'{"name":"\\udc00\\ud800"}', b'{"name":"\\ud800x"}',
    b'{"name":"\\x41"}', b'{"name":"\\u12"}', b'{"name":"a\nb"}', b'{"name":"a\x01b"}',
    b"[1,]", b"/* c */ {}", b'{"a":1} // c', b"{\"a\":tru}", b"{\"a\":TRUE}", b"{\"a\":undefined}",
    GOOD.decode().encode("utf-16"), nested(33), b"[" * 100_000, b'{"a":' * 50_000,
])
def test_malformed(client, body):
    reply = client.post("/products", body=body)
    assert (reply.status, reply.slug) == (400, "malformed-json")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"true", b'[{"name":"x"}]'])
def test_a_top_level_that_is_not_an_object_is_422(client, stranger, body):
    assert client.post("/products", body=body).slug == "invalid-value"
    assert stranger.post("/login", body=body).slug == "invalid-value"


def test_depth_32_is_read(client):
    reply = client.post("/products", body=nested(32))
    assert (reply.status, reply.pointers) == (422, {"#/deep", "#/name", "#/price", "#/stock"})


def test_white_space_and_escapes_are_read(client):
    reply = client.post("/products", body=b' \r\n\t{ "n\\u0061me" : "\\ud83d\\udc22 \\"\\/" , "price" : 1 , "stock" : 1 } \n')
    assert (reply.status, reply.json["name"]) == (201, '🐢 "/')


@pytest.mark.parametrize("media", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                                   "application/merge-patch+json", "text/json", "application/json; charset=utf-16"])
def test_other_types_are_415(client, media):
    reply = client.post("/products", body=GOOD, headers={"Content-Type": media})
    assert (reply.status, reply.slug) == (415, "unsupported-media-type")


@pytest.mark.parametrize("media", ["application/json", "Application/JSON", "application/json; charset=utf-8",
                                   'application/json;charset="UTF-8"'])
def test_json_is_taken(client, media):
    assert client.post("/products", body=GOOD, headers={"Content-Type": media}).status == 201


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_coded_bodies_are_415(client, coding):
    assert client.post("/products", body=GOOD, headers={"Content-Encoding": coding}).status == 415
