"""POST /token/refresh: how long a session lives, each refresh token once, and what happens when one is sent again."""

import collections
import random
import re
import time

import jwt
import pytest

from support.accounts import Account, enrolled
from support.http import Client, Connection, all_at_once, request_bytes
from support.model.world import rfc3339
from support.server import Server, run

GRACE = 10  # seconds in which the token before the current one gets the same successor again
IDLE, LONGEST = 1800, 12 * 3600
ALTERED = {"A": "B"}


@pytest.fixture
def account(clocked):
    return enrolled(clocked)


def is_refused(reply) -> bool:
    return (reply.status, reply.slug) == (401, "invalid-token")


def is_over(account, *refresh_tokens) -> bool:
    """Neither the access token nor any of the refresh tokens works."""
    client = Client(account.server)
    return is_refused(client.get("/me", token=account.token)) and all(
        is_refused(client.post("/token/refresh", {"refresh_token": token})) for token in refresh_tokens)


def expiry(token: str) -> int:
    return jwt.decode(token, options={"verify_signature": False})["exp"]


def ends_of_sessions(account) -> list:
    """The ends of sessions in the account's history, oldest first; read with a new session."""
    account.server.move_clock(90)
    account.sign_in()
    changes = account.client.get("/me/history").json
    return [change for change in reversed(changes) if change["op"] == "session.end"]


# What is given.

def test_the_second_step_gives_a_refresh_token(account):
    reply = account.login().verify()
    assert set(reply.json) == {"access_token", "token_type", "expires_in", "user", "recovery_codes_left", "role", "scope",
                               "refresh_token", "refresh_expires_in"}
    assert (reply.json["expires_in"], reply.json["refresh_expires_in"]) == (600, IDLE)
    assert len(reply.json["refresh_token"]) >= 43, "256 bits"
    assert reply.json["role"] == "admin", "the first account"
    assert set(reply.json["scope"].split(" ")) == {"products:read", "stock:write", "products:write", "changes:read",
                                                   "accounts:read", "accounts:write"}


def test_a_refresh_gives_the_next_tokens_of_the_same_session(account):
    before, session = account.refresh_token, account.client.get("/me").json["session"]
    account.server.move_clock(60)
    reply = account.refresh()
    assert reply.status == 200
    assert set(reply.json) == {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "scope",
                               "role", "user"}
    assert (reply.json["token_type"], reply.json["expires_in"], reply.json["refresh_expires_in"]) == ("Bearer", 600, IDLE)
    assert reply.json["refresh_token"] != before
    assert set(reply.json["user"]) == {"id", "username", "name", "created_at"}
    assert reply.json["user"]["username"] == account.username
    now = account.client.get("/me").json["session"]
    assert (now["id"], now["created_at"], now["amr"]) == (session["id"], session["created_at"], session["amr"])


def test_amr_stays_what_it_was(account):
    account.login().verify(recovery_code=account.recovery_codes[0])
    account.refresh()
    assert jwt.decode(account.token, options={"verify_signature": False})["amr"] == ["pwd", "recovery"]
    assert account.client.get("/me").json["session"]["amr"] == ["pwd", "recovery"]


# How long it lives.

def test_a_session_ends_when_it_was_not_refreshed_for_half_an_hour(account):
    account.server.move_clock(IDLE - 1)
    assert account.refresh().status == 200, "before the first refresh, idle time counts from the beginning"
    account.server.move_clock(IDLE - 1)
    assert account.refresh().status == 200
    last = account.refresh_token
    account.server.move_clock(IDLE + 1)
    assert is_over(account, last)


def test_a_session_that_was_never_refreshed_ends_after_half_an_hour(account):
    account.server.move_clock(IDLE + 1)
    assert is_over(account, account.refresh_token)


def test_reading_does_not_keep_a_session_alive(account):
    for _ in range(3):
        account.server.move_clock(590)
        account.client.get("/products")
    account.server.move_clock(IDLE - 3 * 590 + 1)
    assert is_over(account, account.refresh_token)


def test_a_session_ends_after_twelve_hours_at_the_latest(account):
    begun = int(account.server.now())
    while account.server.now() + IDLE < begun + LONGEST:
        account.server.move_clock(IDLE - 100)
        reply = account.refresh()
        assert reply.status == 200
        left = begun + LONGEST - int(account.server.now())
        assert reply.json["refresh_expires_in"] == min(IDLE, left)
        assert expiry(account.token) == int(account.server.now()) + min(600, left)
    account.server.set_clock(begun + LONGEST - 1)
    assert account.refresh().status == 200
    last = account.refresh_token
    account.server.move_clock(2)
    assert is_over(account, last)


