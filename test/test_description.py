"""/openapi.json, /docs and /problems: complete, valid, and equal to the copy in the repository."""

import base64
import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser

import pytest

from support import blessed, pypi
from support.http import Client
from support.promises import SLUGS


@pytest.fixture(scope="module")
def text(server) -> str:
    return Client(server).get("/openapi.json").text


@pytest.fixture(scope="module")
def document(text) -> dict:
    return json.loads(text)


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def resolved(document, node):
    while "$ref" in node:
        part = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        node = part
    return node


def test_the_copy_in_the_repository_is_what_the_server_gives(document):
    blessed.compare("docs/api/openapi.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def test_it_is_valid_openapi(text, tmp_path):
    (tmp_path / "openapi.json").write_text(text)
    done = subprocess.run([pypi.programs() / "openapi-spec-validator", "--schema", "3.1", tmp_path / "openapi.json"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_references_resolve_and_all_components_are_used(document, text):
    referred = set(re.findall(r'"\$ref":"#/components/([^"]+)"', text))
    there = {f"{kind}/{name}" for kind, parts in document["components"].items() for name in parts}
    assert referred <= there
    assert {name for name in there - referred if not name.startswith("securitySchemes/")} == set()


def schemas_in(node):
    """Every schema below the node, recognised by members that only schemas have."""
    if isinstance(node, list):
        for each in node:
            yield from schemas_in(each)
    elif isinstance(node, dict):
        if isinstance(node.get("type"), (str, list)) or "$ref" in node:
            yield node
        for name, each in node.items():
            if name not in ("example", "examples", "value"):
                yield from schemas_in(each)


def test_it_has_nothing_that_tools_misread(document):
    """Each of these broke a linter, a validator or the compilation of a generated client; `./dev test --clients` runs
    the tools themselves."""
    names = set(document["components"]["schemas"])
    assert not {name for name in names if name.startswith("New") and name.removeprefix("New") in names}, "Go's constructors"
    for schema in schemas_in(document):
        assert "$ref" not in schema or set(schema) == {"$ref"}, ("members next to a reference", schema)
        assert "multipleOf" not in schema, ("of a double", schema)
        assert not ("properties" in schema and {"anyOf", "oneOf", "allOf"} & set(schema)), schema
        types = schema.get("type", [])
        assert not {"number", "integer"} & set(types if isinstance(types, list) else [types]) or "format" in schema, schema
    for path in document["paths"]:
        assert path == "/" or not path.endswith("/"), path
    for _, path, operation in operations(document):
        assert operation.get("description"), path


def test_a_later_version_breaks_no_client_of_this_one(document):
    """Later versions may add values and members to responses; schemas of requests are closed."""
    requests = {operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                for _, _, operation in operations(document) if "requestBody" in operation}
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert (schema.get("additionalProperties") is False) == (name in requests), name
        assert not [each for each in schemas_in(schema) if "enum" in each], name


def test_every_operation_is_described(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    groups = {group["name"] for group in document["tags"]}
    for method, path, operation in operations(document):
        assert operation["summary"] and set(operation["tags"]) <= groups, path
        for parameter in operation.get("parameters", []):
            parameter = resolved(document, parameter)
            assert parameter["description"], (path, parameter["name"])
            assert parameter["schema"], (path, parameter["name"])
        in_path = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        for status, response in operation["responses"].items():
            response = resolved(document, response)
            assert response["description"] and "X-Request-Id" in response["headers"], (path, status)


def test_security_is_declared_where_credentials_are_needed(document, stranger):
    """Without credentials, exactly the operations that declare `security` are 401."""
    for method, path, operation in operations(document):
        target = re.sub(r"{\w+}", "6925142bbf57d9d3a4b1c0de", path)
        reply = stranger.request(method, target, {} if "requestBody" in operation else None)
        assert (reply.status == 401) == bool(operation["security"]), (method, path, reply)


def test_each_header_that_is_honoured_is_declared(document):
    declared = {(method, path): {resolved(document, p)["name"] for p in operation.get("parameters", [])}
                for method, path, operation in operations(document)}
    for method in ("GET", "PUT", "DELETE"):
        assert {"If-Match", "If-None-Match"} <= declared[method, "/products/{pid}"]


def test_refusals_name_their_problems(document):
    """Each operation declares the `type`s of a status; these tests compare every response with the declaration."""
    given = set()
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            types = resolved(document, response)["x-problem-types"]
            assert types and all(SLUGS[each.removeprefix("/problems/")] == int(status) for each in types), path
            given |= set(types)
    assert set(document["components"]["schemas"]["Problem"]["properties"]["type"]["x-extensible-enum"]) == {
        f"/problems/{slug}" for slug in SLUGS}
    # It belongs to every path and to no operation.
    assert given == {f"/problems/{slug}" for slug in SLUGS if slug != "method-not-allowed"}


class Page(HTMLParser):
    """The ids, links and tags of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.tags = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("src", "style"), (tag, name)
            if name == "id":
                assert value not in self.ids, f"two elements with the id {value}"
                self.ids.add(value)
            if name == "href":
                self.links.add(value)


def pages(document):
    return ["/docs", "/problems"] + [f"/problems/{slug}" for slug in SLUGS]


def test_every_operation_and_object_is_in_the_docs(stranger, document):
    reply = stranger.get("/docs")
    page = Page(reply.text)
    assert {operation["operationId"] for _, _, operation in operations(document)} <= page.ids
    assert set(document["components"]["schemas"]) <= page.ids
    for method, path, operation in operations(document):
        section = reply.text.split(f'<section id="{operation["operationId"]}">')[1].split("</section>")[0]
        assert path in section and method in section
        for status, response in operation["responses"].items():
            for slug in resolved(document, response).get("x-problem-types", []):
                assert f'href="{slug}"' in section, (path, slug)
        for parameter in operation.get("parameters", []):
            assert f"<code>{resolved(document, parameter)['name']}</code>" in section, path


def test_pages_need_no_script_and_nothing_external_and_have_no_dead_links(stranger, document):
    """Their policy allows one style sheet, by its hash: the one in the page."""
    ids = {}
    for path in pages(document):
        reply = stranger.get(path)
        assert (reply.status, reply.header("Content-Type")) == (200, "text/html; charset=utf-8")
        page = Page(reply.text)
        ids[path] = page
        assert not page.tags & {"script", "img", "iframe", "form", "link", "object"}, path
        assert "viewport" in reply.text
        style = re.search(r"<style>(.*?)</style>", reply.text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in reply.header("Content-Security-Policy")
    assert {"/openapi.json", "/problems"} <= ids["/docs"].links
    assert {f"/problems/{slug}" for slug in SLUGS} <= ids["/problems"].links
    for path, page in ids.items():
        for link in page.links:
            target, _, fragment = link.partition("#")
            assert target in ("", "/openapi.json") or target in ids, (path, link)
            assert not fragment or fragment in ids[target or path].ids, (path, link)


def test_a_problem_page_names_the_operations(stranger):
    assert "POST /products" in stranger.get("/problems/sku-taken").text
    assert "Every operation" in stranger.get("/problems/internal").text
    assert "POST /login" not in stranger.get("/problems/sku-taken").text


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_the_root_redirects_browsers_to_the_docs_and_gives_programs_the_addresses(stranger):
    redirected = stranger.get("/", headers={"Accept": BROWSER})
    assert (redirected.status, redirected.header("Location"), redirected.body) == (303, "/docs", b"")
    for accept in (None, "*/*", "application/json"):
        index = stranger.get("/", headers={"Accept": accept} if accept else {})
        assert index.status == 200
        for address in index.json.values():
            assert stranger.get(address).status == 200, address
    assert stranger.get("/", headers={"Accept": "image/png"}).slug == "not-acceptable"
