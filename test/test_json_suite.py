"""The JSON parsing test suite of Nicolas Seriot, with its verdicts, against endpoints with and without a token.

The prefix of a file name says what a parser should do: y_ accept, n_ refuse, i_ either. No file is a product or a
login, so an accepted file gets 422, and a refused one 400. vectors/json_parsing.json says where the files come from."""

import base64
import json
import pathlib

import pytest

pytestmark = pytest.mark.embedded

SUITE = json.loads((pathlib.Path(__file__).parent / "vectors/json_parsing.json").read_text())["files"]
# Two members of one name: the suite accepts them, RFC 7493 §2.3 and this server do not.
REFUSED_NEVERTHELESS = {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}
LOGIN_BYTES_MAX = 64 * 1024


def content(name: str) -> bytes:
    """A file is stored as base64, or as a piece and how many times it is repeated."""
    stored = SUITE[name]
    if isinstance(stored, str):
        return base64.b64decode(stored)
    return base64.b64decode(stored["base64"]) * stored["times"] + base64.b64decode(stored.get("then", ""))


def allowed(name: str) -> set:
    """(status, slug) of the responses that agree with the suite."""
    parsed, refused = (422, "invalid-value"), (400, "malformed-json")
    if name in REFUSED_NEVERTHELESS:
        return {refused}
    return {"y": {parsed}, "n": {refused}, "i": {parsed, refused}}[name[0]]


def test_the_suite_is_complete():
    assert [sum(name.startswith(verdict) for name in SUITE) for verdict in ("y_", "n_", "i_")] == [95, 188, 35]


@pytest.mark.parametrize("name", SUITE)
def test_with_a_token(client, name):
    reply = client.post("/products", body=content(name))
    assert (reply.status, reply.slug) in allowed(name)


@pytest.mark.parametrize("name", SUITE)
def test_without_a_token(stranger, name):
    body = content(name)
    expected = allowed(name) if len(body) <= LOGIN_BYTES_MAX else {(413, "payload-too-large")}
    reply = stranger.post("/login", body=body)
    assert (reply.status, reply.slug) in expected