def test_an_access_token_never_outlives_its_session():
    with Server("--session-idle", "40m", "--session-max", "1h", clock=True) as server:
        account = enrolled(server)
        end = int(server.now()) + 3600
        server.move_clock(35 * 60)
        reply = account.refresh()
        assert (reply.json["expires_in"], reply.json["refresh_expires_in"]) == (600, 25 * 60)
        server.move_clock(20 * 60)
        reply = account.refresh()
        assert (reply.json["expires_in"], reply.json["refresh_expires_in"]) == (300, 300)
        assert expiry(account.token) == end
        assert account.client.get("/me").json["session"]["expires_at"] == rfc3339(end)
        last = account.refresh_token
        server.move_clock(299)
        assert account.client.get("/me").status == 200
        server.move_clock(2)
        assert is_over(account, last)


def test_idle_may_be_longer_than_the_longest_life():
    with Server("--session-idle", "24h", "--session-max", "20m", clock=True) as server:
        account = enrolled(server)
        assert account.login().verify().json["refresh_expires_in"] == 1200
        server.move_clock(1199)
        assert account.refresh().status == 200
        last = account.refresh_token
        server.move_clock(2)
        assert is_over(account, last)


def test_ten_minutes_at_most_is_the_classic_behaviour():
    with Server("--session-max", "10m", clock=True) as server:
        account = enrolled(server)
        reply = account.login().verify()
        assert not {"refresh_token", "refresh_expires_in"} & set(reply.json)
        assert (reply.json["expires_in"], reply.json["role"]) == (600, "admin")
        assert "products:write" in reply.json["scope"].split(" ")
        assert is_refused(account.client.post("/token/refresh", {"refresh_token": "x" * 70}))
        server.move_clock(601)
        assert is_refused(account.client.get("/me"))


@pytest.mark.parametrize("option, value", [("--session-idle", "9m"), ("--session-idle", "25h"), ("--session-max", "9m"),
                                           ("--session-max", "8d"), ("--session-max", "soon")])
def test_lives_out_of_range_are_refused_at_start(tmp_path, option, value):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", option, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr


@pytest.mark.parametrize("idle, longest", [("10m", "7d"), ("24h", "10m"), ("24h", "7d")])
def test_the_ends_of_the_ranges_are_accepted(idle, longest):
    with Server("--session-idle", idle, "--session-max", longest) as server:
        assert Client(server).get("/healthz").status == 200


# Each token once.

def test_the_same_again_within_ten_seconds_gives_the_same_successor(account):
    first = account.refresh_token
    account.server.move_clock(60)
    answered = account.refresh(first)
    sessions = account.client.get("/me/sessions").json
    account.server.move_clock(GRACE - 1)
    again = account.refresh(first)
    assert again.status == 200
    assert again.json["refresh_token"] == answered.json["refresh_token"]
    assert again.json["refresh_expires_in"] == IDLE - (GRACE - 1), "what is left"
    assert account.client.get("/me").status == 200
    assert account.client.get("/me/sessions").json == sessions, "no time moves"
    assert account.refresh().status == 200, "the successor works once"


def test_repeating_does_not_prolong_the_ten_seconds(account):
    first = account.refresh_token
    account.refresh(first)
    account.server.move_clock(6)
    assert account.refresh(first).status == 200
    account.server.move_clock(5)
    assert is_refused(account.refresh(first))


def test_the_same_after_ten_seconds_ends_the_session(account):
    first = account.refresh_token
    account.server.move_clock(60)
    successor = account.refresh(first).json["refresh_token"]
    account.server.move_clock(GRACE + 1)
    assert is_refused(account.refresh(first))
    assert is_over(account, first, successor)


def test_the_same_after_its_successor_was_used_ends_the_session(account):
    first = account.refresh_token
    second = account.refresh(first).json["refresh_token"]
    third = account.refresh(second).json["refresh_token"]
    account.server.move_clock(2)
    assert is_refused(account.refresh(first)), "also within the ten seconds"
    assert is_over(account, first, second, third)


def test_the_one_before_the_current_one_is_still_good_when_older_ones_exist(account):
    account.refresh()
    second = account.refresh_token
    third = account.refresh(second).json["refresh_token"]
    assert account.refresh(second).json["refresh_token"] == third


