"""Bodies and query parameters as the contract defines them, and the pointers of everything that is wrong in one.

A rule is a function value -> bool; a form is a table name -> (rule, kind).
"""

import json
import re
import unicodedata
from decimal import Decimal
from urllib.parse import unquote

STOCK_MAX = 9007199254740991
PRICE_MAX = Decimal("99999999999.9999")
CURRENCIES = {"EUR", "USD", "JPY", "CHF", "XTS"}  # the ones that the stream uses

REQUIRED, OPTIONAL, NULLABLE = "required", "optional", "nullable"  # nullable: optional, may be null


class Malformed(Exception):
    """The body is not JSON as the contract defines it."""


def read_json(body: bytes):
    """Strict JSON; numbers that are not written as integers are Decimal."""
    def members(pairs):
        if len({name for name, _ in pairs}) < len(pairs):
            raise Malformed("a duplicate member")
        return dict(pairs)

    def constant(text):
        raise Malformed(text)

    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=members, parse_float=Decimal, parse_constant=constant)
        json.dumps(value, default=str, ensure_ascii=False).encode("utf-8")  # lone surrogates fail here
        return value
    except ValueError as error:
        raise Malformed(str(error)) from error


def number(value) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def whole(value) -> int | None:
    """1, 1.0 and 1e0 are the same integer."""
    return int(value) if number(value) and value == int(value) else None


# White_Space and Default_Ignorable_Code_Point of the first plane, and the empty Braille pattern.
INVISIBLE = re.compile("[\t-\r \x85\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
                       "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8]*")


def text(longest: int, shortest: int = 1, lines: bool = False):
    def rule(value):
        return (isinstance(value, str) and shortest <= len(value) <= longest
                and not any(unicodedata.category(c) == "Cc" and not (lines and c in "\n\t") for c in value)
                and (shortest == 0 or not INVISIBLE.fullmatch(value)))
    return rule


def word(pattern: str):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def integer(least: int, most: int):
    return lambda value: (n := whole(value)) is not None and least <= n <= most


def any_text(value) -> bool:
    return isinstance(value, str)


def money(value) -> Decimal | None:
    """The exact amount with at least two places; None if it is not acceptable."""
    if isinstance(value, str):
        value = Decimal(value) if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", value, re.ASCII) else None
    if not number(value):
        return None
    exact = Decimal(value).normalize()
    if not 0 <= exact <= PRICE_MAX or exact.as_tuple().exponent < -4 or len(exact.as_tuple().digits) > 15:
        return None
    return abs(exact).quantize(Decimal(1).scaleb(min(exact.as_tuple().exponent, -2)))


def amount(value) -> bool:
    return money(value) is not None


def delta(value) -> bool:
    return integer(-STOCK_MAX, STOCK_MAX)(value) and whole(value) != 0


SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u3000" + "".join(map(chr, range(0x2000, 0x200b)))))


def typed(value: str) -> str:
    """A code without the spaces that apps show and users type."""
    return value.translate(SPACES)


def recovery_code(value) -> str | None:
    """The 24 characters of a recovery code in any accepted spelling, or None."""
    if not isinstance(value, str):
        return None
    bare = typed(value.upper()).replace("-", "").translate(str.maketrans("OIL", "011"))
    return bare if re.fullmatch("[0-9A-HJKMNP-TV-Z]{24}", bare, re.ASCII) else None


def is_recovery_code(value) -> bool:
    return recovery_code(value) is not None


USERNAME = word("[A-Za-z0-9._@+-]{3,64}")
PASSWORD = lambda value: isinstance(value, str) and 8 <= len(value) <= 256  # noqa: E731
CODE = lambda value: isinstance(value, str) and re.fullmatch("[0-9]{6}", typed(value), re.ASCII) is not None  # noqa: E731
SKU = word("[A-Za-z0-9._/-]{1,64}")

SIGN_UP = {"username": (USERNAME, REQUIRED), "password": (PASSWORD, REQUIRED), "name": (text(100), NULLABLE)}
LOG_IN = {"username": (any_text, REQUIRED), "password": (any_text, REQUIRED)}
VERIFY = {"challenge": (any_text, OPTIONAL), "username": (any_text, OPTIONAL), "code": (CODE, OPTIONAL),
          "recovery_code": (is_recovery_code, OPTIONAL)}
