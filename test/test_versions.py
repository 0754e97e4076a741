"""ETag, If-None-Match, If-Match and the version in the body."""

import pytest

from support.accounts import enrolled, product
from support.http import Connection
from support.server import Server


@pytest.fixture
def lamp(client) -> str:
    """A product at version 3."""
    target = client.post("/products", product()).header("Location")
    for stock in (6, 7):
        assert client.put(target, {"stock": stock}).status == 200
    return target


@pytest.mark.parametrize("value, status", [
    ('"3"', 304), ('W/"3"', 304), ("*", 304), ('"1", "3"', 304), ('"1" ,W/"3"', 304),
    ('"2"', 200), ('"4"', 200), ('W/"2", "x"', 200),
])
def test_if_none_match(client, lamp, value, status):
    reply = client.get(lamp, headers={"If-None-Match": value})
    assert (reply.status, reply.header("ETag")) == (status, '"3"')
    assert bool(reply.body) == (status == 200)
    assert client.request("HEAD", lamp, headers={"If-None-Match": value}).status == status


@pytest.mark.parametrize("value, status", [
    ('"3"', 200), ("*", 200), ('"1", "3"', 200),
    ('"2"', 412), ('"4"', 412), ('W/"3"', 412), ('"x"', 412), ('"03"', 412), ('"2", "4"', 412),
    ("3", 400), ('"3', 400), ("", 400), ('"3" "4"', 400), ("*, *", 400), ('w/"3"', 400), ("'3'", 400),
])
def test_if_match(client, lamp, value, status):
    for method, body, done in (("PUT", {"stock": 1}, 200), ("DELETE", None, 204)):
        if method == "DELETE" and status == 200:
            value = "*"
        reply = client.request(method, lamp, body, headers={"If-Match": value})
        assert reply.status == (done if status == 200 else status), (method, reply)
        assert reply.header("ETag") is None, "RFC 9110 §9.3.4"
    assert client.get(lamp).status == (404 if status == 200 else 200)


def test_a_tag_that_a_proxy_weakened_is_named_with_advice(client, lamp):
    """nginx with `gzip on` turns "3" into W/"3". A client that only reads again would get the same tag for ever."""
    for method, body in (("GET", None), ("PUT", {"stock": 1}), ("DELETE", None)):
        weakened = client.request(method, lamp, body, headers={"If-Match": 'W/"3"'})
        assert weakened.status == 412 and 'W/"3"' in weakened.json["detail"] and "proxy" in weakened.json["detail"], weakened
        stale = client.request(method, lamp, body, headers={"If-Match": 'W/"2"'})
        assert stale.status == 412 and "version 3 now" in stale.json["detail"], "changed since version 2"
    assert client.put(lamp, {"stock": 1}, headers={"If-Match": '"3"'}).status == 200


@pytest.mark.parametrize("version, header, status", [
    (3, None, 200), (2, None, 412), (4, None, 412), (3, '"3"', 200), (2, '"3"', 412), (3, '"2"', 412),
    (0, None, (412, 422)), (3.0, None, 200),
])
def test_a_version_in_the_body_is_a_precondition(client, lamp, version, header, status):
    reply = client.put(lamp, {"stock": 1, "version": version}, headers={"If-Match": header} if header else {})
    assert reply.status in (status if isinstance(status, tuple) else (status,)), reply
    assert client.get(lamp).json["version"] == (4 if status == 200 else 3)


def test_a_stale_version_is_reported_before_other_members(client, lamp):
    old = client.get(lamp).json
    client.put(lamp, {"stock": 9})
    assert client.put(lamp, {"stock": 1, "version": old["version"], "updated_at": old["updated_at"]}).status == 412


@pytest.mark.parametrize("name, value", [("id", "0" * 24), ("created_at", "2020-01-01T00:00:00.000Z"),
                                         ("updated_at", "2020-01-01T00:00:00.000Z")])
def test_members_that_cannot_change_must_be_equal(client, lamp, name, value):
    reply = client.put(lamp, {"stock": 1, "version": 3, name: value})
    assert (reply.status, reply.pointers) == (422, {f"#/{name}"})
    assert client.put(lamp, {"stock": 1, name: client.get(lamp).json[name]}).status == 200


def test_required_versions():
    with Server("--require-version") as server:
        client = enrolled(server).client
        lamp = client.post("/products", product()).header("Location")
        for reply in (client.put(lamp, {"stock": 1}), client.delete(lamp)):
            assert (reply.status, reply.slug) == (428, "precondition-required")
        assert client.put(f"/products/{'0' * 24}", {"stock": 1}).status == 404
        assert client.put(lamp, {"stock": 1, "version": 1}).status == 200
        assert client.put(lamp, {"stock": 2}, headers={"If-Match": '"2"'}).status == 200
        assert client.delete(lamp, headers={"If-Match": '"2"'}).status == 412
        assert client.delete(lamp, headers={"If-Match": '"3"'}).status == 204


@pytest.mark.parametrize("value", ['"3"', 'W/"3"', "*", '"7", "3"'])
def test_if_none_match_on_a_change_excludes_versions(client, lamp, value):
    assert client.put(lamp, {"stock": 1}, headers={"If-None-Match": value}).slug == "precondition-failed"
    assert client.delete(lamp, headers={"If-None-Match": value}).slug == "precondition-failed"
    assert client.get(lamp).json["version"] == 3


def test_other_versions_are_not_excluded_and_malformed_tags_are_refused(client, lamp):
    assert client.put(lamp, {"stock": 1}, headers={"If-None-Match": "nonsense"}).slug == "bad-request"
    assert client.get(lamp, headers={"If-Match": '"1"'}).slug == "precondition-failed"
    assert client.put(lamp, {"stock": 1}, headers={"If-None-Match": '"7"'}).status == 200


def test_several_headers_are_one_list(server, client, lamp):
    head = (f'PUT {lamp} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.token}\r\nIf-Match: "9"\r\n'
            'If-Match: "3"\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"stock":1}')
    assert Connection(server).send(head.encode()).reply("PUT", lamp).status == 200
