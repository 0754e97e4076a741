"""Prices are exact decimals, from the request to the disk and back."""

import re

import pytest

from support.accounts import fresh_name


def price_text(reply) -> str:
    return re.search(r'"price":\s*([^,}\s]+)', reply.text)[1]


def create(client, price: str, stock: str = "1"):
    return client.post("/products", body=f'{{"name":"Lamp","price":{price},"stock":{stock}}}'.encode())


@pytest.mark.parametrize("sent, stored", [
    ("129.90", "129.90"), ("129.9", "129.90"), ("0", "0.00"), ("5", "5.00"), ("0.1", "0.10"), ("0.0001", "0.0001"),
    ("0.3000", "0.30"), ("1.234", "1.234"), ("99999999999.9999", "99999999999.9999"), ("-0", "0.00"),
    ("-0.0", "0.00"), ("1e2", "100.00"), ("1E+2", "100.00"), ("12990e-2", "129.90"), ("1e-4", "0.0001"),
    ("0e400", "0.00"), ("0e9999999999", "0.00"), ("-0.0e-9999999999", "0.00"), ("1.10000000000000000000000", "1.10"), ("0.0000000000001e10", "0.001"),
    ('"129.90"', "129.90"), ('"0.1"', "0.10"), ('"99999999999.9999"', "99999999999.9999"), ('"-0"', "0.00"), ('"-0.00"', "0.00"),
    ('"1.50000000"', "1.50"), ("4.35", "4.35"), ("1.005", "1.005"), ("90071992547.4099", "90071992547.4099"),
])
def test_stored_exactly(client, sent, stored):
    reply = create(client, sent)
    assert reply.status == 201, reply
    assert price_text(reply) == stored
    assert price_text(client.get(reply.header("Location"))) == stored


@pytest.mark.parametrize("sent", [
    "0.00001", "1.00005", "100000000000", "99999999999.99999", "-0.0001", "-1", "1e11", "1e-5", "1e400", "1e-400", "1e9999999999", "1e-9999999999", "-1e99999999999999999999",
    "123456789012345678901234567890", "true", "null", "[]", '""', '"1e2"', '"007"', '"+1"', '" 1"',
    '"1 "', '"1."', '".5"', '"1,5"', '"0x1"', '"NaN"', '"Infinity"', '"1_000"', '"١"', '"-1"', '"1.00001"',
])
def test_refused_rather_than_rounded(client, sent):
    reply = create(client, sent)
    assert (reply.status, reply.pointers) == (422, {"#/price"})


@pytest.mark.parametrize("sent", ["NaN", "Infinity", "01", "1.", ".5", "+1", "0x10", "1e", "--1", "1_0"])
def test_a_number_that_is_not_json_is_malformed(client, sent):
    assert create(client, sent).slug == "malformed-json"


@pytest.mark.parametrize("sent, stored", [("1.0", 1), ("1e2", 100), ("100e-2", 1), ("-0", 0), ("0e9999999999", 0), ("9007199254740991.0", 2**53 - 1)])
def test_a_number_that_is_whole_by_value_is_an_integer(client, sent, stored):
    assert create(client, "1", sent).json["stock"] == stored


def test_exact_through_update_list_and_restart(server, client):
    sku = fresh_name("exact")
    pid = client.post("/products", {"name": "x", "price": 1, "stock": 1, "sku": sku}).json["id"]
    reply = client.put(f"/products/{pid}", body=b'{"price":99999999999.9999}')
    server.restart()
    assert {price_text(reply), price_text(client.get(f"/products/{pid}")),
            price_text(client.get(f"/products?sku={sku}"))} == {"99999999999.9999"}
