// Who may do what: a role is a set of scopes. The table is in role.cpp; docs/roles.md is generated from it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace integrity::model {

enum class Scope : std::uint8_t {
  products_read,
  stock_write,
  products_write,
  changes_read,
  accounts_read,
  accounts_write,
};
std::string_view name_of(Scope scope);  // "products:read"
std::optional<Scope> scope_named(std::string_view name);
std::span<const Scope> all_scopes();

// A set of scopes.
class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope each : scopes) add(each);
  }
  static constexpr Scopes from_bits(std::uint8_t bits) {
    Scopes scopes;
    scopes.bits_ = bits;
    return scopes;
  }
  constexpr void add(Scope scope) { bits_ = static_cast<std::uint8_t>(bits_ | bit(scope)); }
  constexpr bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  friend constexpr Scopes operator&(Scopes a, Scopes b) {
    return from_bits(static_cast<std::uint8_t>(a.bits_ & b.bits_));
  }
  constexpr bool operator==(const Scopes&) const = default;

 private:
  static constexpr std::uint8_t bit(Scope scope) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(scope));
  }
  std::uint8_t bits_ = 0;
};
std::vector<std::string> names_of(Scopes scopes);  // in the order of the enumeration
std::string joined(Scopes scopes);                 // "products:read stock:write" (RFC 6749 §3.3)

enum class Role : std::uint8_t { viewer, clerk, editor, auditor, admin };
std::string_view name_of(Role role);
std::optional<Role> role_named(std::string_view name);
std::span<const Role> all_roles();
Scopes scopes_of(Role role);

}  // namespace integrity::model
