#include "catalog/expected.hpp"

namespace integrity::catalog {
namespace {

Error stale(std::int64_t version, Noun noun) {
  return {Code::precondition_failed,
          std::string(noun) + " is at version " + std::to_string(version) + " now; read it again before changing it"};
}

}  // namespace

Error if_match_failed(const Expected::Match& match, std::int64_t version, Noun noun) {
  if (std::find(match.weak.begin(), match.weak.end(), version) == match.weak.end()) return stale(version, noun);
  const std::string tag = '"' + std::to_string(version) + '"';
  return {Code::precondition_failed, "If-Match never matches a weak tag like W/" + tag +
                                         ": a proxy that compresses responses has weakened the ETag. Send " + tag +
                                         " without W/, and let the proxy not compress this server's responses"};
}

Status expect_version(const Expected& expected, std::int64_t version, bool must_name, Noun noun) {
  if (must_name && !expected.if_match && !expected.version) {
    return Error{Code::precondition_required,
                 "say which version this is about: send If-Match with the ETag that GET gave"};
  }
  if (expected.if_match && !expected.if_match->has(version)) {
    return if_match_failed(*expected.if_match, version, noun);
  }
  if (expected.if_none_match && expected.if_none_match->has(version)) {
    return Error{Code::precondition_failed, std::string(noun) + " is at a version that If-None-Match excludes"};
  }
  if (expected.version && *expected.version != version) return stale(version, noun);
  return {};
}

Status expect_unchanged(const Expected& expected, const SetByServer& record) {
  Error error{Code::invalid_value, "a value is not acceptable: see errors"};
  const auto compare = [&](std::string_view name, const std::optional<std::string>& sent, const std::string& is) {
    if (!sent || is.empty() || *sent == is) return;
    error.fields.push_back({FieldError::In::body, "#/" + std::string(name),
                            "is set by the server: leave it out, or send back \"" + is + "\""});
  };
  compare("id", expected.id, record.id);
  compare("created_at", expected.created_at, record.created_at);
  compare("updated_at", expected.updated_at, record.updated_at);
  if (!error.fields.empty()) return error;
  return {};
}

}  // namespace integrity::catalog
