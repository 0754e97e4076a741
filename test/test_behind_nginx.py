"""README, "Behind nginx on one machine": the configuration as it is, and what the server says if parts of it are
missing."""

import pathlib
import re

import pytest

from support.accounts import PASSWORD
from support.http import Client
from support.logs import events
from support.server import Server
from test_cluster import Balancer, nginx_site

pytestmark = pytest.mark.embedded

README = pathlib.Path(__file__).parent.parent / "README.md"
ADA = {"username": "ada", "password": PASSWORD}


def behind_nginx(server, folder) -> Balancer:
    return Balancer(folder, nginx_site(README), ("127.0.0.1:8080", f"127.0.0.1:{server.port}"))


def test_the_configuration_in_the_readme_works(tmp_path):
    options = re.search(r"^integrity serve (.*--trusted-proxies.*)$", README.read_text(), re.M)[1].split()
    with Server(*options) as server:
        nginx = behind_nginx(server, tmp_path)
        try:
            assert nginx.ask("GET", "/readyz", Host="example.org")[0] == 200
            status, _, body = nginx.ask("POST", "/signup", ADA)
            assert (status, body["type"]) == (403, "/problems/signup-closed")
            assert not events(server, "proxy.untrusted")
        finally:
            nginx.process.terminate()
            nginx.process.wait()


def test_an_unnamed_proxy_is_logged_and_sign_up_through_it_is_closed(tmp_path):
    """The server took proxied requests for local ones: sign-up was open to the world, without a warning."""
    with Server("--hosts", "example.org") as server:
        nginx = behind_nginx(server, tmp_path)
        try:
            for _ in range(3):
                status, _, body = nginx.ask("POST", "/signup", ADA, Host="example.org")
                assert (status, body["type"]) == (403, "/problems/signup-closed")
        finally:
            nginx.process.terminate()
            nginx.process.wait()
        assert [event["address"] for event in events(server, "proxy.untrusted")] == ["127.0.0.1"], "logged once"
        assert "--signup" in events(server, "signup.unnamed")[0]["cure"]
        assert Client(server).post("/signup", ADA).status == 201, "a client on this machine itself may still sign up"


@pytest.mark.parametrize("header", ["Forwarded: for=192.0.2.7", "X-Forwarded-Proto: https", "x-real-ip: 192.0.2.7", "Via: 1.1 x"])
@pytest.mark.parametrize("options, status", [([], 403), (["--signup", "open"], 201), (["--trusted-proxies", "127.0.0.1"], 201)])
def test_sign_up_through_an_unnamed_proxy_needs_the_option(header, options, status):
    name, value = header.split(": ")
    with Server(*options) as server:
        assert Client(server).post("/signup", ADA, headers={name: value}).status == status
        assert len(events(server, "proxy.untrusted")) == (0 if "--trusted-proxies" in options else 1)
