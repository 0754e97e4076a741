"""What an operator can change about the texts of products: --sku-pattern and --normalize-newlines."""

import json
import re
import time
from urllib.parse import quote

import pytest

from support.accounts import enrolled, product
from support.http import Client
from support.server import Server, run

PRINTABLE = "[ -~À-ÿ]+"
SKUS = ["A 1", "50% off", "a+b&c=d", "#7?", 'say "x"', "Größe 42", "x", "~" * 64]


@pytest.fixture(scope="module")
def server():
    with Server("--sku-pattern", PRINTABLE, "--normalize-newlines") as running:
        yield running


def refusal(reply, pointer: str = "#/sku") -> str:
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", {pointer}), reply
    return reply.json["errors"][0]["detail"]


@pytest.mark.parametrize("sku", SKUS)
def test_a_sku_of_the_pattern_is_stored_found_and_unique(client, sku):
    made = client.post("/products", product(sku=sku))
    assert (made.status, made.json["sku"]) == (201, sku)
    assert [each["id"] for each in client.get(f"/products?sku={quote(sku, safe='')}").json] == [made.json["id"]]
    taken = client.post("/products", product(sku=sku))
    assert (taken.status, taken.slug) == (409, "sku-taken")
    path = f"/products/{made.json['id']}"
    assert client.put(path, json.loads(made.text)).json["sku"] == sku, "what GET gave can be sent back"
    assert client.put(path, {"sku": None}).json["sku"] is None
    assert client.get(f"/products?sku={quote(sku, safe='')}").json == []


def test_a_plus_in_a_filter_is_a_space_as_in_every_form(client):
    made = client.post("/products", product(sku="plus 1")).json
    assert [each["id"] for each in client.get("/products?sku=plus+1").json] == [made["id"]]


def test_words_of_a_sku_are_found(client):
    made = client.post("/products", product(sku="Größe (rot) 7711")).json
    for q in ("7711", "grosse rot", "größe"):
        assert made["id"] in [each["id"] for each in client.get(f"/products?q={quote(q)}").json], q


@pytest.mark.parametrize("sku, why", [
    ("部品", "must match the pattern that the operator of this server chose: [ -~À-ÿ]+"),
    (" a", "must not begin or end with a blank"), ("a ", "must not begin or end with a blank"),
    ("a\u00a0", "must not begin or end with a blank"),
    ("a\tb", "must not have control characters"), ("a\nb", "must not have control characters"),
    ("a" * 65, "must have 1 to 64 characters"), ("", "must have 1 to 64 characters"), (7, "must be a string")])
def test_what_the_contract_refuses_stays_refused(client, sku, why):
    assert refusal(client.post("/products", product(sku=sku))) == why
    made = client.post("/products", product()).json
    assert refusal(client.put(f"/products/{made['id']}", {"sku": sku})) == why


def test_all_errors_are_told_at_once(client):
    reply = client.post("/products", {"name": "", "price": -1, "stock": 1, "sku": "部"})
    assert reply.pointers == {"#/name", "#/price", "#/sku"}


def test_the_description_shows_the_pattern(stranger):
    schemas = stranger.get("/openapi.json").json["components"]["schemas"]
    for body in ("ProductCreation", "ProductChange"):
        sku = schemas[body]["properties"]["sku"]
        assert sku["pattern"] == f"^(?:{PRINTABLE})$"
        accepts = [each for each in [*SKUS, "部品", " a", "a ", "a\tb"]
                   if re.search(sku["pattern"], each) and not re.search(sku["not"]["pattern"], each)]
        assert accepts == SKUS


def test_without_the_option_skus_are_narrow_and_stored_ones_stay():
    with Server("--sku-pattern", "[A-Z] [0-9]") as server:
        client = enrolled(server).client
        assert client.post("/products", product(sku="A 1")).status == 201
        assert refusal(client.post("/products", product(sku="A-1"))).endswith("chose: [A-Z] [0-9]")
        server.options = [each for each in server.options if each not in ("--sku-pattern", "[A-Z] [0-9]")]
        server.restart()
        again = Client(server, client.token)
        assert refusal(again.post("/products", product(sku="B 1"))).startswith("must be 1 to 64 characters: letters")
        (kept,) = again.get("/products").json
        assert kept["sku"] == "A 1" and again.put(f"/products/{kept['id']}", {"stock": 1}).json["sku"] == "A 1"
        sku = again.get("/openapi.json").json["components"]["schemas"]["ProductCreation"]["properties"]["sku"]
        assert sku["pattern"] == r"^[A-Za-z0-9._\/\-]{1,64}$"


def test_no_pattern_makes_a_request_slow():
    with Server("--sku-pattern", "(?:a+)+b|(?:.*a){20}c") as server:
        client = enrolled(server).client
        begin = time.monotonic()
        refusal(client.post("/products", product(sku="a" * 64)))
        assert time.monotonic() - begin < 2


@pytest.mark.embedded
@pytest.mark.parametrize("pattern", ["[a-z", "", r"\d+", "(?i)a", "(?=a)b", "a{1001}", "a\nb",
                                     "(((a{100}){100}){100}){100}"])
def test_a_bad_pattern_is_named_in_one_line_and_exit_2(tmp_path, pattern):
    done = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--sku-pattern", pattern)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = [each for each in done.stderr.splitlines() if "mongoc:" not in each]  # a warning about shared memory
    assert "--sku-pattern: " in line
    assert not list(tmp_path.iterdir())


@pytest.mark.embedded
def test_the_options_come_from_everywhere_and_are_explained(tmp_path):
    (tmp_path / "integrity.toml").write_text("sku-pattern = '[A-Z ]+'\nnormalize-newlines = true\n")
    shown = run("config", "--data", tmp_path).stdout
    file = tmp_path / "integrity.toml"
    assert f"--sku-pattern = [A-Z ]+  ({file})\n" in shown and f"--normalize-newlines = true  ({file})\n" in shown
    shown = run("config", "--data", tmp_path, env={"INTEGRITY_SKU_PATTERN": "[a-z]+"}).stdout
    assert "--sku-pattern = [a-z]+  (INTEGRITY_SKU_PATTERN)\n" in shown
    told = run("serve", "--help").stdout
    assert "--sku-pattern REGEX" in told and "--normalize-newlines" in told


@pytest.mark.parametrize("sent, stored", [
    ("a\r\nb", "a\nb"), ("a\rb\r", "a\nb\n"), ("a\n\r\nb", "a\n\nb"), ("a\nb\tc", "a\nb\tc"),
    ("\r\n" * 4000, "\n" * 4000)])
def test_newlines_of_descriptions_are_normalized(client, sent, stored):
    made = client.post("/products", product(description=sent))
    assert (made.status, made.json["description"]) == (201, stored)
    path = f"/products/{made.json['id']}"
    assert client.get(path).json["description"] == stored
    assert client.put(path, {"description": sent + "!"}).status == (200 if len(stored) < 4000 else 422)


def test_only_newlines_of_descriptions_are_normalized(client):
    assert refusal(client.post("/products", product(description="a\0b")), "#/description") == \
        "must not have control characters other than line feed and tab"
    assert refusal(client.post("/products", product(name="a\r\nb")), "#/name") == "must not have control characters"
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    pattern = schemas["ProductCreation"]["properties"]["description"]["pattern"]
    assert re.search(pattern, "a\r\nb\t\r") and not re.search(pattern, "a\x0b")


def test_without_the_option_a_carriage_return_is_refused():
    with Server() as server:
        client = enrolled(server).client
        assert refusal(client.post("/products", product(description="a\r\nb")), "#/description") == \
            "must not have control characters other than line feed and tab"
