"""Signs schemathesis in. Loaded by `st run` (SCHEMATHESIS_HOOKS).

A session lives for ten minutes, and some operations end it, so each of those gets a session of its own."""

import os
import pathlib
import sys
import time

import schemathesis

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support.accounts import Account, enrolled  # noqa: E402


class Running:
    """The server under test, which another process has started."""

    port = int(os.environ["INTEGRITY_PORT"])
    binary = os.environ["INTEGRITY_BINARY"]
    time_path = None
    damaged = False
    options = ()
    now = staticmethod(time.time)


def changes_sessions(operation) -> bool:
    """POST /logout, and the operations that change one's own account."""
    return operation.method.upper() != "GET" and "Accounts" in operation.definition.raw.get("tags", [])


@schemathesis.auth(refresh_interval=240)
class SignedIn:
    def get(self, case, context):
        return enrolled(Running).token

    def set(self, case, token, context):
        schemes = [name for each in case.operation.definition.raw["security"] for name in each]
        if schemes == ["challenge"]:
            account = Account(Running).sign_up()
            case.path_parameters["username"] = account.username
            token = account.challenge
        elif schemes and changes_sessions(case.operation):
            token = enrolled(Running).token
        if schemes:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


def close(node):
    if isinstance(node, list):
        for each in node:
            close(each)
    elif isinstance(node, dict):
        if isinstance(node.get("x-extensible-enum"), list):
            node["enum"] = node["x-extensible-enum"]
        for each in node.values():
            close(each)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Narrows the schema to what this version accepts, where the description leaves room or cannot be exact for
    doubles."""
    close(raw_schema)
    raw_schema["components"]["schemas"]["Price"]["anyOf"][0]["multipleOf"] = 0.0001
    # With `not`, schemathesis discards nearly everything that it draws; `oneOf` says the same in a way that it can
    # draw.
    second_step = raw_schema["components"]["schemas"]["SecondStep"]
    del second_step["not"]
    second_step["oneOf"] = [{"required": ["code"]}, {"required": ["recovery_code"]}]
    # schemathesis can draw entity tags, but for a pattern that contains a quote it draws the number 0.
    for name in ("If-Match", "If-None-Match"):
        del raw_schema["components"]["parameters"][name]["schema"]["pattern"]
