"""Compares each reply with what the server declares at /openapi.json: operations, statuses, headers, media types and
schemas. An operation or a status that is not declared is a failure."""

import json
import re

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

_descriptions: dict = {}  # for each binary

# Headers of every response or of its body, which are not declared for each operation.
EVERYWHERE = {"date", "content-type", "content-length", "transfer-encoding", "connection", "x-content-type-options",
              "referrer-policy", "cross-origin-resource-policy", "content-security-policy", "cache-control", "vary",
              # with TLS, and with --cors-origins; see promises.py
              "strict-transport-security",
              "access-control-allow-origin", "access-control-expose-headers"}


def closed(node):
    """The schema as strict as this version of the server. The description leaves room for later versions (values of
    `x-extensible-enum`, more members in responses), but this version must not use it."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {name: closed(each) for name, each in node.items()}
    if isinstance(node.get("x-extensible-enum"), list):
        node["enum"] = node["x-extensible-enum"]
    if node.get("type") == "object" and isinstance(node.get("properties"), dict):
        node.setdefault("additionalProperties", False)
    return node


class Description:
    def __init__(self, document: dict):
        document = closed(document)
        self.document = document
        self.resolver = RefResolver("", document)
        # Fewer placeholders first: /products/export would win over /products/{pid}.
        self.paths = [(re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path)) + "$"), path)
                      for path in sorted(document["paths"], key=lambda path: path.count("{"))]

    def resolve(self, node: dict) -> dict:
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def template(self, target: str) -> str | None:
        path = re.sub(r"^http://[^/]+", "", target).split("?")[0]
        return next((template for pattern, template in self.paths if pattern.match(path)), None)

    def response(self, template: str, method: str, status: int) -> dict | None:
        operations = self.document["paths"][template]
        operation = operations.get(method.lower(), operations.get("get") if method == "HEAD" else None)
        if operation is None:
            return {} if status == 405 else None
        found = operation["responses"].get(str(status))
        return None if found is None else self.resolve(found)


def check(server, reply) -> None:
    if reply.target.startswith("/openapi.json"):
        return
    description = of(server)
    template = description.template(reply.target)
    if template is None:
        assert reply.status == 404 and (reply.method == "HEAD" or reply.slug == "not-found"), "an undeclared path answers"
        return
    if reply.status == 405:
        return
    response = description.response(template, reply.method, reply.status)
    assert response is not None, f"{reply.method} {template} does not declare {reply.status}"
    for name, header in response.get("headers", {}).items():
        if description.resolve(header).get("required"):
            assert reply.header(name) is not None, f"{name} is declared, and missing"
    undeclared = {name.lower() for name, _ in reply.headers} - EVERYWHERE - {
        name.lower() for name in response.get("headers", {})}
    assert not undeclared, f"{reply.method} {template} {reply.status} does not declare {undeclared}"
    if reply.method == "HEAD" or not reply.body:
        return
    media = (reply.header("Content-Type") or "").split(";")[0]
    declared = response.get("content", {}).get(media)
    assert declared is not None, f"{reply.method} {template} {reply.status} does not declare {media}"
    if media == "application/problem+json":
        assert json.loads(reply.body)["type"] in response["x-problem-types"], f"{reply.method} {template} does not declare it"
    if media.endswith("json") and "schema" in declared:
        validator = Draft202012Validator(declared["schema"], resolver=description.resolver,
                                         format_checker=FormatChecker())
        errors = [f"{'/'.join(map(str, error.path))}: {error.message}"
                  for error in validator.iter_errors(json.loads(reply.body))]
        assert not errors, f"not what {template} declares: {errors}"


def of(server) -> Description:
    if server.binary not in _descriptions:
        from .http import Client
        reply = Client(server).get("/openapi.json")
        assert reply.status == 200, f"the server describes itself at /openapi.json: {reply}"
        _descriptions[server.binary] = Description(json.loads(reply.body))
    return _descriptions[server.binary]
