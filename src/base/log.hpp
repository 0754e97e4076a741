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

// A line that cannot be written at once, or for which there is no memory, is dropped; the next one says how many were.
void event(std::string_view what, std::initializer_list<Field> fields = {}) noexcept;

// For catch handlers: takes nothing that its caller would need memory for.
void fault(std::string_view cause, std::string_view request_id = {}) noexcept;

// An event that strangers can cause as often as they like. The first of a kind is written at once; those that follow are
// counted, and each second one line says how many there were: the fields of the first, `request_id` aside, and `repeated`.
// `kind` is what makes them alike: the operation, the outcome, the network. Not for what tells of a change.
void refusal(std::string_view what, const std::string& kind, std::initializer_list<Field> fields) noexcept;

// Writes what was counted so far. At the end of the program, and in tests.
void flush_refusals() noexcept;

}  // namespace integrity::log
