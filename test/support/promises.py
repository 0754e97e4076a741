"""What the server promises of every response, and, with openapi.py, what it declares of each."""

import json
import re

from . import openapi

# Slug -> status. Clients are written against these: later ones are added, none is renamed.
SLUGS = {
    "bad-request": 400, "request-timeout": 408, "headers-too-large": 431, "not-implemented": 501,
    "malformed-json": 400, "invalid-value": 422, "weak-password": 422, "username-taken": 409, "signup-closed": 403,
    "sku-taken": 409, "invalid-credentials": 401, "invalid-code": 401, "code-already-used": 401,
    "challenge-expired": 401, "enrolment-required": 403, "already-enrolled": 409, "factor-disabled": 403,
    "invalid-token": 401, "forbidden": 403, "not-found": 404, "method-not-allowed": 405, "not-acceptable": 406,
    "unsupported-media-type": 415, "payload-too-large": 413, "misdirected-request": 421, "precondition-failed": 412,
    "precondition-required": 428, "idempotency-key-reused": 422, "idempotency-in-progress": 409,
    "insufficient-stock": 409, "too-many-attempts": 429, "overloaded": 503, "unavailable": 503, "internal": 500,
    "proof-required": 401, "last-admin": 409, "limit-reached": 409,
}
ACCOUNT = re.compile(r"/(signup|login|verify-2fa|logout|me|generate-2fa|token|reset-password|users|invitations)(/|\?|$)")
TOO_LITTLE = re.compile(r'Bearer error="insufficient_scope"(, scope="[a-z:]+")?')
CSP = "default-src 'none'; frame-ancestors 'none'"
TELLTALE = re.compile(rb"\.cpp|terminate|std::|Traceback|SQLITE|sqlite|errno|0x[0-9a-f]{6,}")


def check(server, reply) -> None:
    try:
        _headers(server, reply)
        if reply.status >= 400:
            _problem(reply)
        elif reply.body and reply.header("Content-Type").startswith("application/json"):
            json.loads(reply.text, object_pairs_hook=_no_duplicates)
        if reply.target is not None and not answers_options(reply):
            openapi.check(server, reply)
    except AssertionError as broken:
        raise AssertionError(f"{broken}\nin the response {reply}\n{reply.headers}") from broken


def answers_options(reply) -> bool:
    """Whether it answers OPTIONS, which is not an operation of the API."""
    return (reply.method, reply.status) == ("OPTIONS", 204)


def allows_origins(server) -> bool:
    return "--cors-origins" in server.options


def hsts(server) -> str | None:
    """Strict-Transport-Security: with TLS only."""
    if not getattr(server, "tls", False):
        return None
    how = server.options[server.options.index("--hsts") + 1] if "--hsts" in server.options else "all"
    return {"off": None, "host": "max-age=31536000", "all": "max-age=31536000; includeSubDomains"}[how]


def _headers(server, reply) -> None:
    header = reply.header
    assert re.fullmatch(r"[!-~]{8,128}", header("X-Request-Id") or ""), "X-Request-Id"
    assert header("X-Content-Type-Options") == "nosniff"
    assert header("Referrer-Policy") == "no-referrer"
    assert header("Cross-Origin-Resource-Policy") == "same-origin"
    assert header("Strict-Transport-Security") == hsts(server), "Strict-Transport-Security"
    policy = header("Content-Security-Policy") or ""
    if (header("Content-Type") or "").startswith("text/html"):
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
        assert "charset=utf-8" in header("Content-Type").lower()
    else:
        assert policy == CSP, f"Content-Security-Policy: {policy}"
    for name, _ in reply.headers:
        assert name.lower() not in ("server", "x-powered-by", "set-cookie"), name
        assert allows_origins(server) or not name.lower().startswith("access-control-"), name
    assert 200 <= reply.status < 600
    assert reply.status != 500 or server.damaged, "an internal error"
    challenge = header("WWW-Authenticate")
    if reply.status == 401:
        assert re.match(r"Bearer\b", challenge or ""), "WWW-Authenticate belongs to 401"
    elif challenge is not None:
        assert reply.status == 403 and TOO_LITTLE.fullmatch(challenge), f"WWW-Authenticate: {challenge}"
    if reply.status in (429, 503):
        assert re.fullmatch(r"[1-9][0-9]*", header("Retry-After") or ""), "Retry-After"
    if not answers_options(reply):
        assert (reply.status == 405) == (header("Allow") is not None), "Allow belongs to 405"
    if reply.target and ACCOUNT.match(reply.target) and reply.status not in (404, 405):
        assert header("Cache-Control") == "no-store", f"Cache-Control: {header('Cache-Control')}"
    if reply.status == 204:
        assert header("Content-Type") is None and header("Content-Length") is None


def _problem(reply) -> None:
    assert reply.header("Content-Type") == "application/problem+json", reply.header("Content-Type")
    if reply.method == "HEAD":
        return
    problem = json.loads(reply.text, object_pairs_hook=_no_duplicates)
    assert {"type", "title", "status", "detail", "request_id"} <= set(problem) <= {
        "type", "title", "status", "detail", "request_id", "errors"}, sorted(problem)
    slug = problem["type"].removeprefix("/problems/")
    assert problem["type"] == f"/problems/{slug}" and slug in SLUGS, problem["type"]
    assert problem["status"] == reply.status == SLUGS[slug]
    assert problem["title"] and problem["detail"]
    assert problem["request_id"] == reply.header("X-Request-Id")
    assert not TELLTALE.search(reply.body), "an error shows internals"
    for error in problem.get("errors", []):
        assert set(error) in ({"pointer", "detail"}, {"parameter", "detail"}), error
        assert error["detail"]
        assert error.get("pointer", "#/").startswith("#"), error
    if slug == "invalid-value":
        assert problem.get("errors"), "422 without errors"


def _no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a member twice: {names}"
    return dict(pairs)
