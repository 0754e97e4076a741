"""The JSON parsing test suite of Nicolas Seriot, with its verdicts, against endpoints with and without a token.

Its file names say what a parser should do: y_ accept, n_ refuse, i_ as it likes. Accepted means: not 400; no file is a
product or a login, so what parses is 422. vectors/json_parsing.json says where the files come from."""

import base64
import json
import pathlib

import pytest

pytestmark = pytest.mark.embedded

SUITE = json.loads((pathlib.Path(__file__).parent / "vectors/json_parsing.json").read_text())["files"]
# Two members of one name: the suite lets them pass, RFC 7493 §2.3 and this server do not.
REFUSED_ALL_THE_SAME = {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}
LOGIN_BYTES_MAX = 64 * 1024


def content(name: str) -> bytes:
    """A file is its base64, or a piece of it so many times."""
    kept = SUITE[name]
    if isinstance(kept, str):
        return base64.b64decode(kept)
    return base64.b64decode(kept["base64"]) * kept["times"] + base64.b64decode(kept.get("then", ""))


def allowed(name: str) -> set:
    """(status, slug) of the answers that agree with the suite."""
    parsed, refused = (422, "invalid-value"), (400, "malformed-json")
    if name in REFUSED_ALL_THE_SAME:
        return {refused}
    return {"y": {parsed}, "n": {refused}, "i": {parsed, refused}}[name[0]]


def test_the_suite_is_whole():
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
