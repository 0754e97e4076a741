// The opaque text behind `Link: …; rel="next"`: where a page ended, sealed so that only our own are read.
//
// A cursor belongs to its list: the filters and the order, or the record. `list` names that, in any unambiguous way.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace integrity::api {

struct Cursor {
  std::string position;  // the store's bytes
  bool of(std::string_view list) const;

  std::string list_digest;
};

std::string write_cursor(const Secret& key, std::string_view list, std::string_view position);
// What is in a cursor, whoever made it.
std::optional<Cursor> unsealed(std::string_view text);
// The same, of our own ones only.
std::optional<Cursor> read_cursor(const Secret& key, std::string_view text);

}  // namespace integrity::api
