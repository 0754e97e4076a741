"""GET /changes, GET /users/<id>/history and GET /me/history: who did what, newest first."""

import re
from urllib.parse import quote

import pytest

from support.accounts import PASSWORD, Account, admin_of, enrolled, fresh_name, member, product
from support.http import Client
from support.model.world import rfc3339
from support.server import Server
from test_lists import next_of

CHANGE = {"log_index", "at", "actor", "proof", "op", "version", "before", "after", "reason", "reference"}
ACCOUNT = {"id", "username", "name", "role", "state", "factor", "created_at", "version"}
KINDS = ("user", "session", "product", "key", "invitation", "store")
NOBODY = "0" * 24


class Company:
    """A server on which everything has happened once, a minute after the other, and the people of it."""

    def __init__(self, server):
        self.server, self.begun = server, server.now()
        self.admin = admin_of(server)
        self.editor = member(self.admin, "editor")
        self.auditor = member(self.admin, "auditor")
        self.other = enrolled(server)
        self.key = self.editor.make_key("products:read", "products:write")
        self.lamp = self.later(lambda: self.editor.client.post("/products", product()).json)
        path = f"/products/{self.lamp['id']}"
        robot = Client(server, self.key["key"])
        self.later(lambda: robot.put(path, {"price": "99.00"}))
        self.later(lambda: self.editor.client.delete(path))
        self.invitation = self.admin.invite("clerk")
        self.later(lambda: self.admin.client.delete(f"/invitations/{self.invitation['id']}"))
        assert self.admin.change(self.editor, name="Ed").status == 200
        assert self.editor.client.delete(f"/me/keys/{self.key['id']}").status == 204
        assert server.command("user", "disable", self.other.username).returncode == 0
        self.admin.refresh(), self.auditor.refresh(), self.editor.refresh()

    def later(self, act):
        self.server.move_clock(30)
        return act()

    def changes(self, query: str = "") -> list:
        reply = self.auditor.client.get(f"/changes{query and '?'}{query}")
        assert reply.status == 200, reply
        return reply.json

    def history(self, account) -> list:
        reply = self.auditor.client.get(f"/users/{account.id}/history")
        assert reply.status == 200, reply
        return reply.json


@pytest.fixture(scope="module")
def company():
    with Server("--api-keys", clock=True) as server:
        yield Company(server)


# What a change looks like.

def test_every_change_of_everything_newest_first(company):
    changes = company.changes()
    assert all(set(each) == CHANGE | {"kind", "record"} for each in changes)
    times = [each["at"] for each in changes]
    assert times == sorted(times, reverse=True)
    assert {each["kind"] for each in changes} >= {"user", "session", "product", "key", "invitation"}
    assert all(each["kind"] in KINDS and re.fullmatch("[0-9a-f]{24}", each["record"]) for each in changes)
    assert all(re.fullmatch(each["kind"] + r"\.[a-z_]+", each["op"]) for each in changes), {each["op"] for each in changes}


def test_before_and_after_fit_together(company):
    last: dict = {}
    for each in reversed(company.changes()):
        assert each["before"] == last.get(each["record"]), each
        last[each["record"]] = each["after"]


def test_the_version_of_an_account_is_the_one_that_clients_see(company):
    account = member(company.admin, "clerk")
    for code in account.recovery_codes[:2]:  # changes that do not move the version
        assert account.client.post("/me/proof", {"recovery_code": code}).status == 200
    assert company.admin.change(account, name="Cy").status == 200
    changes = company.changes(f"record={account.id}")
    seen = company.admin.client.get(f"/users/{account.id}")
    assert changes[0]["version"] == seen.json["version"] < len(changes)
    assert seen.header("ETag") == f'"{changes[0]["version"]}"'
    for each in company.changes("kind=user") + [each for each in company.history(account) if each["op"].startswith("user.")]:
        assert each["version"] == each["after"]["version"], each


def test_an_account_in_a_change_has_no_counters_and_no_times_of_use(company):
    seen = 0
    for each in company.changes("kind=user"):
        for state in filter(None, (each["before"], each["after"])):
            assert set(state) == ACCOUNT, each
            seen += 1
    assert seen > 8