def test_reuse_is_logged_and_recorded_without_an_actor(account):
    first = account.refresh_token
    session = account.client.get("/me").json["session"]["id"]
    account.refresh(first)
    account.server.move_clock(GRACE + 1)
    assert is_refused(account.refresh(first))
    assert '"event":"session.reused"' in account.server.log
    [end] = ends_of_sessions(account)
    assert (end["reason"], end["actor"]) == ("session.reused", None)
    assert session in str(end)
    assert first not in account.server.log


def test_a_token_of_a_session_that_has_ended_is_plainly_refused(account):
    first = account.refresh_token
    account.refresh(first)
    assert account.client.post("/logout").status == 204
    account.server.move_clock(GRACE + 1)
    for token in (first, account.refresh_token):
        assert is_refused(account.refresh(token))
    assert '"session.reused"' not in account.server.log
    ends = ends_of_sessions(account)
    assert [(end["reason"] == "session.reused", end["actor"]["id"]) for end in ends] == [(False, account.id)]


def test_a_thief_who_uses_the_token_first_is_found(account):
    """The owner's next refresh ends the session of both."""
    stolen = account.refresh_token
    thief = Client(account.server)
    theirs = thief.post("/token/refresh", {"refresh_token": stolen}).json
    account.server.move_clock(600)
    assert is_refused(account.refresh(stolen))
    assert is_refused(thief.get("/me", token=theirs["access_token"]))
    assert is_refused(thief.post("/token/refresh", {"refresh_token": theirs["refresh_token"]}))


def test_another_session_of_the_account_goes_on(account):
    other = Account(account.server, account.username)
    other.secret, other.last_step = account.secret, account.last_step
    other.sign_in()
    first = account.refresh_token
    account.refresh(first)
    account.server.move_clock(GRACE + 1)
    assert is_refused(account.refresh(first))
    assert other.client.get("/me").status == 200
    assert other.refresh().status == 200


# What is refused.

def test_every_refused_token_gets_the_same_bytes(account):
    client = Client(account.server)
    good = account.refresh_token
    middle = len(good) // 2
    others = {"ended": enrolled(account.server), "expired": enrolled(account.server)}
    others["ended"].client.post("/logout")
    account.server.move_clock(IDLE + 1)
    account.sign_in()
    good = account.refresh_token
    tokens = {"unknown": ("A" if good[0] != "A" else "B") + good[1:], "empty": "", "short": good[:-1], "long": good + "A",
              "altered": good[:middle] + ALTERED.get(good[middle], "A") + good[middle + 1:], "padded": good + "=",
              "spaced": good + " ", "no ASCII": "é" * 40, "NUL": good + "\0", "huge": "A" * 60000,
              "access token": account.token, "zeros": "A" * len(good),
              **{why: each.refresh_token for why, each in others.items()}}
    seen = collections.defaultdict(list)
    for why, token in tokens.items():
        reply = client.post("/token/refresh", {"refresh_token": token})
        assert is_refused(reply), why
        body = reply.json | {"request_id": ""}
        headers = [(name, value) for name, value in reply.headers
                   if name.lower() not in ("date", "x-request-id", "content-length")]
        seen[str((body, headers, len(reply.body)))].append(why)
    assert len(seen) == 1, seen
    assert account.refresh(good).status == 200, "and none of them did anything"


def test_no_character_of_a_token_can_be_changed(account):
    client = Client(account.server)
    good = account.refresh_token
    for at in range(len(good)):
        for other in ("A", "B", "_"):
            if other != good[at]:
                assert is_refused(client.post("/token/refresh", {"refresh_token": good[:at] + other + good[at + 1:]})), at
    assert account.refresh(good).status == 200


@pytest.mark.parametrize("body, pointers", [({}, {"#/refresh_token"}), ({"refresh_token": None}, {"#/refresh_token"}),
                                            ({"refresh_token": 5}, {"#/refresh_token"}),
                                            ({"refresh_token": ["x"]}, {"#/refresh_token"}),
                                            ({"refresh_token": "x", "scope": "products:read"}, {"#/scope"})])
def test_a_malformed_request_is_422(stranger, body, pointers):
    reply = stranger.post("/token/refresh", body)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_it_is_never_accepted_in_another_place(account):
    client, token = Client(account.server), account.refresh_token
    assert is_refused(client.get("/me", token=token))
    assert is_refused(client.get("/products", token=token))
    assert client.get(f"/generate-2fa/{account.username}", token=token).status == 401
    assert client.post("/verify-2fa", {"challenge": token, "code": "123456"}).slug == "challenge-expired"
    assert account.refresh(token).status == 200


def test_the_authorization_header_is_not_read(account):
    for headers in ({"Authorization": "Bearer junk"}, {"Authorization": "Basic x"}):
        assert account.refresh(headers=headers).status == 200


