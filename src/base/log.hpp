// Security and operations log: one JSON object per line on stderr, UTC times, no secrets.
//
//   log::event("login.refused", {{"user", name}, {"address", address}, {"outcome", "invalid-credentials"}});
//
// Values are escaped, so a name with line feeds cannot forge a line. Callers MUST NOT pass passwords,
// codes, tokens or secrets; Secret has no conversion that would allow it. Safe from any thread.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

namespace integrity::log {

// Views, so that making one takes no memory: the texts must outlive the call. A Field in a variable must not refer to a
// temporary.
struct Field {
  std::string_view name, value;
};

// A line that cannot be written at once, or for which there is no memory, is dropped. The next line says how many were,
// as `dropped_before`.
void event(std::string_view what, std::initializer_list<Field> fields = {}) noexcept;

// An exception that nobody expected: `http.fault`.
void fault(std::string_view cause, std::string_view request_id = {}) noexcept;

// An event that strangers can cause as often as they like. The first of each `kind` (operation, outcome and network,
// for example) is written at once. Those that follow are counted, and one line a second reports them: the fields of the
// first without `request_id`, and the count as `repeated`. Not for changes, each of which belongs in the log.
void refusal(std::string_view what, const std::string& kind, std::initializer_list<Field> fields) noexcept;

// Writes what was counted so far. At the end of the program, and in tests.
void flush_refusals() noexcept;

}  // namespace integrity::log
