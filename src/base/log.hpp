// Security and operations log: one JSON object a line on stderr, UTC times, no secrets.
//
//   log::event("login.refused", {{"user", name}, {"address", address}, {"outcome", "invalid-credentials"}});
//
// Values are escaped, so a name with line feeds cannot forge a line. Callers MUST NOT pass passwords,
// codes, tokens or secrets; Secret has no conversion that would let them. Safe from any thread.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

namespace integrity::log {

struct Field {
  std::string_view name;
  std::string value;
};

void event(std::string_view what, std::initializer_list<Field> fields = {});

}  // namespace integrity::log
