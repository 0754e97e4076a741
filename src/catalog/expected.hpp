// Which version of a record a request is about: If-Match, If-None-Match and the members of a body that GET gave.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace integrity::catalog {

// Which version the client made its change on, as far as the request says.
struct Expected {
  // The versions in If-Match or If-None-Match. Empty: the header was not sent.
  struct Match {
    bool any = false;  // "*"
    std::vector<std::int64_t> versions = {};
    std::vector<std::int64_t> weak = {};  // of weak tags, which never match in If-Match
    bool has(std::int64_t current) const {
      return any || std::find(versions.begin(), versions.end(), current) != versions.end();
    }
  };
  std::optional<Match> if_match = {};
  std::optional<Match> if_none_match = {};
  // Members of a body that GET gave. They must equal those of the current product.
  std::optional<std::int64_t> version = {};
  std::optional<std::string> id = {};
  std::optional<std::string> created_at = {};
  std::optional<std::string> updated_at = {};
};

// What a record is called in errors: "the product".
using Noun = std::string_view;

// The error where If-Match does not have the current version.
Error if_match_failed(const Expected::Match& match, std::int64_t version, Noun noun);
// Whether the record is at a version that was expected. Errors: precondition_required where the request names none and
// must, precondition_failed.
Status expect_version(const Expected& expected, std::int64_t version, bool must_name, Noun noun);
// Members that the server sets can be sent back, but not changed. Those that are empty here are not compared.
struct SetByServer {
  std::string id = {}, created_at = {}, updated_at = {};
};
Status expect_unchanged(const Expected& expected, const SetByServer& record);

}  // namespace integrity::catalog
