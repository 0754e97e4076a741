// What the rows of each kind consist of, once for both engines: tables and collections have the same names, and so have
// columns and members of documents. Inserting and reading follow from it, and so does most of a migration between
// engines. What an engine stores otherwise (products, recovery codes, stored responses) it writes itself.
#pragma once
#include <algorithm>
#include <tuple>
#include <utility>

#include "store/bulk.hpp"

namespace integrity::store {

// In documents, which may lack a member. An optional may always be missing.
enum class Missing : std::uint8_t {
  never,
  if_empty,  // an empty text, array or binary is left out
  if_older,  // documents of an older program lack it: it has the default of its type, or see `complete`
};

// `of` gives a reference to the member of a row.
template <class Of>
struct Member {
  const char* name;
  Of of;
  Missing missing = Missing::never;

  const auto& get(const auto& row) const { return of(row); }
  template <class T>
  void set(auto& row, T value) const {
    of(row) = std::move(value);
  }
};
template <class Of>
Member(const char*, Of) -> Member<Of>;
template <class Of>
Member(const char*, Of, Missing) -> Member<Of>;

// A text that is stored as nothing where it is empty.
template <class Of>
struct TextOrNothing {
  const char* name;
  Of of;
  static constexpr Missing missing = Missing::never;

  std::optional<std::string_view> get(const auto& row) const {
    const std::string& text = of(row);
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
  }
  void set(auto& row, std::optional<std::string> value) const { of(row) = std::move(value).value_or(std::string()); }
};
template <class Of>
TextOrNothing(const char*, Of) -> TextOrNothing<Of>;

// A member of an optional struct: nothing where there is none. The first of them that is there makes the struct.
template <class Outer, class Of>
struct Through {
  const char* name;
  Outer outer;  // gives the optional
  Of of;
  static constexpr Missing missing = Missing::never;

  template <class T>
  static std::optional<T> flat(const std::optional<T>& value) {
    return value;
  }
  template <class T>
  static std::optional<T> flat(const T& value) {
    return value;
  }
  auto get(const auto& row) const {
    const auto& found = outer(row);
    using Flat = decltype(flat(of(*found)));
    return found ? flat(of(*found)) : Flat();
  }
  void set(auto& row, auto value) const {
    if (!value) return;
    auto& found = outer(row);
    if (!found) found.emplace();
    of(*found) = std::move(*value);
  }
};
template <class Outer, class Of>
Through(const char*, Outer, Of) -> Through<Outer, Of>;

// The members of a struct as those of a row that holds it.
template <class Outer, class M>
struct Within {
  const char* name;
  Outer outer;
  M inner;
  Missing missing;

