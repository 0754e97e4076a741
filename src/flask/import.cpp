#include "flask/import.hpp"

#include <algorithm>
#include <span>

#include "base/printable.hpp"

namespace integrity::flask {
namespace {

// Small, because other nodes wait for each write, and MongoDB keeps it in its cache until the commit.
constexpr std::size_t kBatch = 25;

const model::Attribution kImport{.proof = model::Attribution::Proof::host, .reason = "import from Flask"};

struct Outcome {
  enum class Kind : std::uint8_t { made, here, refused } kind = Kind::made;
  std::string why = {};
};

Outcome refused(std::string why) {
  return {Outcome::Kind::refused, std::move(why)};
}

// Whether the account has the authenticator that was imported.
bool came_over(store::WriteTx& tx, const model::User& here) {
  const auto first = tx.changes(model::RecordKind::user, record_id(here.id), 2, 1);
  return !first.empty() && first.front().op == "user.import" && here.totp_confirmed_at == first.front().at;
}

Outcome compare(store::WriteTx& tx, const model::User& here, const model::User& user) {
  if (here.username != user.username || here.name != user.name) {
    return refused("is here already, as " + printable(here.username));
  }
  if (user.totp_secret.empty() && came_over(tx, here)) {
    return refused("is here already, with the authenticator from there: integrity user reset-2fa");
  }
  if (!user.totp_secret.empty() && !here.has_factor()) {
    return refused("is here already, and enrols a new authenticator: the old one is not imported any more");
  }
  return {Outcome::Kind::here};
}

// Like every account, it is pending first; its first change confirms it.
Outcome import_user(store::WriteTx& tx, model::User user) {
  if (const auto here = tx.user(user.id)) return compare(tx, *here, user);
  const Time now = tx.now();
  user.updated_at = now;
  model::User waiting = user;
  waiting.totp_secret.clear();
  waiting.pending_until = now;
  if (!tx.add_pending_user(waiting)) return refused("username is taken here");
  if (!user.totp_secret.empty()) user.totp_confirmed_at = now;
  user.state = model::UserState::active;
  user.role = model::Role::editor;      // could do everything that there was
  user.confirmed_at = user.created_at;  // so that none of them becomes the first admin
  tx.update_user(kImport, "user.import", user);
  return {};
}

Outcome import_product(store::WriteTx& tx, const model::Product& product) {
  if (const auto here = tx.product(product.id)) {
    if (*here == product) return {Outcome::Kind::here};
    return refused("is here already, and differs: " + printable(here->name) + ", version " +
                   std::to_string(here->version));
  }
  if (!tx.changes(model::RecordKind::product, record_id(product.id), {}, 1).empty()) {
    return refused("was here, and was deleted");
  }
  if (const auto created = tx.create_product(kImport, product); !created) return refused(created.error().detail);
  return {};
}

const std::string& name_of(const model::User& user) {
  return user.username;
}
const std::string& name_of(const model::Product& product) {
  return product.name;
}

struct Counts {
  std::size_t& made;
  std::size_t& here;
  std::vector<Refused>& refused;
};

template <class T, class One>
Status in_batches(store::Store& store, const std::vector<T>& all, Counts counts, One one) {
  for (std::size_t from = 0; from < all.size(); from += kBatch) {
    const std::span<const T> batch(all.data() + from, std::min(kBatch, all.size() - from));
    INTEGRITY_TRY(const auto outcomes, store.write([&](store::WriteTx& tx) -> Result<std::vector<Outcome>> {
      std::vector<Outcome> out;
      for (const T& each : batch) out.push_back(one(tx, each));
      return out;
    }));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& [kind, why] = outcomes[i];
      if (kind == Outcome::Kind::made) ++counts.made;
      if (kind == Outcome::Kind::here) ++counts.here;
      if (kind == Outcome::Kind::refused) {
        counts.refused.push_back({batch[i].id.hex(), printable(name_of(batch[i])), why});
      }
    }
  }
  return {};
}

}  // namespace

Result<Imported> bring_over(store::Store& store, const auth::Vault& vault, const Plan& plan, Time now) {
  std::vector<model::User> users;
  for (const Person& person : plan.people) {
    users.push_back(person.user);
    if (person.secret.empty()) {
      users.back().enrol_until = now + enrolment_life;
    } else {
      users.back().totp_secret = vault.encrypt(person.user.id, person.secret);
    }
  }
  Imported done;
  INTEGRITY_CHECK(in_batches(store, users, {done.users, done.users_here, done.refused_users}, import_user));
  INTEGRITY_CHECK(
      in_batches(store, plan.products, {done.products, done.products_here, done.refused_products}, import_product));
  return done;
}

}  // namespace integrity::flask
