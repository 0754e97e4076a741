"""The guess budgets: of a challenge, of an account, and the one of a hundred codes, which a recovery code does not
reset."""

from support.accounts import enrolled


def test_five_wrong_codes_end_a_challenge(server):
    account = enrolled(server).login()
    assert [account.verify(code).slug for code in account.wrong_codes(5)] == ["invalid-code"] * 5
    assert account.verify().slug == "challenge-expired"
    account.last_step -= 1  # that code was never checked
    assert account.login().verify().status == 200


def test_wrong_recovery_codes_count_for_the_challenge_and_not_for_the_account(server):
    account, other = enrolled(server), enrolled(server)
    for _ in range(3):
        account.login()
        slugs = [account.verify(recovery_code=code).slug for code in other.recovery_codes[:6]]
        assert slugs == ["invalid-code"] * 5 + ["challenge-expired"]
    assert account.login().verify().status == 200


def fail(account, count: int) -> None:
    """Sends wrong codes, over as many logins as that takes."""
    for number, code in enumerate(account.wrong_codes(count)):
        if number % 5 == 0:
            account.login()
        assert account.verify(code).slug == "invalid-code", f"wrong code {number + 1}"


def wait_named(account) -> int:
    """A right code on a new challenge gets 429; returns its Retry-After."""
    reply = account.login().verify(account.next_code())
    account.last_step -= 1
    assert (reply.status, reply.slug) == (429, "too-many-attempts"), reply
    return int(reply.header("Retry-After"))


def test_ten_wrong_codes_make_the_account_wait_and_a_new_login_resets_nothing(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    fail(account, 9)
    assert account.login().verify().status == 200  # a right code resets the counter
    clocked.move_clock(90)
    fail(account, 10)
    assert wait_named(account) == 30
    clocked.move_clock(29)
    assert wait_named(account) == 1
    clocked.move_clock(1)
    assert account.login().verify().status == 200
    clocked.move_clock(90)
    fail(account, 9)
    assert account.login().verify().status == 200


def test_each_further_failure_doubles_the_wait_up_to_an_hour(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    fail(account, 10)
    waits = [wait_named(account)]
    for _ in range(8):
        clocked.move_clock(waits[-1])
        fail(account, 1)
        waits.append(wait_named(account))
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_spent_code_counts_as_a_failure(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    spent = account.next_code()
    assert account.login().verify(spent).status == 200
    for number in range(10):
        if number % 4 == 0:
            account.login()
        assert account.verify(spent).slug == "code-already-used"
    clocked.move_clock(29)
    assert wait_named(account) == 1


def test_a_recovery_code_never_waits_and_resets_the_counter(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    fail(account, 10)
    assert wait_named(account) == 30
    assert account.login().verify(recovery_code=account.recovery_codes[0]).status == 200
    assert account.login().verify().status == 200


def test_one_accounts_failures_do_not_count_for_another(clocked):
    victim, attacker = enrolled(clocked), enrolled(clocked)
    clocked.move_clock(90)
    fail(victim, 9)
    assert attacker.login().verify().status == 200
    fail(victim, 1)
    assert wait_named(victim) == 30


def test_a_hundred_wrong_codes_disable_the_factor_until_a_new_enrolment(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    fail(account, 10)
    for _ in range(89):
        clocked.move_clock(3600)
        fail(account, 1)
    # A recovery code ends the wait, but does not reset this count.
    assert account.login().verify(recovery_code=account.recovery_codes[0]).status == 200
    fail(account, 1)
    clocked.move_clock(3600)
    refused = account.login().verify()
    assert (refused.status, refused.slug) == (403, "factor-disabled")
    assert account.login().verify(recovery_code=account.recovery_codes[1]).status == 200
    assert account.login().verify().slug == "factor-disabled"
    assert clocked.command("user", "reset-2fa", account.username).returncode == 0
    account.last_step = 0
    assert account.login().enrol().token