  decltype(auto) get(const auto& row) const { return inner.get(outer(row)); }
  template <class T>
  void set(auto& row, T value) const {
    inner.set(outer(row), std::move(value));
  }
};
template <class Outer, class... M>
constexpr auto within(Outer outer, const std::tuple<M...>& members) {
  return std::apply(
      [&](const M&... each) {
        return std::tuple{Within<Outer, M>{each.name, outer, each, each.missing}...};
      },
      members);
}

template <class T>
struct Described;  // `table`, and `members`, of which the first is the key: `_id` in documents

#define INTEGRITY_OF(path) \
  [](auto& row) -> auto& { \
    return row.path;       \
  }

template <>
struct Described<model::User> {
  static constexpr const char* table = "users";
  static constexpr std::tuple members{
      Member{"id", INTEGRITY_OF(id)},
      Member{"username", INTEGRITY_OF(username)},
      Member{"name", INTEGRITY_OF(name)},
      Member{"password_hash", INTEGRITY_OF(password_hash)},
      Member{"password_version", INTEGRITY_OF(password_version)},
      Member{"state", INTEGRITY_OF(state)},
      Member{"totp_secret", INTEGRITY_OF(totp_secret), Missing::if_empty},
      Member{"totp_confirmed_at", INTEGRITY_OF(totp_confirmed_at)},
      Member{"enrol_until", INTEGRITY_OF(enrol_until)},
      Member{"pending_until", INTEGRITY_OF(pending_until)},
      Member{"pending_network", INTEGRITY_OF(pending_network), Missing::if_empty},
      Member{"role", INTEGRITY_OF(role)},
      Member{"confirmed_at", INTEGRITY_OF(confirmed_at)},
      Member{"invitation", INTEGRITY_OF(invitation)},
      Member{"last_login_at", INTEGRITY_OF(last_login_at)},
      Through{"reset_at", INTEGRITY_OF(reset), INTEGRITY_OF(at)},
      Through{"reset_by", INTEGRITY_OF(reset), INTEGRITY_OF(by)},
      Through{"reset_factor", INTEGRITY_OF(reset), INTEGRITY_OF(factor)},
      Through{"reset_password", INTEGRITY_OF(reset), INTEGRITY_OF(password)},
      Through{"reset_token_hash", INTEGRITY_OF(reset), INTEGRITY_OF(token_hash)},
      Through{"reset_expires_at", INTEGRITY_OF(reset), INTEGRITY_OF(expires_at)},
      Member{"version", INTEGRITY_OF(version)},
      Member{"public_version", INTEGRITY_OF(public_version), Missing::if_older},
      Member{"created_at", INTEGRITY_OF(created_at)},
      Member{"updated_at", INTEGRITY_OF(updated_at)},
  };
  // What a document of an older program lacks. An account without a role that this program wrote was disabled before its
  // first code: that counted its version.
  static void complete(model::User& user) {
    if (user.state == model::UserState::pending || user.role || user.public_version > 1) return;
    user.role = model::Role::editor;
    user.confirmed_at = user.totp_confirmed_at.value_or(user.created_at);
    user.public_version = std::max<std::int64_t>(user.version, 1);
  }
};

template <>
struct Described<FactorCountersOf> {
  static constexpr const char* table = "factor_counters";
  static constexpr std::tuple members{
      Member{"user", INTEGRITY_OF(user)},
      Member{"last_step", INTEGRITY_OF(counters.last_step)},
      Member{"failures", INTEGRITY_OF(counters.failures)},
      Member{"failures_unredeemed", INTEGRITY_OF(counters.failures_unredeemed)},
      Member{"locked_until", INTEGRITY_OF(counters.locked_until)},
  };
};

template <>
struct Described<model::Challenge> {
  static constexpr const char* table = "challenges";
  static constexpr std::tuple members{
      Member{"token_hash", INTEGRITY_OF(token_hash)},
      Member{"user", INTEGRITY_OF(user)},
      Member{"next", INTEGRITY_OF(next)},
      Member{"password_version", INTEGRITY_OF(password_version)},
      Member{"pending_secret", INTEGRITY_OF(pending_secret), Missing::if_empty},
      Member{"tries", INTEGRITY_OF(attempts)},
      Member{"expires_at", INTEGRITY_OF(expires_at)},
  };
};

template <>
struct Described<model::Session> {
  static constexpr const char* table = "sessions";
  static constexpr std::tuple members{
      Member{"id", INTEGRITY_OF(id)},
      Member{"user", INTEGRITY_OF(user)},
      Member{"factor", INTEGRITY_OF(factor)},
      Member{"role", INTEGRITY_OF(role), Missing::if_older},
      Member{"generation", INTEGRITY_OF(generation), Missing::if_older},
      Member{"created_at", INTEGRITY_OF(created_at)},
      Member{"refreshed_at", INTEGRITY_OF(refreshed_at)},
      Member{"proven_at", INTEGRITY_OF(proven_at), Missing::if_older},
      Member{"expires_at", INTEGRITY_OF(expires_at)},
  };
  static void complete(model::Session& session) {
    if (session.proven_at == Time()) session.proven_at = session.created_at;
  }
};

template <>
struct Described<model::SessionRecord> {
  static constexpr const char* table = "sessions";
  static constexpr std::tuple members =
      std::tuple_cat(within(INTEGRITY_OF(session), Described<model::Session>::members),
                     std::tuple{Member{"address", INTEGRITY_OF(device.address), Missing::if_empty},
                                Member{"user_agent", INTEGRITY_OF(device.user_agent)}});
  static void complete(model::SessionRecord& record) { Described<model::Session>::complete(record.session); }
};

template <>
struct Described<model::ApiKey> {
  static constexpr const char* table = "api_keys";
  static constexpr std::tuple members{
      Member{"id", INTEGRITY_OF(id)},
      Member{"hash", INTEGRITY_OF(hash)},
      Member{"user", INTEGRITY_OF(user)},
      Member{"name", INTEGRITY_OF(name)},
      Member{"scopes", INTEGRITY_OF(scopes)},
      Member{"addresses", INTEGRITY_OF(addresses), Missing::if_empty},
      Member{"created_at", INTEGRITY_OF(created_at)},
      Member{"expires_at", INTEGRITY_OF(expires_at)},
      Member{"revoked_at", INTEGRITY_OF(revoked_at)},
      Member{"last_used_at", INTEGRITY_OF(last_used_at)},
      Member{"role", INTEGRITY_OF(role)},
  };
};

template <>
struct Described<model::Invitation> {
  static constexpr const char* table = "invitations";
  static constexpr std::tuple members{
      Member{"id", INTEGRITY_OF(id)},
      Member{"token_hash", INTEGRITY_OF(token_hash)},
      Member{"role", INTEGRITY_OF(role)},
      Member{"name", INTEGRITY_OF(name)},
      Member{"created_by", INTEGRITY_OF(created_by)},
      Member{"created_at", INTEGRITY_OF(created_at)},
      Member{"expires_at", INTEGRITY_OF(expires_at)},
  };
};

// On SQLite a change of a product is more than this: see sqlite/rows.hpp.
template <>
struct Described<model::Change> {
  static constexpr const char* table = "changes";
  static constexpr std::tuple members{
      Member{"number", INTEGRITY_OF(number)},
      Member{"at", INTEGRITY_OF(at)},
      Member{"kind", INTEGRITY_OF(kind)},
      Member{"record", INTEGRITY_OF(record)},
      Member{"revision", INTEGRITY_OF(revision)},
      Member{"op", INTEGRITY_OF(op)},
      Member{"actor", INTEGRITY_OF(attribution.actor)},
      Member{"actor_key", INTEGRITY_OF(attribution.key)},
      Member{"proof", INTEGRITY_OF(attribution.proof)},
      Member{"reason", INTEGRITY_OF(attribution.reason)},
      Member{"reference", INTEGRITY_OF(attribution.reference)},
      Member{"account", INTEGRITY_OF(account)},
      TextOrNothing{"after", INTEGRITY_OF(after)},
  };
};

// On MongoDB the id of a stored response is made of user and key.
template <>
struct Described<StoredResponseOf> {
  static constexpr const char* table = "kept_answers";
  static constexpr std::tuple members{
      Member{"user", INTEGRITY_OF(user)},
      Member{"key", INTEGRITY_OF(key)},
      Member{"request", INTEGRITY_OF(response.request)},
      Member{"status", INTEGRITY_OF(response.status)},
      Member{"headers", INTEGRITY_OF(response.headers)},
      Member{"body", INTEGRITY_OF(response.body)},
      Member{"expires_at", INTEGRITY_OF(response.expires_at)},
  };
};

template <>
struct Described<KeyFingerprint> {
  static constexpr const char* table = "key_fingerprints";
  static constexpr std::tuple members{
      Member{"key", INTEGRITY_OF(key)},
      Member{"fingerprint", INTEGRITY_OF(fingerprint)},
  };
};

#undef INTEGRITY_OF

// Calls `f` with each member of T, in their order.
template <class T>
constexpr void for_each_member(auto&& f) {
  std::apply([&](const auto&... member) { (f(member), ...); }, Described<T>::members);
}

// Calls `f` with the position of each member, as a std::integral_constant.
template <class T>
void for_each_index(auto&& f) {
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (f(std::integral_constant<std::size_t, index>()), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<decltype(Described<T>::members)>>());
}

// What is stored for a member, as a type that can be read into.
template <class T, class M>
struct StoredMember {
  using type = std::remove_cvref_t<decltype(std::declval<const M&>().get(std::declval<const T&>()))>;
};
template <class T, class Of>
struct StoredMember<T, TextOrNothing<Of>> {
  using type = std::optional<std::string>;
};

// What a document of an older program lacks is derived from what it has.
template <class T>
void complete(T& row) {
  if constexpr (requires { Described<T>::complete(row); }) Described<T>::complete(row);
}

}  // namespace integrity::store
