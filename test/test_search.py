"""GET /products: filters, words and orders, alone and together."""

import itertools

import pytest

from support.accounts import enrolled, product
from support.http import Client
from support.server import Server
from test_lists import next_of, walk

SHELF = [  # name, description, sku, price, stock
    ("Desk lamp", "A lamp for the desk", "L-1", "129.90", 5),
    ("Straßenlampe", None, "L-2", "1000.00", 0),
    ("élan chair", "red", None, "0.0001", 7),
    ("Zebra", "black and white", "Z/9", "99999999999.9999", 9007199254740991),
    ("apple", "Crème brûlée", None, "5", 5),
    ("Banana", "yellow\nlamp shade", "B_1", "5.00", 0),
]


@pytest.fixture(scope="module")
def shelf():
    """A server that holds only the products of SHELF."""
    with Server() as server:
        client = Client(server, enrolled(server).token)
        for name, description, sku, price, stock in SHELF:
            reply = client.post("/products", {"name": name, "price": price, "stock": stock} |
                                ({"description": description} if description else {}) | ({"sku": sku} if sku else {}))
            assert reply.status == 201, reply
        yield client


def names(client, query: str) -> list:
    reply = client.get(f"/products?{query}")
    assert reply.status == 200, reply
    assert next_of(reply) is None
    return [item["name"] for item in reply.json]


@pytest.mark.parametrize("query, expected", [
    ("q=lamp", ["Desk lamp", "Banana"]),
    ("q=LAMP", ["Desk lamp", "Banana"]),
    ("q=la", ["Desk lamp", "Banana"]),  # the last word may be the beginning of a word
    ("q=la+desk", []),  # the others must be whole
    ("q=desk+la", ["Desk lamp"]),
    ("q=desk+desk+desk+la", ["Desk lamp"]),
    ("q=lamp%20desk", ["Desk lamp"]),
    ("q=strassenl", ["Straßenlampe"]),
    ("q=STRASSENLAMPE", ["Straßenlampe"]),
    ("q=elan", ["élan chair"]),
    ("q=creme+brulee", ["apple"]),
    ("q=brûlée", ["apple"]),
    ("q=z/9", ["Zebra"]),
    ("q=l-1", ["Desk lamp"]),
    ("q=%22lamp%22+OR", []),  # there is no query language
    ("q=lamp*", ["Desk lamp", "Banana"]),
    ("q=nothing", []),
    ("min_price=129.90", ["Desk lamp", "Straßenlampe", "Zebra"]),
    ("max_price=5", ["élan chair", "apple", "Banana"]),
    ("min_price=5&max_price=129.9", ["Desk lamp", "apple", "Banana"]),
    ("min_price=6&max_price=5", []),
    ("min_stock=7", ["élan chair", "Zebra"]),
    ("max_stock=0", ["Straßenlampe", "Banana"]),
    ("min_stock=9007199254740991", ["Zebra"]),
    ("sku=L-1", ["Desk lamp"]),
    ("sku=L-1&min_stock=6", []),
    ("sort=name", ["apple", "Banana", "Desk lamp", "élan chair", "Straßenlampe", "Zebra"]),
    ("sort=-name", ["Zebra", "Straßenlampe", "élan chair", "Desk lamp", "Banana", "apple"]),
    ("sort=created_at", [each[0] for each in SHELF]),
    ("sort=-created_at", [each[0] for each in reversed(SHELF)]),
    ("sort=price&max_price=4", ["élan chair"]),
    ("sort=-price&min_price=1000", ["Zebra", "Straßenlampe"]),
    ("q=lamp&sort=name", ["Banana", "Desk lamp"]),
    ("q=lamp&min_stock=1", ["Desk lamp"]),
    ("q=lamp&sort=-stock&max_price=500", ["Desk lamp", "Banana"]),
    ("min_price=1&max_stock=5&sort=-name", ["Straßenlampe", "Desk lamp", "Banana", "apple"]),
])
def test_finds(shelf, query, expected):
    from urllib.parse import quote
    assert names(shelf, quote(query, safe="=&+%/*")) == expected


