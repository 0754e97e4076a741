"""A request and its response as text: values that differ each time are in angle brackets, headers of every response are
left out, JSON is indented."""

import json
import re

from .openapi import EVERYWHERE

MASKS = [
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<access_token>"),
    (r"\bdik_[0-9A-Za-z]{49}\b", "<key>"),
    (r"(?<=Bearer )[\w-]{43}\b", "<challenge>"),
    (r'(?<="challenge": ")[\w-]{43}(?=")', "<challenge>"),
    (r'(?<="code": ")[0-9]{6}(?=")', "<code>"),
    (r"(?<=X-Request-Id: )\S+", "<request_id>"),
    (r'(?<="request_id": ")[^"]+', "<request_id>"),
    (r"(?<=Retry-After: )[0-9]+", "<seconds>"),
    (r"(?<=wait )[0-9]+(?= s )", "<seconds>"),
    (r"(?<=/)[0-9a-f]{24}\b", "<id>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "<time>"),
    (r"x{100,}", lambda run: f"x… ({len(run[0])} times)"),
]


def of(request: bytes, reply) -> str:
    head, _, body = request.decode().partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not (body and line.startswith("Content-Length:"))]
    lines += ["", body] if body else []
    lines += ["", f"HTTP/1.1 {reply.status} {reply.reason}"]
    lines += [f"{name}: {value}" for name, value in reply.headers
              if name.lower() not in EVERYWHERE - {"content-type", "connection", "cache-control"}]
    lines += ["", json.dumps(json.loads(reply.body), indent=2, ensure_ascii=False)]
    text = "\n".join(lines) + "\n"
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text
