"""Many requests at once: single-use things are spent once, and counters miss nothing."""

import collections

import pytest

from support.accounts import PASSWORD, Account, enrolled, fresh_name, product
from support.http import Client, all_at_once, request_bytes

pytestmark = pytest.mark.concurrent


def statuses(replies) -> dict:
    return dict(collections.Counter(reply.status for reply in replies))


def in_batches(server, requests, target, size=20) -> list:
    """Hashing takes time and its queue is bounded, so requests that only prepare a test are sent in batches."""
    return [reply for begin in range(0, len(requests), size)
            for reply in all_at_once(server, requests[begin:begin + size], target)]


def challenges(account, count: int) -> list[str]:
    """A busy machine may hash so slowly that some get 503; these are sent again."""
    request = request_bytes("POST", "/login", {"username": account.username, "password": account.password})
    made = []
    for _ in range(20):
        replies = in_batches(account.server, [request] * (count - len(made)), "/login", 8)
        assert set(statuses(replies)) <= {200, 503}, statuses(replies)
        made += [reply.json["challenge"] for reply in replies if reply.status == 200]
        if len(made) == count:
            return made
    raise AssertionError(f"{len(made)} of {count} logins after 20 rounds")


def verify_all(account, bodies: list[dict]) -> list:
    return all_at_once(account.server, [request_bytes("POST", "/verify-2fa", body) for body in bodies], "/verify-2fa")


def test_fifty_sign_ups_of_one_name(server):
    name = fresh_name()
    names = [name if i % 2 else name.upper() for i in range(50)]
    replies = all_at_once(server, [request_bytes("POST", "/signup", {"username": n, "password": PASSWORD}) for n in names],
                          "/signup")
    found = statuses(replies)
    assert found[201] == 1 and set(found) <= {201, 409, 503}, found
    assert {r.slug for r in replies if r.status == 409} <= {"username-taken"}


def test_one_code_over_fifty_challenges(server):
    account = enrolled(server)
    tokens = challenges(account, 50)
    code = account.next_code()
    replies = verify_all(account, [{"challenge": challenge, "code": code} for challenge in tokens])
    assert statuses(replies)[200] == 1, statuses(replies)
    assert {r.slug for r in replies if r.status != 200} <= {"code-already-used", "too-many-attempts"}


def test_one_recovery_code_over_fifty_challenges(server):
    account = enrolled(server)
    tokens = challenges(account, 50)
    replies = verify_all(account, [{"challenge": c, "recovery_code": account.recovery_codes[0]} for c in tokens])
    assert statuses(replies) == {200: 1, 401: 49}
    assert account.login().verify(recovery_code=account.recovery_codes[1]).json["recovery_codes_left"] == 8


def test_one_enrolment_confirmed_fifty_times(server):
    account = Account(server).sign_up().scan()
    code = account.next_code()
    replies = verify_all(account, [{"challenge": account.challenge, "code": code}] * 50)
    won = [reply for reply in replies if reply.status == 200]
    assert len(won) == 1 and len(won[0].json["recovery_codes"]) == 10
    assert account.login().verify(recovery_code=won[0].json["recovery_codes"][0]).status == 200


def test_logins_while_the_first_code_is_confirmed(server):
    """A right password is never refused as wrong, although the account changes while it is hashed."""
    for _ in range(10):
        account = Account(server).sign_up().scan()
        login = request_bytes("POST", "/login", {"username": account.username, "password": account.password})
        confirm = request_bytes("POST", "/verify-2fa", {"challenge": account.challenge, "code": account.next_code()})
        replies = all_at_once(server, [login, login, confirm], None)
        assert set(statuses(replies)) <= {200, 503}, replies


def test_two_hundred_wrong_codes_on_one_challenge(server):
    account = enrolled(server).login()
    bodies = [{"challenge": account.challenge, "code": code} for code in account.wrong_codes(200)]
    slugs = collections.Counter(reply.slug for reply in verify_all(account, bodies))
    assert slugs["invalid-code"] <= 5, slugs
    assert slugs["invalid-code"] + slugs["challenge-expired"] == 200, slugs
    assert account.verify().slug == "challenge-expired"


def test_wrong_codes_over_many_challenges_reach_the_accounts_limit(server):
    account = enrolled(server)
    wrong = account.wrong_codes(40)
    bodies = [{"challenge": challenge, "code": code} for challenge, code in zip(challenges(account, 40), wrong)]
    slugs = collections.Counter(reply.slug for reply in verify_all(account, bodies))
    assert slugs == {"invalid-code": 10, "too-many-attempts": 30}


def test_two_puts_with_one_etag(server):
    client = enrolled(server).client
    for _ in range(20):
        lamp = client.post("/products", product()).header("Location")
        requests = [request_bytes("PUT", lamp, {"stock": stock}, token=client.token, headers={"If-Match": '"1"'})
                    for stock in (1, 2)]
        assert statuses(all_at_once(server, requests, lamp)) == {200: 1, 412: 1}


def test_fifty_products_of_one_sku(server):
    client = enrolled(server).client
    request = request_bytes("POST", "/products", product(sku=fresh_name()), token=client.token)
    assert statuses(all_at_once(server, [request] * 50, "/products")) == {201: 1, 409: 49}


def test_a_hundred_updates_are_a_hundred_versions(server):
    client = enrolled(server).client
    lamp = client.post("/products", product()).header("Location")
    requests = [request_bytes("PUT", lamp, {"stock": stock}, token=client.token) for stock in range(100)]
    replies = all_at_once(server, requests, lamp)
    assert sorted(reply.json["version"] for reply in replies) == list(range(2, 102))
    last = max(replies, key=lambda reply: reply.json["version"])
    assert client.get(lamp).json == last.json


def test_readers_see_whole_products_while_others_write(server):
    client = enrolled(server).client
    lamp = client.post("/products", product(name="n1", stock=1)).header("Location")
    requests = []
    for n in range(2, 102):
        requests.append(request_bytes("PUT", lamp, {"name": f"n{n}", "stock": n}, token=client.token))
        requests.append(request_bytes("GET", lamp, token=client.token))
    for reply in in_batches(server, requests, lamp, 50):
        body = reply.json
        assert reply.status == 200 and body["name"] == f"n{body['stock']}"


def test_logout_among_requests(server):
    account = enrolled(server)
    requests = [request_bytes("GET", "/me", token=account.token)] * 30
    requests.insert(15, request_bytes("POST", "/logout", token=account.token))
    assert set(statuses(all_at_once(server, requests, None))) <= {200, 204, 401}
    assert Client(server, account.token).get("/me").status == 401
