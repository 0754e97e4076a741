"""The example clients and the example program, as shown at /docs, on a real server."""

import html
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from support.accounts import admin_of, enrolled, fresh_name, product
from support.server import Server, environment

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
RUN = {"client.sh": ["/bin/sh"], "client.py": ["/usr/bin/python3"],
       "client.mjs": [shutil.which("node") or shutil.which("nodejs") or "node"]}
PROGRAM = "program.py"
ALL = [*sorted(RUN), PROGRAM]
PASSWORD = r'two "quoted" \words'


def command(name) -> list:
    return [*RUN.get(name, ["/usr/bin/python3"]), EXAMPLES / name]


def is_trace(text: str) -> bool:
    return "Traceback" in text or re.search(r"^ +at ", text, re.M) is not None


def run(name, server, *arguments, stdin="", **variables):
    return subprocess.run([*command(name), f"http://127.0.0.1:{server.port}", *arguments], input=stdin,
                          capture_output=True, text=True, timeout=60, env=environment(**variables))


@pytest.mark.parametrize("name", sorted(RUN))
def test_the_first_time_it_signs_up(server, name):
    done = run(name, server, fresh_name("new"), "sign-up", INTEGRITY_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Secret for your authenticator: [A-Z2-7]{32}\b", done.stdout)
    assert len(re.findall(r"\b[0-9A-Z]{24}\b", done.stdout)) == 10, "recovery codes, this once"
    assert "129.90" in done.stdout


@pytest.mark.parametrize("name", sorted(RUN))
def test_after_that_it_logs_in_and_money_stays_exact(server, name):
    account = enrolled(server, password=PASSWORD)
    account.client.post("/products", product(name="Dear", price="99999999999.9999", stock=1))
    account.step()  # so that the program uses the code of this step
    done = run(name, server, account.username, INTEGRITY_PASSWORD=PASSWORD, INTEGRITY_TOTP_SECRET=account.secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Secret" not in done.stdout and "ecovery" not in done.stdout
    assert "129.90" in done.stdout and "99999999999.9999" in done.stdout
    if name != "client.sh":  # it does not add up prices
        products = account.client.get("/products").body.decode()
        total = sum(int(price.replace(".", "").ljust(len(price.split(".")[0]) + 4, "0")) * int(stock) for price, stock in
                    re.findall(r'"price":([0-9.]+),.*?"stock":([0-9]+)', products))
        shown = re.search(r"In all: ([0-9]+)\.([0-9]+)", done.stdout)
        assert int(shown[1] + shown[2].ljust(4, "0")) == total


@pytest.mark.parametrize("name", ["client.py", "client.mjs"])
def test_it_asks_for_what_is_not_in_the_environment(server, name):
    account = enrolled(server, password=PASSWORD)
    done = run(name, server, account.username, stdin=account.next_code() + "\n", INTEGRITY_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Code: " in done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(RUN))
def test_a_refusal_is_shown_in_the_servers_words(server, name):
    done = run(name, server, enrolled(server).username, INTEGRITY_PASSWORD="another password")
    assert done.returncode != 0 and "password" in done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(RUN))
def test_the_errors_of_a_422_are_shown(server, name):
    done = run(name, server, fresh_name("new"), "sign-up", INTEGRITY_PASSWORD="password1")
    assert done.returncode == 1 and "#/password" in done.stderr and "common" in done.stderr, done
    assert not is_trace(done.stderr)


@pytest.mark.parametrize("name", ALL)
def test_without_arguments_it_says_how_it_is_called(name):
    done = subprocess.run([*command(name)], capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode in (1, 2) and re.fullmatch(r"Usage: .* URL .*\n", done.stderr), done


@pytest.mark.parametrize("name", ALL)
def test_where_no_server_answers_it_says_so_in_a_line(name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    arguments = [] if name == PROGRAM else ["ada"]
    done = subprocess.run([*command(name), nobody, *arguments], input="", capture_output=True, text=True, timeout=60,
                          env=environment(INTEGRITY_PASSWORD=PASSWORD, INTEGRITY_KEY="dik_"))
    assert done.returncode in (1, 2) and nobody.rpartition(":")[2] in done.stderr, done
    assert len(done.stderr.splitlines()) == 1 and not is_trace(done.stderr), done


def test_the_docs_show_all_of_them(stranger):
    assert {path.name for path in EXAMPLES.iterdir()} == {*RUN, PROGRAM}
    page = html.unescape(stranger.get("/docs").text)
    for name in RUN:
        assert (EXAMPLES / name).read_text() in page, name
        assert "correct horse" not in page.split("A whole client")[1].split("</pre>")[0], "no password is published"
    assert (EXAMPLES / PROGRAM).read_text() in page.split("A program with a key")[1]


# The program with a key.

def deliver(server, key: str, lines: str):
    return subprocess.run([*command(PROGRAM), f"http://127.0.0.1:{server.port}"], input=lines, capture_output=True,
                          text=True, timeout=60, env=environment(INTEGRITY_KEY=key))


@pytest.fixture(scope="module")
def shop():
    with Server("--api-keys", clock=True) as server:
        admin = admin_of(server)
        for sku, stock in (("L-1", 5), ("B/2", 0)):
            assert admin.client.post("/products", product(name=sku, sku=sku, stock=stock)).status == 201
        yield admin


def stocks(admin) -> dict:
    return {each["sku"]: each["stock"] for each in admin.client.get("/products").json}


def test_the_program_adds_deliveries_and_may_be_run_again(shop):
    key = shop.make_key("products:read", "stock:write")["key"]
    before = stocks(shop)
    lines = "L-1,20,order 4711\n\nB/2,3,order 4711\nL-1,-2,broken in transit\n\n"
    done = deliver(shop.server, key, lines)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.splitlines() == [f"L-1 {before['L-1'] + 20}", f"B/2 {before['B/2'] + 3}", f"L-1 {before['L-1'] + 18}"]
    after = stocks(shop)
    assert deliver(shop.server, key, lines).returncode == 0
    assert stocks(shop) == after, "no line was done twice"
    history = shop.client.get(f"/products/{shop.client.get('/products?sku=L-1').json[0]['id']}/history").json
    assert [each["reference"] for each in history[:2]] == ["broken in transit", "order 4711"]
    assert history[0]["actor"]["key"]["id"]


def test_the_program_says_what_is_wrong(shop):
    made = shop.make_key("products:read", "stock:write")
    for key, lines, words in ((made["key"], "X-9,1,order 1\n", "no product has the sku x-9"),
                              (made["key"], "B/2,-1000,order 2\n", "stock"),
                              (shop.make_key("products:read")["key"], "", "stock:write"),
                              (made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B"), "", "not accepted")):
        done = deliver(shop.server, key, lines)
        assert done.returncode != 0 and words in done.stderr.lower(), done
        assert key not in done.stdout + done.stderr
    assert shop.client.delete(f"/me/keys/{made['id']}").status == 204
    assert deliver(shop.server, made["key"], "L-1,1,order 3\n").returncode != 0
