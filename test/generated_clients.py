"""/openapi.json in the tools of others: linters, validators, and generated clients, which must compile and keep money
exact with a running server. Run by `./dev test --clients`."""

import json
import random
import shutil
from decimal import Decimal

import jsonschema
import pytest

from support import registries
from support.accounts import enrolled
from support.http import Client
from support.pypi import needed
from support.registries import CLIENTS, run
from support.server import Server

GENERATOR = ("org.openapitools", "openapi-generator-cli", "7.17.0")
OAPI_CODEGEN = ("github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen", "v2.8.2")
OAPI_RUNTIME = "github.com/oapi-codegen/runtime@v1.9.0"

# Prices that binary fractions change first, the longest ones, the smallest and the largest.
PRICES = ["0", "0.0001", "0.09", "0.1", "0.3", "1.005", "19.99", "129.90", "4503599627.3705", "8589934592.0001",
          "70368744177.6641", "99999999999.9999"]


@pytest.fixture(scope="module")
def server():
    """One server for all tests here. Each test signs in on its own, since a token lasts ten minutes."""
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def description(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_text(Client(server).get("/openapi.json").text)
    return path


def keeps_money(server, command, cwd=None, **env):
    """The client prints each price twice, sent as a number and as a string, with a stock of 2^53-1."""
    said = run([*command, f"http://127.0.0.1:{server.port}", enrolled(server).token, *PRICES], cwd, **env)
    got = [line.split() for line in said.splitlines()]
    assert [Decimal(price) for price, _ in got] == [Decimal(price) for price in PRICES for _ in range(2)], said
    assert {stock for _, stock in got} == {"9007199254740991"}, said


def generate(language: str, description, into, *properties):
    # Clients should ignore members that a later version adds.
    options = ",".join(["disallowAdditionalPropertiesIfNotPresent=false", *properties])
    run(["java", "-jar", registries.maven(*GENERATOR), "generate", "-g", language, "-i", description, "-o", into,
         "--git-host", "example.org", "--git-user-id", "shop", "--git-repo-id", "integrity",
         f"--additional-properties={options}"])


def test_redocly_finds_nothing(description):
    report = json.loads(run([registries.npm() / "node_modules/.bin/redocly", "lint", "--extends=recommended", "--format=json",
                             description], REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true"))
    assert report["problems"] == [], report["problems"]


# Of the security requirements: OpenAPI 3.1 allows names of roles with every kind of scheme (§4.8.30). Spectral's rule
# knows that of 3.0 only, where a bearer scheme has none; the test below takes its place.
SPECTRAL = 'extends: ["spectral:oas"]\nrules: {oas3-operation-security-defined: off}\n'


def test_every_security_requirement_names_a_scheme_and_a_scope(description):
    document = json.loads(description.read_text())
    schemes = document["components"]["securitySchemes"]
    scopes = set()
    for path in document["paths"].values():
        for operation in path.values():
            for requirement in operation["security"]:
                assert set(requirement) <= set(schemes), operation["operationId"]
                scopes.update(scope for each in requirement.values() for scope in each)
    assert scopes == {"products:read", "stock:write", "products:write", "changes:read", "accounts:read", "accounts:write"}


def test_spectral_finds_nothing(description, tmp_path):
    (tmp_path / "rules.yaml").write_text(SPECTRAL)
    report = run([registries.npm() / "node_modules/.bin/spectral", "lint", "--fail-severity=hint", "--format=json",
                  "--ruleset", tmp_path / "rules.yaml", description])
    assert json.loads(report[:report.rindex("]") + 1]) == [], report


def prices(count: int):
    """Random prices of every length, as the server writes them."""
    chance = random.Random(1)
    for _ in range(count):
        units = chance.randrange(10 ** chance.randint(1, 15))
        yield f"{units // 10000}.{units % 10000:04}"


def test_validators_accept_every_price_and_a_double_keeps_it(description, tmp_path):
    """With multipleOf, validators refuse 0.09, 0.3 and 19.99."""
    schemas = json.loads(description.read_text())["components"]["schemas"]
    kinds = {"request": schemas["Price"], "answer": schemas["Product"]["properties"]["price"]}
    for name, schema in kinds.items():
        (tmp_path / name).write_text(json.dumps(schema))
    texts = PRICES + list(prices(100_000))
    for schema in kinds.values():
        validator = jsonschema.Draft202012Validator(schema)
        assert [text for text in texts if not validator.is_valid(json.loads(text))] == []
    assert [text for text in texts if Decimal(repr(float(text))) != Decimal(text)] == []
    home = registries.npm()
    shutil.copy(CLIENTS / "prices.mjs", home)
    said = run(["sh", "-c", f"node {home}/prices.mjs request answer <prices"], tmp_path) if (
        tmp_path / "prices").write_text("\n".join(texts)) else ""
    assert said.split("\n") == [f"read {len(texts)}", ""], said[:2000]


def test_go_by_openapi_generator(server, description, tmp_path):
    generate("go", description, tmp_path, "packageName=integrity", "withGoMod=true")
    shutil.rmtree(tmp_path / "test")  # needs a module that the client does not need
    (tmp_path / "try").mkdir()
    shutil.copy(CLIENTS / "go.go", tmp_path / "try/main.go")
    run(["go", "vet", "."], tmp_path)
    run(["go", "build", "-o", "client", "./try"], tmp_path)
    keeps_money(server, [tmp_path / "client"])


def test_go_by_oapi_codegen(server, description, tmp_path):
    package = tmp_path / "integrity"
    (package / "try").mkdir(parents=True)
    run([registries.go(*OAPI_CODEGEN), "-generate", "types,client", "-package", "integrity", "-o", package / "integrity.go",
         description])
    shutil.copy(CLIENTS / "oapi.go", package / "try/main.go")
    run(["go", "mod", "init", "example.org/shop/integrity"], package)
    with needed("module of Go"):
        run(["go", "get", OAPI_RUNTIME], package, fetches=True)
        run(["go", "mod", "tidy"], package, fetches=True)
    run(["go", "build", "-o", tmp_path / "client", "./try"], package)
    keeps_money(server, [tmp_path / "client"])


def test_java_by_openapi_generator(server, description, tmp_path):
    generate("java", description, tmp_path, "library=native")
    shutil.copy(CLIENTS / "Main.java", tmp_path / "src/main/java")
    with needed("library of Java"):
        run(["mvn", "-q", "-B", "compile", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath",
             "-Dmdep.outputFile=classpath"], tmp_path, fetches=True)
    path = f"target/classes:{(tmp_path / 'classpath').read_text()}"
    keeps_money(server, ["java", "-cp", path, "Main"], tmp_path)


def compile_typescript(home, folder, *sources):
    (folder / "node_modules").symlink_to(home / "node_modules")
    (folder / "package.json").write_text('{"type":"module"}')
    run([home / "node_modules/.bin/tsc", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler",
         "--lib", "es2022,dom,dom.iterable", "--outDir", "out", *sources], folder)


DECLARE = "declare const process: { argv: string[] };\n"


def test_typescript_by_openapi_typescript(server, description, tmp_path):
    home = registries.npm()
    run([home / "node_modules/.bin/openapi-typescript", description, "-o", tmp_path / "schema.d.ts"])
    (tmp_path / "fetch.ts").write_text(DECLARE + (CLIENTS / "fetch.ts").read_text())
    compile_typescript(home, tmp_path, "fetch.ts")
    keeps_money(server, ["node", "out/fetch.js"], tmp_path)


def test_typescript_by_openapi_generator(server, description, tmp_path):
    generate("typescript-fetch", description, tmp_path / "generated", "importFileExtension=.js")
    (tmp_path / "generator.ts").write_text(DECLARE + (CLIENTS / "generator.ts").read_text().replace("/index'", "/index.js'"))
    compile_typescript(registries.npm(), tmp_path, "generator.ts")
    keeps_money(server, ["node", "out/generator.js"], tmp_path)


def test_python_by_openapi_python_client(server, description, tmp_path):
    programs = registries.python()
    run([programs / "openapi-python-client", "generate", "--path", description, "--meta", "none",
         "--output-path", tmp_path / "integrity"], tmp_path, PATH=f"{programs}:/usr/bin:/bin")
    keeps_money(server, [programs / "python", CLIENTS / "client.py"], tmp_path, PYTHONPATH=str(tmp_path))