@pytest.mark.parametrize("name, found_by, not_by", [
    ("दिन", ["दिन", "दि"], ["दान", "दिना"]),
    ("バス停", ["バス", "バ", "ス停", "停", "ﾊﾞｽ", "バス lamp"], ["ハス", "パス", "ハ", "停バ"]),
    ("強化ｶﾞﾗｽ", ["ガラス", "化ガ", "強化ガラス", "化 強"], ["カラス", "ガス"]),
    ("กาแฟเย็น", ["กาแฟ", "แฟ", "เย็น", "ย็", "ก lamp"], ["กาเ", "ก็"]),
    ("ទឹកដោះគោ", ["ទឹក", "គោ", "ដោះ"], ["ទក"]),
    ("ကော်ဖီ", ["ဖီ", "ကော်"], ["ကဖ"]),
    ("பால்", ["பால்", "பா"], ["பல்"]),
    ("5 m² ＵＳＢ", ["m2", "m²", "USB", "ＵＳＢ", "us"], ["m3"]),
    ("Tisch\u00adtuch wire\u200bless", ["tischtuch", "wireless", "Tisch\u00adtuch"], ["tuch", "less"]),
    ("كِتَاب می\u200cخواهم", ["كتاب", "میخواهم"], ["كتب"]),
    ("한국어", ["한국", "한국어"], ["국어"]),
])
def test_finds_words_of_other_scripts(ada, name, found_by, not_by):
    from urllib.parse import quote
    client = Client(ada.server, ada.token)
    made = client.post("/products", product(name=f"{name} lamp")).json

    def found(q: str) -> bool:
        return made["id"] in [each["id"] for each in client.get(f"/products?q={quote(q)}").json]

    assert made["name"] == f"{name} lamp"
    assert [q for q in found_by if not found(q) or not found(f"lamp {q.removesuffix(' lamp')}")] == []
    assert [q for q in not_by if found(q)] == []
    client.delete(f"/products/{made['id']}")


def test_a_search_has_at_most_32_words(shelf):
    most = "+".join(f"w{i}" for i in range(32))
    assert shelf.get(f"/products?q={most}").json == []
    assert shelf.get(f"/products?q=w3+{most}").json == []  # the same again
    reply = shelf.get(f"/products?q={most}+w32")
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", {"q"})
    assert "has 33 different words; at most 32" in str(reply.json)


@pytest.mark.parametrize("sort", ["price", "-price", "stock", "-stock", "updated_at", "-updated_at"])
def test_orders(shelf, sort):
    reply = shelf.get(f"/products?sort={sort}")
    keys = [item[sort.strip("-")] for item in reply.json]
    assert len(keys) == len(SHELF)
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize("filters", ["q=la", "sort=-name", "sort=price&min_price=5", "q=la&sort=-stock&max_stock=7", "min_stock=0"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_every_list_make_up_the_whole(shelf, filters, limit):
    whole = [item["id"] for item in shelf.get(f"/products?{filters}").json]
    pages = walk(shelf, f"/products?{filters}&limit={limit}")
    assert sum(pages, []) == whole
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("query, parameters", [
    ("q=", {"q"}), ("q=%2B-%20!", {"q"}), ("q=%00", {"q"}), ("q=" + "a" * 501, {"q"}),
    ("sort=", {"sort"}), ("sort=Name", {"sort"}), ("sort=--name", {"sort"}), ("sort=sku", {"sort"}),
    ("min_price=-1", {"min_price"}), ("min_price=1e2", {"min_price"}), ("max_price=1.00001", {"max_price"}),
    ("max_price=", {"max_price"}), ("min_stock=1.5", {"min_stock"}), ("max_stock=9007199254740992", {"max_stock"}),
    ("min_stock=-1&sort=x&q=&limit=0&colour=red&cursor=AAAA", {"min_stock", "sort", "q", "limit", "colour", "cursor"}),
    ("q=a&q=b", {"q"}),
])
def test_names_every_bad_parameter(shelf, query, parameters):
    reply = shelf.get(f"/products?{query}")
    assert reply.slug == "invalid-value"
    assert reply.pointers == parameters


def test_a_cursor_belongs_to_its_list(shelf):
    target = next_of(shelf.get("/products?sort=name&limit=2"))
    assert shelf.get(target.replace("sort=name", "sort=price")).pointers == {"cursor"}
    assert shelf.get(target.replace("sort=name&", "")).pointers == {"cursor"}
    assert shelf.get(target.replace("limit=2", "limit=3")).status == 200


def test_pages_stay_complete_while_products_change(ada):
    """Products come, go and change between the pages. A product that keeps its name is in exactly one page."""
    client = Client(ada.server, ada.token)
    made = [client.post("/products", product(name=f"walk {i:03}")).json for i in range(40)]
    numbers = itertools.count()
    target, seen = "/products?q=walk&sort=name&limit=7", []
    while target:
        reply = client.get(target)
        seen += [item["id"] for item in reply.json]
        target = next_of(reply)
        number = next(numbers)
        client.post("/products", product(name=f"walk {number:03}a"))
        client.delete(f"/products/{made[number]['id']}")
        client.put(f"/products/{made[39 - number]['id']}", {"price": 1})
    assert len(seen) == len(set(seen))
    assert set(seen) >= {item["id"] for item in made[6:]}
