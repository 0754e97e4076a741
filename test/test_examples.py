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
       "otpauth_uri", "qr", "cursor", "created_at", "updated_at", "expires_at", "confirmed_at", "at", "log_index"}


def masked(value, name=None):
    if name in OWN and value is not None:
        return type(value).__name__
    if isinstance(value, dict):
        return {name: masked(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


class Stage:
    """A new account, and a catalogue of one product: that of createProduct's example."""

    def __init__(self, server, document):
        self.server, self.document = server, document
        self.examples = {operation["operationId"]: examples_of(operation) for _, _, operation in operations(document)}

    def set(self, enrol: bool):
        self.server.move_clock(90)  # so that no code was used before
        self.account = Account(self.server, fresh_name())
        body = self.examples["signUp"]["ada"][0] | {"username": self.account.username}
        self.account.password = body["password"]
        self.account.challenge = self.account.client.post("/signup", body).json["challenge"]
        if enrol:
            self.account.enrol()
            for each in self.account.client.get("/products").json:
                assert self.account.client.delete(f"/products/{each['id']}").status == 204

    def put_in(self, body):
        own = {"username": lambda: fresh_name(), "challenge": lambda: self.account.login().challenge,
               "code": self.account.next_code, "recovery_code": lambda: self.account.recovery_codes[0],
               "current_password": lambda: self.account.password}
        return {name: own[name]() if name in own and not (name == "username" and "password" in body and self.keeps_name)
                else self.account.username if name == "username" else value for name, value in body.items()}

    def send(self, method, path, operation, body):
        self.keeps_name = operation["operationId"] != "signUp"
        client = Client(self.server, self.account.token)
        if "{pid}" in path:
            made = client.post("/products", self.examples["createProduct"]["lamp"][0])
            path = path.replace("{pid}", made.json["id"])
        if operation["operationId"] == "listProducts":
            client.post("/products", self.examples["createProduct"]["lamp"][0])
        path = path.replace("{username}", self.account.username)
        schemes = [name for each in operation["security"] for name in each]
        token = self.account.challenge if "challenge" in schemes else self.account.token if schemes else None
        return client.request(method, path, self.put_in(body) if body else None, token=token,
                              headers={"Accept": "application/json"})


def examples_of(operation) -> dict:
    """name -> (body of the request, body of the response)"""
    status = next(status for status in operation["responses"] if status.startswith("2"))
    answers = operation["responses"][status].get("content", {}).get("application/json", {}).get("examples", {})
    bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    return {name: (bodies.get(name, {}).get("value"), answers.get(name, {}).get("value"))
            for name in {**bodies, **answers}}


def test_each_example_is_what_the_server_does():
    with Server(clock=True) as server:
        document = json.loads(Client(server).get("/openapi.json").text)
        stage = Stage(server, document)
        sent = 0
        for method, path, operation in operations(document):
            for name, (body, answer) in stage.examples[operation["operationId"]].items():
                stage.set(enrol="challenge" not in [key for each in operation["security"] for key in each])
                reply = stage.send(method, path, operation, body)
                assert 200 <= reply.status < 300, (operation["operationId"], name, reply)
                got = json.loads(reply.body) if reply.body else None
                assert masked(got) == masked(answer), (operation["operationId"], name)
                sent += 1
        assert sent >= 10


def test_every_operation_with_a_body_has_an_example(server):
    document = json.loads(Client(server).get("/openapi.json").text)
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            assert examples_of(operation), f"{method} {path} has no example: .example(…) in its declaration"


def test_example_addresses_have_the_form_of_real_ones(server):
    for each in re.findall(r'"/products/([^"?{}]*)"', Client(server).get("/openapi.json").text):
        assert re.fullmatch("[0-9a-f]{24}", each), each
