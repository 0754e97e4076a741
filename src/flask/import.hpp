// Brings over what is planned, into a store of ours: each row by a recorded change of the host's.
#pragma once
#include "auth/vault.hpp"
#include "flask/plan.hpp"
#include "store/store.hpp"

namespace integrity::flask {

struct Imported {
  std::size_t users = 0, products = 0;
  std::size_t users_here = 0, products_here = 0;         // from an import before
  std::vector<Refused> refused_users, refused_products;  // for what is here already

  bool complete() const { return refused_users.empty() && refused_products.empty(); }
};

// Some rows a write. One that fails leaves those before it: the same import again goes on there.
Result<Imported> bring_over(store::Store& store, const auth::Vault& vault, const Plan& plan, Time now);

}  // namespace integrity::flask
