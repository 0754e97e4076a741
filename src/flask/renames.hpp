// Other usernames for people whose own does not fit.
//
//   # old           new
//   d!ck            dick
//   65f0c0ffee00000000000001 ada-2     the _id, where the name has a blank in it, or two people have it
//
// A # at the beginning of a word begins a comment. Errors name the line: FILE:3: …
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "flask/row.hpp"

namespace integrity::flask {

struct Rename {
  std::string at;  // "FILE:3"
  std::string from, to;
};

Result<std::vector<Rename>> parse_renames(std::string_view text, const std::string& file);

// Whom they are about: positions in `users`, with the new name of each.
using NewNames = std::map<std::size_t, std::string>;
Result<NewNames> apply_renames(const std::vector<Rename>& renames, std::span<const Row> users);

// What names are compared by: they are unique without regard to case.
std::string name_key(std::string_view username);

}  // namespace integrity::flask