PASSWORD_CHANGE = {"current_password": (any_text, REQUIRED), "new_password": (PASSWORD, REQUIRED),
                   "code": (CODE, REQUIRED)}
NEW_CODES = {"code": (CODE, REQUIRED)}
NEW_FACTOR = {"code": (CODE, OPTIONAL), "recovery_code": (is_recovery_code, OPTIONAL)}
REFRESH = {"refresh_token": (any_text, REQUIRED)}
SCOPES_OF_KEYS = {"products:read", "stock:write", "products:write", "changes:read", "accounts:read"}


def key_scopes(value) -> bool:
    return isinstance(value, list) and bool(value) and all(
        isinstance(each, str) and each in SCOPES_OF_KEYS for each in value) and len(set(value)) == len(value)


NEW_KEY = {"name": (text(100), REQUIRED), "scopes": (key_scopes, REQUIRED), "expires_in": (integer(1, 366 * 24 * 3600), OPTIONAL)}
USER_CHANGE = {"name": (text(100), NULLABLE), "role": (word("viewer|clerk|editor|auditor|admin"), OPTIONAL),
               "state": (word("active|disabled"), OPTIONAL)}
CREATE = {"name": (text(200), REQUIRED), "price": (amount, REQUIRED), "stock": (integer(0, STOCK_MAX), REQUIRED),
          "description": (text(4000, 0, lines=True), NULLABLE), "sku": (SKU, NULLABLE),
          "currency": (CURRENCIES.__contains__, OPTIONAL)}
CHANGEABLE = {name: (rule, NULLABLE if kind == NULLABLE else OPTIONAL) for name, (rule, kind) in CREATE.items()}
CHANGE = CHANGEABLE | {"version": (integer(1, STOCK_MAX), OPTIONAL), "id": (any_text, OPTIONAL),
                       "created_at": (any_text, OPTIONAL), "updated_at": (any_text, OPTIONAL)}
MOVEMENT = {"delta": (delta, REQUIRED), "reason": (text(500, 0), OPTIONAL), "reference": (text(100, 0), OPTIONAL)}


def faults(form: dict, body) -> set:
    """The pointers of everything that is not acceptable; {"#"} if it is not an object."""
    if not isinstance(body, dict):
        return {"#"}
    found = {f"#/{name}" for name in body if name not in form}
    for name, (rule, kind) in form.items():
        if name not in body:
            wrong = kind == REQUIRED
        elif body[name] is None:
            wrong = kind != NULLABLE
        else:
            value = body[name]
            wrong = not (isinstance(value, str) and rule(value) if rule == CURRENCIES.__contains__ else rule(value))
        if wrong:
            found.add(f"#/{name}")
    return found


# Query parameters are all text. No cursor is accepted here: Walk follows those that the server gave.
LIMIT = lambda value: re.fullmatch("[1-9][0-9]{0,3}", value, re.ASCII) is not None and int(value) <= 1000  # noqa: E731
COUNT = lambda value: re.fullmatch("0|[1-9][0-9]*", value, re.ASCII) is not None and int(value) <= STOCK_MAX  # noqa: E731
SORTS = ("name", "price", "stock", "created_at", "updated_at")
LIST = {"limit": LIMIT, "cursor": lambda value: False, "sku": SKU, "min_price": amount, "max_price": amount,
        "min_stock": COUNT, "max_stock": COUNT, "q": lambda value: bool(words(value)),
        "sort": lambda value: value.removeprefix("-") in SORTS}
HISTORY = {"limit": LIMIT, "cursor": lambda value: False}


def read_query(query: str, form: dict) -> tuple[dict, set]:
    """The parameters, and the names of those that are unknown, repeated or invalid."""
    values, wrong = {}, set()
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        name, value = unquote(name), unquote(value)
        if name not in form or name in values or not form[name](value):
            wrong.add(name)
        values[name] = value
    return values, wrong


def folded(value: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", value.casefold()) if not unicodedata.combining(c))


def words(value: str) -> list[str]:
    return re.findall(r"[^\W_]+", folded(value))
