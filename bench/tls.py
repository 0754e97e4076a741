"""What TLS costs: `tls.py build/release/integrity`.

(m) GET of a product over TLS 1.3, connections kept alive, next to nginx sending the same bytes from a file with the same
    certificate;
(n) full handshakes by `openssl s_time`, next to nginx, with a P-256 and with an RSA-2048 certificate.

Servers run on core 0, clients on core 1. They take turns in each round; figures are medians. Clients of one core may be
slower than the server in (n): then its CPU time says more than the rate.
"""

import pathlib
import re
import statistics
import subprocess
import tempfile

import run
from run import Nginx, Pinned, cpu_seconds, on_core, raw_reply, table, wrk
from support.accounts import enrolled
from support.certificates import Certificate, trusting
from support.mongod import free_port

ROUNDS = 5
DIALLERS = 4  # of s_time, each with one connection at a time


class TlsNginx(Nginx):
    """With a second listener, which has the certificate."""

    def __init__(self, folder: pathlib.Path, target: str, reply: bytes, certificate: Certificate):
        folder.mkdir()
        self.tls_port = free_port()
        super().__init__(folder, target, reply, f"listen 127.0.0.1:{self.tls_port} ssl reuseport; ssl_certificate {certificate.path}; "
                         f"ssl_certificate_key {certificate.key_path}; ssl_protocols TLSv1.2 TLSv1.3;")


def both(certificate: Certificate, measure) -> tuple[dict, dict]:
    """Results of measure(port, pid, target, token) by server, and the bytes of its response."""
    results: dict = {"integrity": [], "nginx": []}
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name, Pinned(*certificate.options) as server:
        pathlib.Path(name).chmod(0o755)
        account = enrolled(server)
        target = account.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5, "sku": "L-1",
                                                   "description": "A lamp for the desk."}).header("Location")
        trust = trusting(certificate.path)
        reply = raw_reply(server.port, target, account.token, trust)
        nginx = TlsNginx(pathlib.Path(name) / "nginx", target, reply, certificate)
        try:
            for _ in range(ROUNDS):
                for who, port, pid in (("integrity", server.port, server.process.pid), ("nginx", nginx.tls_port, nginx.worker)):
                    results[who].append(measure(port, pid, target, account.token))
            sizes = {"integrity": len(reply), "nginx": len(raw_reply(nginx.tls_port, target, "x", trust))}
        finally:
            nginx.stop()
    return {who: [statistics.median(column) for column in zip(*rounds)] for who, rounds in results.items()}, sizes


def reads(port: int, pid: int, target: str, token: str) -> tuple[float, float]:
    before = cpu_seconds(pid)
    rate, count = wrk("get.lua", f"https://127.0.0.1:{port}{target}", 32, 4, TOKEN=token)
    return rate, (cpu_seconds(pid) - before) / count * 1e6


def handshakes(port: int, pid: int, _target: str, _token: str) -> tuple[float, float]:
    before = cpu_seconds(pid)
    dialling = [subprocess.Popen(on_core(1, "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-tls1_3", "-time", 4),
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(DIALLERS)]
    said = [process.communicate()[0] for process in dialling]
    counts = [re.search(r"(\d+) connections in (\d+) real seconds", each) for each in said]
    if not all(counts):
        raise SystemExit(f"s_time failed:\n{said}")
    count = sum(int(each[1]) for each in counts)
    return sum(int(each[1]) / int(each[2]) for each in counts), (cpu_seconds(pid) - before) / count * 1e6


def show(title: str, unit: str, medians: dict, sizes: dict | None = None) -> None:
    (ours, our_cpu), (theirs, their_cpu) = medians["integrity"], medians["nginx"]
    rows = [("", f"{unit}/s", f"CPU µs/{unit[:-1]}", "bytes/response")]
    rows += [(who, f"{rate:.0f}", f"{cpu:.2f}", sizes[who] if sizes else "") for who, (rate, cpu) in medians.items()]
    rows += [("ratio to nginx (more is better)", f"{ours / theirs:.2f}", f"{their_cpu / our_cpu:.2f}", "")]
    table(title, rows if sizes else [row[:3] for row in rows])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        p256, rsa = Certificate(folder, "p256"), Certificate(folder, "rsa", rsa_bits=2048)
        show("(m) GET /products/<pid> over TLS 1.3, kept alive; nginx sends the same bytes from a file. 32 connections, "
             f"{ROUNDS} rounds of 4 s", "requests", *both(p256, reads))
        for kind, certificate in (("P-256", p256), ("RSA-2048", rsa)):
            show(f"(n) full handshakes, TLS 1.3, {kind}; {DIALLERS} clients, {ROUNDS} rounds of 4 s", "handshakes",
                 both(certificate, handshakes)[0])


if __name__ == "__main__":
    run.facts()
    main()
