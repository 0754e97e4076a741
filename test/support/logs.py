"""What a server logged, and waiting for it."""

import json
import time


def events(server, name: str) -> list:
    return [each for each in map(json.loads, server.log.splitlines()) if each["event"] == name]


def wait_for(condition, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_events(server, name: str, count: int) -> list:
    """Until there are so many; all that there are."""
    wait_for(lambda: len(events(server, name)) >= count)
    return events(server, name)