def test_no_secret_is_in_a_change(company):
    text = str(company.changes())
    for secret in (PASSWORD, company.key["key"], company.invitation["token"], company.editor.secret, company.editor.refresh_token,
                   *company.editor.recovery_codes, "$2b$", "hash"):
        assert secret not in text


def test_who_did_it(company):
    [named] = [each for each in company.changes("kind=user") if each["after"] and each["after"]["name"] == "Ed"]
    assert named["actor"] == {"id": company.admin.id, "username": company.admin.username}
    [disabled] = [each for each in company.changes(f"record={company.other.id}") if each["after"] and each["after"]["state"] == "disabled"]
    assert (disabled["actor"], disabled["proof"]) == (None, "host"), "the host's acts have no actor"


def test_a_program_is_named_beside_its_owner(company):
    deleted, updated, created = company.changes(f"record={company.lamp['id']}")
    assert updated["actor"] == {"id": company.editor.id, "username": company.editor.username,
                                "key": {"id": company.key["id"], "name": company.key["name"]}}
    assert created["actor"] == deleted["actor"] == {"id": company.editor.id, "username": company.editor.username}
    assert [each["op"] for each in (created, updated, deleted)] == ["product.create", "product.update", "product.delete"]
    history = company.editor.client.get(f"/products/{company.lamp['id']}/history").json
    assert history[1]["actor"]["key"] == {"id": company.key["id"], "name": company.key["name"]}


def test_making_and_revoking_a_key_or_an_invitation_are_changes(company):
    for kind, id in (("key", company.key["id"]), ("invitation", company.invitation["id"])):
        assert [each["record"] for each in company.changes(f"kind={kind}")] == [id, id], kind


# Filters.

@pytest.mark.parametrize("kind", KINDS)
def test_by_kind(company, kind):
    assert company.changes(f"kind={kind}") == [each for each in company.changes() if each["kind"] == kind]


def test_by_actor(company):
    for account in (company.admin, company.editor, company.other):
        found = company.changes(f"actor={account.id}")
        assert found and found == [each for each in company.changes() if each["actor"] and each["actor"]["id"] == account.id]
    assert company.changes(f"actor={NOBODY}") == []


def test_by_record(company):
    for record in {each["record"] for each in company.changes()}:
        assert company.changes(f"record={record}") == [each for each in company.changes() if each["record"] == record]
    assert company.changes(f"record={NOBODY}") == []


