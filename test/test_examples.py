"""Every example of the description is sent to a server, and the response must be the one that the example shows.

Members that differ each time (ids, times, codes, tokens) are recognised by name: real values are sent for them, and
they are left out of the comparison."""

import json
import re

from support.accounts import Account, fresh_name
from support.http import Client
from support.server import Server
from test_description import operations

OWN = {"id", "username", "account", "challenge", "access_token", "code", "recovery_code", "recovery_codes", "secret",
       "otpauth_uri", "qr", "cursor", "created_at", "updated_at", "expires_at", "confirmed_at", "at", "log_index", "refresh_token",
       "reset_token", "token", "key", "record", "refreshed_at", "last_login_at", "last_used_at", "proven_until", "version"}
BROWSER = {"User-Agent": "curl/7.88.1"}  # the program of listSessions' example


def masked(value, name=None):
    if name in OWN and isinstance(value, (str, int, list)):
        return type(value).__name__
    if isinstance(value, dict):
        return {name: masked(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def shows(got, answer) -> bool:
    """Whether the response is the one of the example. A list may also have what other examples made."""
    if isinstance(got, list) and isinstance(answer, list):
        return all(masked(each) in masked(got) for each in answer)
    return masked(got) == masked(answer)


class Stage:
    """A new account, and a catalogue of one product: that of createProduct's example."""

    def __init__(self, server, document):
        self.server, self.document = server, document
        self.examples = {operation["operationId"]: examples_of(operation) for _, _, operation in operations(document)}
        self.admin = self.somebody().enrol()

    def somebody(self) -> Account:
        account = Account(self.server, fresh_name())
        body = self.examples["signUp"]["ada"][0] | {"username": account.username}
        account.password = body["password"]
        account.challenge = account.client.post("/signup", body).json["challenge"]
        return account

    def set(self, operation, enrol: bool):
        self.server.move_clock(90)  # so that no code was used before
        self.admin.sign_in()
        self.account = self.somebody()
        if enrol:
            self.account.scan()
            body = {"challenge": self.account.challenge, "code": self.account.next_code()}
            reply = self.account.client.post("/verify-2fa", body, headers=BROWSER)
            self.account._signed_in(reply)
            self.account.recovery_codes = reply.json["recovery_codes"]
            for each in self.account.client.get("/products").json:
                assert self.account.client.delete(f"/products/{each['id']}").status == 204
        scopes = {scope for each in operation["security"] for names in each.values() for scope in names}
        self.caller = self.admin if scopes & {"accounts:read", "accounts:write", "changes:read"} else self.account

    def put_in(self, body):
        own = {"username": lambda: fresh_name(), "challenge": lambda: self.account.login().challenge,
               "code": self.account.next_code, "recovery_code": lambda: self.account.recovery_codes[0],
               "current_password": lambda: self.account.password, "refresh_token": lambda: self.account.refresh_token,
               "reset_token": lambda: self.admin.client.post(f"/users/{self.account.id}/reset", {"password": True}).json["reset_token"]}
        return {name: own[name]() if name in own and not (name == "username" and {"password", "new_password"} & set(body) and self.keeps_name)
                else self.account.username if name == "username" else value for name, value in body.items()}

    def made(self, path: str, operation) -> str:
        """The path with ids of what the examples of other operations make."""
        name, client = operation["operationId"], Client(self.server, self.account.token)
        if "/keys" in path and name != "createKey":
            key = client.post("/me/keys", next(iter(self.examples["createKey"].values()))[0]).json
            path = path.replace("{kid}", key["id"])
        if "/invitations" in path and name != "createInvitation":
            made = self.admin.client.post("/invitations", next(iter(self.examples["createInvitation"].values()))[0]).json
            path = path.replace("{iid}", made["id"])
        if "{pid}" in path or name == "listProducts":
            path = path.replace("{pid}", client.post("/products", self.examples["createProduct"]["lamp"][0]).json["id"])
        if "{sid}" in path:
            path = path.replace("{sid}", client.get("/me").json["session"]["id"])
        return path.replace("{uid}", str(self.account.id)).replace("{username}", self.account.username)

    def send(self, method, path, operation, body):
        self.keeps_name = operation["operationId"] != "signUp"
        path = self.made(path, operation)
        schemes = [name for each in operation["security"] for name in each]
        token = self.account.challenge if "challenge" in schemes else self.caller.token if schemes else None
        return Client(self.server, token).request(method, path, self.put_in(body) if body else None,
                                                  headers={"Accept": "application/json"} | BROWSER)


def examples_of(operation) -> dict:
    """name -> (body of the request, body of the response)"""
    status = next(status for status in operation["responses"] if status.startswith("2"))
    answers = operation["responses"][status].get("content", {}).get("application/json", {}).get("examples", {})
    bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    return {name: (bodies.get(name, {}).get("value"), answers.get(name, {}).get("value"))
            for name in {**bodies, **answers}}


def test_each_example_is_what_the_server_does():
    with Server("--api-keys", clock=True) as server:
        document = json.loads(Client(server).get("/openapi.json").text)
        stage = Stage(server, document)
        sent = 0
        for method, path, operation in operations(document):
            for name, (body, answer) in stage.examples[operation["operationId"]].items():
                stage.set(operation, enrol="challenge" not in [key for each in operation["security"] for key in each])
                reply = stage.send(method, path, operation, body)
                assert 200 <= reply.status < 300, (operation["operationId"], name, reply)
                got = json.loads(reply.body) if reply.body else None
                if operation["operationId"] == "getMe":
                    got["api_keys"] = answer["api_keys"]  # off unless the operator says so
                assert shows(got, answer), (operation["operationId"], name, masked(got), masked(answer))
                sent += 1
        assert sent >= 20


def test_every_operation_with_a_body_has_an_example(server):
    document = json.loads(Client(server).get("/openapi.json").text)
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            assert examples_of(operation), f"{method} {path} has no example: .example(…) in its declaration"


def test_example_addresses_have_the_form_of_real_ones(server):
    for each in re.findall(r'"/products/([^"?{}]*)"', Client(server).get("/openapi.json").text):
        assert re.fullmatch("[0-9a-f]{24}", each), each
