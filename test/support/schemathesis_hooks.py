"""Signs schemathesis in. Loaded by `st run` (SCHEMATHESIS_HOOKS).

INTEGRITY_CALLER says as whom: a role, or "key". An access token lives for ten minutes, and some operations end its session, so each
of those gets a session of its own."""

import os
import pathlib
import subprocess
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


CALLER = os.environ.get("INTEGRITY_CALLER", "editor")
SCOPES = ("products:read", "products:write", "stock:write", "changes:read", "accounts:read")


def command(*arguments) -> str:
    return subprocess.run([Running.binary, *arguments, "--data", os.environ["INTEGRITY_DATA"]], check=True, capture_output=True, text=True).stdout


def somebody() -> Account:
    """A new account with the role; it has proved its second factor just now."""
    account = enrolled(Running)
    role = "admin" if CALLER == "key" else CALLER
    if role != account.role:
        command("user", "role", account.username, role)
    return account


def a_key() -> str:
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    return command("api-key", "add", "schemathesis", "--user", somebody().username, *scopes).strip()


def changes_sessions(operation) -> bool:
    """POST /logout, and the operations that change accounts: each wants a fresh proof, or ends a session. Keys are made and revoked by
    one account, whose proof is fresh for as long as its token is used here."""
    if operation.path.startswith("/me/keys"):
        return False
    return operation.method.upper() != "GET" and "Accounts" in operation.definition.raw.get("tags", [])


@schemathesis.auth(refresh_interval=240)
class SignedIn:
    def get(self, case, context):
        return a_key() if CALLER == "key" else somebody().token

    def set(self, case, token, context):
        schemes = [name for each in case.operation.definition.raw["security"] for name in each]
        if schemes == ["challenge"]:
            account = Account(Running).sign_up()
            case.path_parameters["username"] = account.username
            token = account.challenge
        elif schemes and CALLER != "key" and changes_sessions(case.operation):
            token = somebody().token
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
    del raw_schema["components"]["schemas"]["AccountChange"]["not"]  # the same; a body that changes nothing is 422
    change = raw_schema["components"]["schemas"]["ProductChange"]
    del change["not"]
    change["anyOf"] = [{"required": [name]} for name in ("name", "price", "stock", "description", "sku", "currency")]
    # schemathesis can draw entity tags, but for a pattern that contains a quote it draws the number 0.
    for name in ("If-Match", "If-None-Match"):
        del raw_schema["components"]["parameters"][name]["schema"]["pattern"]
