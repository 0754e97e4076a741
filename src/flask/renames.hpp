// New usernames for users whose old name does not fit.
//
//   # old           new
//   d!ck            dick
//   65f0c0ffee00000000000001 ada-2     the _id, where the name contains a blank or several users have it
//
// A word that begins with # begins a comment. Errors name the line: FILE:3: …
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

// Positions in `users`, with the new name of each.
using NewNames = std::map<std::size_t, std::string>;
Result<NewNames> apply_renames(const std::vector<Rename>& renames, std::span<const Row> users);

// Names are compared by this: they are unique regardless of case.
std::string name_key(std::string_view username);

}  // namespace integrity::flask
