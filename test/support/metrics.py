"""Reads /metrics of a server, with Prometheus' own parser for Python."""

import http.client
import json

from prometheus_client.parser import text_string_to_metric_families

LISTEN = ("--metrics-listen", "127.0.0.1:0")


def metrics_port(server) -> int:
    """Where the log says that the metrics are."""
    lines = [json.loads(line) for line in server.log.splitlines() if '"metrics.listening"' in line]
    return int(lines[-1]["port"])


def ask(server, target: str = "/metrics", method: str = "GET", timeout: float = 10, headers: dict | None = None):
    connection = http.client.HTTPConnection("127.0.0.1", metrics_port(server), timeout=timeout)
    connection.request(method, target, headers=headers or {})
    response = connection.getresponse()
    response.text = response.read().decode()
    connection.close()
    return response


def page(server, timeout: float = 10) -> str:
    response = ask(server, timeout=timeout)
    assert response.status == 200, response.text
    return response.text


class Metrics:
    """One page. `m("integrity_logins_total", outcome="right")` is the sum of the samples with these labels."""

    def __init__(self, text: str):
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def __call__(self, name: str, **labels) -> float:
        found = [sample.value for sample in self.samples
                 if sample.name == name and labels.items() <= sample.labels.items()]
        assert found, f"there is no {name}{labels}"
        return sum(found)

    @property
    def series(self) -> set:
        """The name and labels of every sample."""
        return {(sample.name, tuple(sorted(sample.labels.items()))) for sample in self.samples}

    @property
    def labels(self) -> dict:
        """Name of a sample -> label -> its values."""
        found: dict = {}
        for sample in self.samples:
            values = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                values.setdefault(label, set()).add(value)
        return found


def metrics(server) -> Metrics:
    return Metrics(page(server))


class Since:
    """What has been added to counters: `since = Since(server)`, …, `since("integrity_logins_total", outcome="right")`."""

    def __init__(self, server):
        self.server = server
        self.before = metrics(server)

    def __call__(self, name: str, **labels) -> float:
        return metrics(self.server)(name, **labels) - self.before(name, **labels)
