"""A second, small and slow implementation of the service: one thread, dictionaries, no network. It is written from the
contract alone, and random tests compare the server with it.

    world = World(now)
    expected = answer(world, request)          # changes nothing
    assert expected.mismatch(reply) is None
    expected.effect(world, reply)              # takes what the server chose (ids, tokens, secrets) from its reply

Records are replaced, never changed, so `world.copy()` is cheap and many orders of calls can be tried. Where the
contract leaves something open, the line says "a choice".
"""

import re

from . import accounts, keys, products, sessions
from .world import Answer, Request, World, refusal

__all__ = ["Answer", "Request", "World", "answer"]

ROUTES = {
    "/signup": {"POST": accounts.sign_up},
    "/login": {"POST": accounts.log_in},
    "/generate-2fa/([^/]+)": {"GET": accounts.enrolment},
    "/verify-2fa": {"POST": accounts.verify},
    "/token/refresh": {"POST": sessions.refresh},
    "/logout": {"POST": accounts.log_out},
    "/me": {"GET": accounts.me},
    "/me/password": {"PUT": accounts.change_password},
    "/me/recovery-codes": {"POST": accounts.new_recovery_codes},
    "/me/totp": {"POST": accounts.new_factor},
    "/me/proof": {"POST": sessions.prove_again},
    "/me/sessions": {"GET": sessions.listed, "DELETE": sessions.end_others},
    "/me/sessions/([^/]+)": {"DELETE": sessions.end},
    "/me/keys": {"GET": keys.listed, "POST": keys.create},
    "/me/keys/([^/]+)": {"DELETE": keys.revoke},
    "/users/([^/]+)": {"PUT": keys.change_user},
    "/products": {"POST": products.create, "GET": products.listed},
    "/products/([^/]+)": {"GET": products.get, "PUT": products.change, "DELETE": products.remove},
    "/products/([^/]+)/stock": {"POST": products.move_stock},
    "/products/([^/]+)/history": {"GET": products.history},
}


def answer(world: World, request: Request) -> Answer:
    for pattern, methods in ROUTES.items():
        if found := re.fullmatch(pattern, request.path):
            if request.method not in methods:
                return refusal(405, "method-not-allowed")
            return methods[request.method](world, request, *found.groups())
    return refusal(404, "not-found")