# What ends a session ends its refresh tokens.

@pytest.mark.parametrize("how", ["logout", "password", "factor", "disabled", "new password on the host"])
def test_what_ends_the_session_ends_the_refresh_token(clocked, how):
    enrolled(clocked)  # the admin, who cannot be disabled
    account = enrolled(clocked)
    old = account.refresh_token
    access = account.token
    account.sign_in()
    if how == "logout":
        assert account.client.post("/logout", token=access).status == 204
    elif how == "password":
        clocked.move_clock(60)
        body = {"current_password": account.password, "new_password": "another horse battery", "code": account.next_code()}
        assert account.client.put("/me/password", body).status == 204
    elif how == "factor":
        clocked.move_clock(60)
        account.challenge = account.client.post("/me/totp", {"code": account.next_code()}).json["challenge"]
        account.last_step = 0
        assert account.scan().verify().status == 200
    else:
        verb = "disable" if how == "disabled" else "set-password"
        done = clocked.command("user", verb, account.username, stdin="another horse battery\n")
        assert done.returncode == 0, done.stderr
    assert is_refused(Client(clocked).post("/token/refresh", {"refresh_token": old}))
    goes_on = how in ("logout", "password", "factor")
    assert account.refresh().status == (200 if goes_on else 401)


# Many at once, and kills.

@pytest.mark.concurrent
def test_twenty_parallel_refreshes_have_one_successor(account):
    for _ in range(10):
        raw = request_bytes("POST", "/token/refresh", {"refresh_token": account.refresh_token})
        replies = all_at_once(account.server, [raw] * 20, "/token/refresh")
        assert [reply.status for reply in replies] == [200] * 20
        assert len({reply.json["refresh_token"] for reply in replies}) == 1
        for reply in replies:
            assert account.client.get("/me", token=reply.json["access_token"]).status == 200
        account.refresh_token = replies[0].json["refresh_token"]
    assert account.refresh().status == 200


@pytest.mark.concurrent
def test_parallel_refreshes_after_the_ten_seconds_end_the_session(account):
    first = account.refresh_token
    successor = account.refresh(first).json["refresh_token"]
    account.server.move_clock(GRACE + 1)
    raw = [request_bytes("POST", "/token/refresh", {"refresh_token": token}) for token in [first, successor] * 10]
    replies = all_at_once(account.server, raw, "/token/refresh")
    assert all(is_refused(reply) for reply in replies[::2])
    later = {reply.json["refresh_token"] for reply in replies if reply.status == 200}
    assert len(later) <= 1
    assert is_over(account, first, successor, *later)
    assert len(ends_of_sessions(account)) == 1, "one end, recorded once"


def test_an_answered_refresh_survives_kill_9(account):
    for _ in range(5):
        first = account.refresh_token
        second = account.refresh().json["refresh_token"]
        account.server.kill9().start()
        assert account.refresh(first).json["refresh_token"] == second, "sent again within the ten seconds"
        assert account.client.get("/me").status == 200


def test_after_the_ten_seconds_a_restart_has_forgotten_nothing(account):
    first = account.refresh_token
    second = account.refresh().json["refresh_token"]
    account.server.move_clock(GRACE + 1)
    account.server.kill9().start()
    assert is_refused(account.refresh(first))
    account.server.kill9().start()
    assert is_over(account, first, second)


def test_kill_9_between_use_and_answer_logs_nobody_out(account, seed):
    """The clock stands still, so the refresh is repeated within the ten seconds."""
    chance = random.Random(seed)
    for _ in range(8):
        first = account.refresh_token
        connection = Connection(account.server)
        connection.send(request_bytes("POST", "/token/refresh", {"refresh_token": first}))
        time.sleep(chance.uniform(0, 0.01))
        account.server.kill9()
        connection.close()
        account.server.start()
        reply = account.refresh(first)
        assert reply.status == 200, reply
        assert account.client.get("/me").status == 200
        assert account.refresh().status == 200, "its successor works"


@pytest.mark.embedded
def test_no_refresh_token_is_in_the_data_folder(account):
    tokens = [account.refresh_token]
    for _ in range(3):
        account.refresh()
        tokens.append(account.refresh_token)
    account.server.stop()
    everything = b"".join(path.read_bytes() for path in account.server.data.rglob("*") if path.is_file())
    assert everything and account.username.encode() in everything
    for token in tokens:
        assert token.encode() not in everything and token[-40:].encode() not in everything
    assert not any(re.search(re.escape(token[:40]), account.server.log) for token in tokens)
    account.server.start()
