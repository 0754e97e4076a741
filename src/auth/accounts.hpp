// Everything about accounts: one service for each kind of caller, on one AuthContext.
#pragma once
#include "auth/administration.hpp"
#include "auth/api_keys.hpp"
#include "auth/host_accounts.hpp"
#include "auth/own_account.hpp"
#include "auth/sessions.hpp"
#include "auth/sign_in.hpp"

namespace integrity::auth {

struct Accounts {
  // `password_key` and `secrets_key` are 32 bytes each, from the keys folder.
  Accounts(store::Store& store, const Clock& clock, Random& random, Secret password_key, const Secret& secrets_key,
           AccountRules rules)
      : context(store, clock, random, std::move(password_key), secrets_key, std::move(rules)) {}

  // Removes what has expired, in batches small enough not to delay other writes. Blocking; for the jobs thread.
  void sweep();

  AuthContext context;
  SignIn sign_in{context};
  Sessions sessions{context};
  OwnAccount own_account{context};
  Administration administration{context};
  ApiKeys api_keys{context};
  HostAccounts host{context, api_keys};
};

}  // namespace integrity::auth
