// The promises of Store, as tests that every engine passes unchanged: one file for each promise.
// sqlite/sqlite_contract_test.cpp shows how an engine takes part: it gives its name and the function that opens it.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/ascii.hpp"
#include "model/lifetime.hpp"
#include "store/bulk.hpp"
#include "store/check.hpp"
#include "store/store.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"

namespace integrity::store {

using test::ManualClock;
using test::TempFolder;

// What products are searched and sorted by in tests: ASCII, split at spaces.
inline std::string plain_sort_key(std::string_view name) {
  return ascii_lower(name);
}
inline std::vector<std::string> plain_words(const model::Product& product) {
  std::istringstream text(
      plain_sort_key(product.name + ' ' + product.description.value_or("") + ' ' + product.sku.value_or("")));
  std::set<std::string> words;
  for (std::string word; text >> word;) words.insert(word);
  return {words.begin(), words.end()};
}
template <std::vector<std::string> (*words_of)(const model::Product&)>
model::ProductText text_of(int version) {
  return {version, &plain_sort_key, words_of, +[](const model::Product& product) {
            std::string text;
            for (const auto& word : words_of(product)) text += word + ' ';
            return text;
          }};
}
inline const model::ProductText plain_text = text_of<&plain_words>(1);

struct EngineOptions {
  std::size_t queue_max = 4096;
  bool run_writes_twice = false;
};

// `place` is an empty folder of the test; opening the same place again finds what was there. The engine must use
// `plain_text`.
struct EngineUnderTest {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& place, const Clock& clock,
                                       const EngineOptions& options)>
      open;
  std::function<std::unique_ptr<Bulk>(const std::filesystem::path& place)> open_bulk;
  std::function<std::unique_ptr<CheckSource>(const std::filesystem::path& place)> open_check;
};

inline std::string engine_name(const testing::TestParamInfo<EngineUnderTest>& info) {
  return info.param.name;
}

class StoreContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  static constexpr std::chrono::minutes session_life{10};  // of the sessions made here

  StoreContract() { open(); }

  void open(const EngineOptions& options = {}) {
    store_.reset();
    store_ = GetParam().open(folder_.path(), clock_, options);
  }
  Store& store() { return *store_; }
  void close() { store_.reset(); }
  std::unique_ptr<CheckSource> open_check() { return GetParam().open_check(folder_.path()); }
  std::unique_ptr<Bulk> open_bulk() { return GetParam().open_bulk(folder_.path()); }

  // Every call makes another record. For one thread.
  ProductId next_product_id() { return {id_bytes()}; }
  model::Product product(std::string name = "Lamp") {
    model::Product product;
    product.id = next_product_id();
    product.name = std::move(name);
    product.price = Money{1'299'000};
    product.currency = "EUR";
    product.stock = 5;
    product.created_at = product.updated_at = clock_.now();
    return product;
  }
  model::User pending(std::string username) {
    model::User user;
    user.id = UserId{id_bytes()};
    user.username = std::move(username);
    user.password_hash = "$2b$12$hash";
    user.pending_until = clock_.now() + model::pending_life;
    user.pending_network = "192.0.2.0/24";
    user.created_at = user.updated_at = clock_.now();
    return user;
  }
  model::Session session_of(const model::User& user) {
    return {.id = SessionId{id_bytes()},
            .user = user.id,
            .created_at = clock_.now(),
            .proven_at = clock_.now(),
            .expires_at = clock_.now() + session_life};
  }
  model::ApiKey key_of(const model::User& user, std::uint8_t hash) {
    return {.id = ApiKeyId{id_bytes()},
            .hash = digest(hash),
            .user = user.id,
            .name = "Backup",
            .scopes = {model::Scope::products_read},
            .created_at = clock_.now(),
            .role = user.role};
  }
  model::Invitation invitation_of(std::uint8_t token) {
    return {.id = InvitationId{id_bytes()},
            .token_hash = digest(token),
            .role = model::Role::viewer,
            .created_at = clock_.now(),
            .expires_at = clock_.now() + std::chrono::days(7)};
  }
  model::Challenge challenge_of(const model::User& user, std::uint8_t token) {
    return {.token_hash = digest(token),
            .user = user.id,
            .password_version = user.password_version,
            .expires_at = clock_.now() + model::verify_challenge_life};
  }
  static model::Digest digest(std::uint8_t fill) {
    model::Digest digest;
    digest.fill(fill);
    return digest;
  }

  // Writes that must succeed.
  static Result<bool> done(Status status) {
    if (!status.has_value()) return std::move(status).error();
    return true;
  }
  model::Product given_product(std::string name = "Lamp") {
    auto made = product(std::move(name));
    given([&](WriteTx& tx) { return done(tx.create_product(act_, made)); });
    return made;
  }
  model::User given_pending(std::string username) {
    auto user = pending(std::move(username));
    given([&](WriteTx& tx) { return done(tx.add_pending_user(user)); });
    return user;
  }
  model::User confirmed(model::User user) {
    user.state = model::UserState::active;
    user.totp_secret = {1, 2, 3};
    user.totp_confirmed_at = user.confirmed_at = clock_.now();
    user.role = model::Role::editor;
    user.pending_until.reset();
    user.pending_network.clear();
    return user;
  }
  model::User given_user(std::string username) {
    const auto waiting = given_pending(std::move(username));
    auto user = waiting;
    given([&](WriteTx& tx) -> Result<bool> {
      user = confirmed(waiting);
      tx.update_user(act_, "user.confirm", user);
      return true;
    });
    return user;
  }
  template <class F>
  void given(F function) {
    const auto result = store().write(std::move(function));
    ASSERT_TRUE(result.has_value()) << result.error().detail << " / " << result.error().cause;
  }
  std::vector<model::Change> history(model::RecordKind kind, const RecordId& record) {
    return store().read()->changes(kind, record, {}, 1000);
  }
  std::vector<model::Change> history(const model::Product& product) {
    return history(model::RecordKind::product, record_id(product.id));
  }
  std::optional<model::Product> stored(const model::Product& product) { return store().read()->product(product.id); }

  // Runs `attempt(i)` in 16 threads that begin together. Returns how many returned true.
  template <class F>
  static int race(F attempt) {
    std::atomic<int> winners = 0, ready = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&, i] {
        for (++ready; ready < 16;) std::this_thread::yield();
        if (attempt(i)) ++winners;
      });
    }
    for (auto& thread : threads) thread.join();
    return winners;
  }

  ManualClock clock_;
  const model::Attribution act_{.proof = model::Attribution::Proof::host};

 private:
  std::array<std::uint8_t, 12> id_bytes() {
    ++ids_;
    std::array<std::uint8_t, 12> bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[11 - i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    return bytes;
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  std::uint32_t ids_ = 0;
};

}  // namespace integrity::store
