#include "store/enum_names.hpp"

#include <algorithm>
#include <array>

namespace integrity::store {
namespace {

// In the order of the enumerations; sqlite/migrations/ and mongo/collections/ list the same names.
constexpr std::array<std::string_view, 3> kUserStates{"pending", "active", "disabled"};
constexpr std::array<std::string_view, 2> kNexts{"enrol", "verify"};
constexpr std::array<std::string_view, 2> kFactors{"otp", "recovery"};
constexpr std::array<std::string_view, 6> kKinds{"user", "session", "product", "key", "invitation", "store"};
constexpr std::array<std::string_view, 7> kProofs{"none", "host", "password", "otp", "recovery", "key", "reset"};

template <class Enum, std::size_t n>
std::string_view at(const std::array<std::string_view, n>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return {};
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(model::UserState state) {
  return at(kUserStates, state);
}
std::string_view name_of(model::Challenge::Next next) {
  return at(kNexts, next);
}
std::string_view name_of(model::SecondFactor factor) {
  return at(kFactors, factor);
}
std::string_view name_of(model::RecordKind kind) {
  return at(kKinds, kind);
}
std::string_view name_of(model::Attribution::Proof proof) {
  return at(kProofs, proof);
}

template <>
std::optional<model::UserState> value_of(std::string_view name) {
  return find<model::UserState>(kUserStates, name);
}
template <>
std::optional<model::Challenge::Next> value_of(std::string_view name) {
  return find<model::Challenge::Next>(kNexts, name);
}
template <>
std::optional<model::SecondFactor> value_of(std::string_view name) {
  return find<model::SecondFactor>(kFactors, name);
}
template <>
std::optional<model::RecordKind> value_of(std::string_view name) {
  return find<model::RecordKind>(kKinds, name);
}
template <>
std::optional<model::Attribution::Proof> value_of(std::string_view name) {
  return find<model::Attribution::Proof>(kProofs, name);
}

template <>
std::optional<model::Role> value_of(std::string_view name) {
  return model::role_named(name);
}

}  // namespace integrity::store
