// Imports what is planned into a store of this server. Each row is a change in the history, made by the host.
#pragma once
#include "auth/vault.hpp"
#include "flask/plan.hpp"
#include "store/store.hpp"

namespace integrity::flask {

struct Imported {
  std::size_t users = 0, products = 0;
  std::size_t users_here = 0, products_here = 0;         // from an earlier import
  std::vector<Refused> refused_users, refused_products;  // because of what the store holds already

  bool complete() const { return refused_users.empty() && refused_products.empty(); }
};

// Writes some rows at a time. Where a write fails, the rows before it stay, and the same import continues from there.
Result<Imported> bring_over(store::Store& store, const auth::Vault& vault, const Plan& plan, Time now);

}  // namespace integrity::flask
