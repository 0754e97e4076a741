"""Rows that an old database may hold; each tests one rule of the import. The expected report is
test/import_flask_report.txt."""

import datetime

import bson
from bson import Binary, Decimal128, Int64, ObjectId
from bson.raw_bson import RawBSONDocument

HASH = "$2b$04$" + "abcdefghijklmnopqrstuu" + "v" * 31
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CREATED = datetime.datetime(2024, 3, 9, 10, 20, 30, 456000)


def oid(number: int) -> ObjectId:
    return ObjectId(f"65f0c0ff{number:016x}")


def user(number: int, username, **changes) -> dict:
    row = {"_id": oid(number), "name": "Ada", "username": username, "password": Binary(HASH.encode()), "secret": SECRET}
    row |= changes
    return {name: value for name, value in row.items() if value is not ...}


def product(number: int, **changes) -> dict:
    row = {"_id": oid(number), "name": "Lamp", "description": "warm", "price": 129.9, "stock": 5, "created_at": CREATED} | changes
    return {name: value for name, value in row.items() if value is not ...}


def with_bytes(row: dict, old: bytes, new: bytes) -> RawBSONDocument:
    """A document that current drivers would not write."""
    assert len(old) == len(new)
    return RawBSONDocument(bson.encode(row).replace(old, new))


USERS = [
    user(1, "Ada", email="ada@example.com"),
    user(2, "bob", password=HASH.replace("$2b$", "$2a$"), name=...),
    user(3, "carol", password=HASH.replace("$2b$", "$2y$"), name="", secret=SECRET.lower() + "===="),
    user(4, "dan", secret="JBSWY3DPEHPK3PXP", name=None),
    user(5, "erin", secret="JBSWY3DP"),
    user(6, "frank", secret="not base32!"),
    user(7, "grace", secret=...),
    user(8, "heidi", secret=Binary(b"x" * 20)),
    user(9, "ivan the terrible"),
    user(10, "ab"),
    user(11, "ADA"),
    user(12, "\x1b[2J\x1b]0;owned\x07"),
    user(13, "j" * 5000),
    with_bytes(user(14, "kXXXX"), b"XXXX", b"\xff\xc3\x28\x80"),
    user(15, ...),
    user(16, 4711),
    user(17, "leo", password=...),
    user(18, "mallory", password="hunter2 is what I chose"),
    user(19, "niaj", password="pbkdf2:sha256:260000$salt$0123456789abcdef"),
    user(20, "olivia", password=HASH.replace("$04$", "$17$")),
    user(21, "peggy", password=HASH.replace("$2b$", "$2x$")),
    user(22, "quinn", password=HASH[:-1]),
    user(23, "rupert", password=HASH[:-1] + "*"),
    user(24, "sybil", name="S" * 101),
    user(25, "trent", name="T\x00rent"),
    user(26, "bob", **{"\x1b[31mrole": "admin", "email": "b@example.com"}),
    user(27, "žofie"),
    user(28, "#victor", name=["V"], password=None),
    {**user(29, "walter"), "_id": "walter-1"},
    {**user(30, "\u202expeggy"), "_id": 30},
]

PRODUCTS = [
    product(101),
    product(102, name=..., pname="Kettle", price=0.1, description=None, updated_at=CREATED),
    product(103, price=25, stock=Int64(9007199254740991)),
    product(104, price=Decimal128("99999999999.9999"), stock=5.0),
    product(105, price="12.50", stock="7"),
    product(106, created_at=..., description=...),
    product(107, created_at="2024-03-09"),
    product(108, price=-0.0, stock=0, description="two\nlines"),
    product(109, pname="not the name", price=1e10),
    product(110, price=0.1 + 0.2),
    product(111, price=-1.5),
    product(112, price=float("nan")),
    product(113, price=float("inf")),
    product(114, price=1e11),
    product(115, price=1e300),
    product(116, price=5e-324),
    product(117, price=Decimal128("1E+6000")),
    product(118, price=Decimal128("0.00001")),
    product(119, price="12,50 €"),
    product(120, price=True),
    product(121, price=...),
    product(122, stock=-1),
    product(123, stock=1.5),
    product(124, stock=2.0 ** 53),
    product(125, stock=None),
    product(126, name="n" * 201),
    product(127, name=" \t "),
    product(128, name="a\x1b[8mb"),
    product(129, name=...),
    product(130, description="d" * 4001),
    product(131, description={"de": "warm"}),
    product(132, name=7, price={}, stock=[], description=False),
    {**product(133), "_id": 133},
]
