// The stored names of enumerations, the same in every engine.
#pragma once
#include <optional>
#include <string_view>

#include "model/change.hpp"
#include "model/user.hpp"

namespace integrity::store {

std::string_view name_of(model::UserState state);
std::string_view name_of(model::Challenge::Next next);
std::string_view name_of(model::SecondFactor factor);
std::string_view name_of(model::RecordKind kind);
std::string_view name_of(model::Attribution::Proof proof);
using model::name_of;  // of a role

// For the enumerations above. Nothing where no value has this name.
template <class Enum>
std::optional<Enum> value_of(std::string_view name);
template <>
std::optional<model::UserState> value_of(std::string_view name);
template <>
std::optional<model::Challenge::Next> value_of(std::string_view name);
template <>
std::optional<model::SecondFactor> value_of(std::string_view name);
template <>
std::optional<model::RecordKind> value_of(std::string_view name);
template <>
std::optional<model::Attribution::Proof> value_of(std::string_view name);
template <>
std::optional<model::Role> value_of(std::string_view name);

}  // namespace integrity::store
