// Members and rules that several account operations share.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/accounts.hpp"
#include "auth/recovery_code.hpp"
#include "auth/typed_code.hpp"
#include "base/json_document.hpp"
#include "schema/object.hpp"

namespace integrity::api {

inline constexpr schema::Integer kSeconds{.min = 0, .max = 86'400};
inline constexpr schema::Integer kCodesLeft{.min = 0, .max = static_cast<std::int64_t>(auth::recovery_codes_count)};
inline constexpr schema::SecretText kNewPassword{auth::password_code_points_min, auth::password_code_points_max};
// A password that is only compared: one that cannot exist gets the same answer as a wrong one.
inline constexpr schema::SecretText kTriedPassword{0, 1024};

inline constexpr std::string_view kChallengeAbout = "proof of the first step; opaque; the second step uses it up";
inline constexpr std::string_view kNextAbout = "enrol: an authenticator must be set up first; verify: send a code";
inline constexpr std::string_view kSecondsAbout = "seconds";
inline constexpr std::string_view kQrAbout = "where the QR code is, for this challenge; with next: enrol";
inline constexpr std::string_view kCodeAbout = "what the authenticator shows; spaces do not matter";
inline constexpr std::string_view kCodeOrAbout =
    "what the authenticator shows; spaces do not matter; either this or recovery_code";
inline constexpr std::string_view kRecoveryCodeAbout =
    "one of the ten; upper and lower case, blanks and hyphens do not matter";
inline constexpr std::string_view kNewPasswordAbout = "all characters count; common passwords are refused";

struct Lifetime : schema::Integer {
  std::optional<std::int64_t> read(const json::Value& json, std::string& why) const {
    const auto seconds = Integer::read(json, why);
    if (!seconds) why += ", in seconds";
    return seconds;
  }
};

// Six digits, with the spaces that people type.
struct TotpCode {
  using Value = std::string;
  std::optional<std::string> read(const json::Value& json, std::string& why) const {
    std::optional<std::string> digits;
    if (json.kind == json::Value::Kind::string) digits = auth::parse_code(json.text);
    if (!digits) why = "must be a code of six digits, as a string";
    return digits;
  }
  json::Value describe() const {
    const auto spaces = '[' + std::string(auth::typed_spaces) + "]*";
    return json::object({{"type", json::string("string")},
                         {"minLength", json::number(6)},
                         {"pattern", json::string('^' + spaces + "([0-9]" + spaces + "){6}$")}});
  }
};
inline constexpr TotpCode kCode{};

// 24 characters of Crockford's base32, with the spaces and hyphens that people type.
struct RecoveryCode {
  using Value = Bytes;
  std::optional<Bytes> read(const json::Value& json, std::string& why) const {
    std::optional<Bytes> bits;
    if (json.kind == json::Value::Kind::string) bits = auth::parse_recovery_code(json.text);
    if (!bits) why = "must be a recovery code: 24 letters and digits";
    return bits;
  }
  json::Value describe() const {
    const auto between = '[' + std::string(auth::typed_spaces) + "-]*";
    return json::object({{"type", json::string("string")},
                         {"minLength", json::number(24)},
                         {"pattern", json::string("^(" + between + "[0-9A-TV-Za-tv-z]){24}" + between + '$')}});
  }
};

inline constexpr schema::OneOf kRole{"viewer clerk editor auditor admin"};
inline constexpr schema::ListOf<schema::OneOf> kScopes{
    schema::OneOf{"products:read stock:write products:write changes:read accounts:read accounts:write"}};
inline constexpr schema::ListOf<schema::OneOf> kAmr{schema::OneOf{"pwd otp recovery"}};
inline constexpr std::string_view kAmrAbout = "how the user was authenticated (RFC 8176)";

inline std::vector<std::string> amr_names(const model::Session& session) {
  std::vector<std::string> names;
  for (const auto method : model::amr_of(session.factor)) names.emplace_back(method);
  return names;
}

// `code` and `recovery_code` are the only members, so one member is one proof.
inline json::Value one_proof_alone() {
  return json::literal(R"({"minProperties":1,"maxProperties":1})");
}

// For schema::together of a body with the members code and recovery_code.
inline void expect_one_proof(const json::Value& json, std::vector<FieldError>& errors) {
  if ((json.find("code") != nullptr) == (json.find("recovery_code") != nullptr)) {
    errors.push_back({FieldError::In::body, "#/code", "send exactly one of code and recovery_code"});
  }
}

struct ProofBody {
  std::optional<std::string> code;
  std::optional<Bytes> recovery_code;
};
inline auto fields(const ProofBody*) {
  return std::tuple{schema::optional("code", &ProofBody::code, kCode, kCodeOrAbout),
                    schema::optional("recovery_code", &ProofBody::recovery_code, RecoveryCode{}, kRecoveryCodeAbout),
                    schema::together(&expect_one_proof, &one_proof_alone)};
}
constexpr std::string_view schema_name(const ProofBody*) {
  return "Proof";
}

struct UserView {
  UserId id;
  std::string username;
  std::optional<std::string> name;
  Time created_at;

  static UserView of(const model::User& user) { return {user.id, user.username, user.name, user.created_at}; }
};
inline auto fields(const UserView*) {
  return std::tuple{schema::required("id", &UserView::id, schema::Hex24<UserId>{}),
                    schema::required("username", &UserView::username, model::username_rule),
                    schema::nullable("name", &UserView::name, model::person_name_rule),
                    schema::required("created_at", &UserView::created_at, schema::Timestamp{})};
}
constexpr std::string_view schema_name(const UserView*) {
  return "User";
}

// For checking_body: whether a well-formed password is too easy to guess. `username` is called on the hashing pool.
inline std::function<Status()> password_check(const auth::Accounts& accounts, const json::Value* password,
                                              std::string_view pointer, std::function<std::string()> username) {
  std::string why;
  auto read = password == nullptr ? std::nullopt : kNewPassword.read(*password, why);
  if (!read) return {};
  // Shared, since a std::function has to be copyable and a Secret is not.
  return [&accounts, pointer, username = std::move(username), secret = std::make_shared<Secret>(std::move(*read))] {
    return accounts.context.acceptable(*secret, username(), pointer);
  };
}

// The path of the QR code.
inline std::string qr_path(const model::User& user) {
  std::string path = "/generate-2fa/";
  // The only two characters of usernames that a client or a proxy could change in a path.
  for (char c : user.username) {
    if (c == '@') {
      path += "%40";
    } else if (c == '+') {
      path += "%2B";
    } else {
      path += c;
    }
  }
  return path;
}

}  // namespace integrity::api
