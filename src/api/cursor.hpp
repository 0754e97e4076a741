// The opaque text in `Link: …; rel="next"`: the position where a page ended, signed so that no other text is accepted.
//
// A cursor belongs to its list: the filters and the order, or the record. `list` names that, in any unambiguous way.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace integrity::api {

struct Cursor {
  std::string position;  // in the bytes of the store
  bool of(std::string_view list) const;

  std::string list_digest;
};

std::string write_cursor(const Secret& key, std::string_view list, std::string_view position);
// The contents of a cursor whose signature was checked before.
std::optional<Cursor> unverified(std::string_view text);
// Nothing where this server (this key) did not sign it.
std::optional<Cursor> read_cursor(const Secret& key, std::string_view text);

}  // namespace integrity::api