def test_since_is_inclusive_and_until_exclusive(company):
    changes = company.changes()
    for at in sorted({each["at"] for each in changes}):
        assert company.changes(f"since={quote(at)}") == [each for each in changes if each["at"] >= at]
        assert company.changes(f"until={quote(at)}") == [each for each in changes if each["at"] < at]
    middle = changes[len(changes) // 2]["at"]
    assert company.changes(f"since={quote(middle)}&until={quote(middle)}") == []


def test_times_may_have_an_offset_and_no_fraction(company):
    at = company.changes(f"record={company.lamp['id']}")[1]["at"]
    expected = company.changes(f"since={quote(at)}")
    assert at.endswith(".000Z"), "the clock stands on a whole second"
    hour = f"{(int(at[11:13]) + 2) % 24:02}"
    for same in (at.replace(".000Z", "Z"), at.replace(".000Z", "+00:00"), f"{at[:11]}{hour}{at[13:19]}+02:00"):
        assert company.changes(f"since={quote(same)}") == expected, same


def test_all_conditions_hold_together(company):
    at = company.changes(f"record={company.lamp['id']}")[1]["at"]
    found = company.changes(f"kind=product&actor={company.editor.id}&record={company.lamp['id']}&since={quote(at)}")
    assert [each["op"] for each in found] == ["product.delete", "product.update"]
    assert company.changes(f"kind=user&record={company.lamp['id']}") == []
    assert company.changes(f"kind=product&actor={company.admin.id}") == []


@pytest.mark.parametrize("query, wrong", [
    ("kind=products", {"kind"}), ("kind=", {"kind"}), ("actor=x", {"actor"}), ("record=" + "A" * 24, {"record"}), ("since=yesterday", {"since"}),
    ("until=2026-13-01T00:00:00Z", {"until"}), ("since=2026-11-23", {"since"}), ("limit=0", {"limit"}), ("cursor=x", {"cursor"}),
    ("op=user.confirm", {"op"}), ("kind=user&kind=key", {"kind"}), ("kind=x&actor=y&since=z", {"kind", "actor", "since"})])
def test_bad_parameters_are_all_named(company, query, wrong):
    reply = company.auditor.client.get(f"/changes?{query}")
    assert (reply.status, reply.pointers) == (422, wrong)


# Pages.

@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
@pytest.mark.parametrize("query", ["", "kind=user", "kind=session"])
def test_in_pages(company, limit, query):
    whole, pages, target = company.changes(query), [], f"/changes?limit={limit}{query and '&'}{query}"
    while target:
        reply = company.auditor.client.get(target)
        pages.append(reply.json)
        target = next_of(reply)
    assert sum(pages, []) == whole
    assert all(len(page) == limit for page in pages[:-1])


def test_pages_by_actor_lose_nothing(company):
    whole, found, target = company.changes(f"actor={company.editor.id}"), [], f"/changes?limit=2&actor={company.editor.id}"
    while target:
        reply = company.auditor.client.get(target)
        found += reply.json
        target = next_of(reply)
    assert found == whole


def test_a_cursor_goes_on_where_it_was_while_changes_are_added(company):
    before = company.changes()
    reply = company.auditor.client.get("/changes?limit=3")
    company.editor.client.post("/products", product())
    rest = []
    while target := next_of(reply):
        reply = company.auditor.client.get(target)
        rest += reply.json
    assert rest == before[3:]
    assert company.changes()[1:] == before


# Histories of accounts.

def test_a_history_has_all_about_the_account(company):
    changes = company.history(company.editor)
    assert all(set(each) == CHANGE for each in changes)
    assert [each["at"] for each in changes] == sorted((each["at"] for each in changes), reverse=True)
    ops = {each["op"] for each in changes}
    assert {"user.confirm", "session.start", "key.create", "key.revoke"} <= ops
    assert not any(op.startswith("product.") for op in ops), "of products there are histories of their own"
    everything = company.changes()
    for each in changes:
        assert any(each == {name: value for name, value in other.items() if name not in ("kind", "record")} for other in everything)


def test_everybody_sees_their_own_and_nobody_elses(company):
    assert company.editor.client.get("/me/history").json == company.history(company.editor)
    reply = company.editor.client.get(f"/users/{company.auditor.id}/history")
    assert (reply.status, reply.slug) == (403, "forbidden")
    assert company.editor.client.get(f"/users/{company.editor.id}/history").status == 403, "their own is at /me/history"
    assert company.auditor.client.get(f"/users/{NOBODY}/history").slug == "not-found"


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_histories_in_pages(company, limit):
    for target in ("/me/history", f"/users/{company.auditor.id}/history"):
        whole, pages = company.auditor.client.get(target).json, []
        target = f"{target}?limit={limit}"
        while target:
            reply = company.auditor.client.get(target)
            pages.append(reply.json)
            target = next_of(reply)
        assert sum(pages, []) == whole and all(len(page) == limit for page in pages[:-1])


def test_a_history_takes_no_filters(company):
    assert company.auditor.client.get("/me/history?kind=user").pointers == {"kind"}
    target = next_of(company.auditor.client.get("/me/history?limit=1"))
    other = target.replace("/me/history", f"/users/{company.editor.id}/history")
    assert company.auditor.client.get(other).pointers == {"cursor"}, "a cursor belongs to its history"


def test_an_invitation_is_in_the_history_of_the_account_that_it_made():
    with Server("--signup", "closed", clock=True) as server:
        assert server.command("user", "add", (name := fresh_name("host")), "--role", "admin", stdin=PASSWORD + "\n").returncode == 0
        admin = Account(server, name).login().enrol()
        invited = Account(server).sign_up(invitation=admin.invite("clerk")["token"]).enrol()
        ops = [each["op"] for each in invited.client.get("/me/history").json]
        assert "invitation.accept" in ops and "user.confirm" in ops
        assert rfc3339(server.now()) == invited.client.get("/me/history").json[0]["at"]
