#include "app/host_commands.hpp"

#include "api/account_fields.hpp"
#include "base/decimal.hpp"
#include "base/json_document.hpp"
#include "schema/object.hpp"

namespace integrity::app {
namespace {

struct AddUser {
  std::string username;
  Secret password;
  std::optional<std::string> role;
};
auto fields(const AddUser*) {
  return std::tuple{schema::required("username", &AddUser::username, model::username_rule),
                    schema::required("password", &AddUser::password, api::kNewPassword),
                    schema::optional("role", &AddUser::role, schema::Opaque{}, "empty: by the rules")};
}

struct Added {
  std::string challenge, otpauth_uri, secret;
};
auto fields(const Added*) {
  return std::tuple{schema::required("challenge", &Added::challenge, schema::Opaque{}),
                    schema::required("otpauth_uri", &Added::otpauth_uri, schema::Opaque{}),
                    schema::required("secret", &Added::secret, schema::Opaque{})};
}

struct Confirm {
  std::string challenge, code;
};
auto fields(const Confirm*) {
  return std::tuple{schema::required("challenge", &Confirm::challenge, schema::Opaque{}),
                    schema::required("code", &Confirm::code, api::kCode)};
}

struct Confirmed {
  std::vector<std::string> recovery_codes;
};
auto fields(const Confirmed*) {
  return std::tuple{schema::required("recovery_codes", &Confirmed::recovery_codes, schema::ListOf<schema::Opaque>{})};
}

struct SetPassword {
  std::string username;
  Secret password;
};
auto fields(const SetPassword*) {
  return std::tuple{schema::required("username", &SetPassword::username, schema::Opaque{}),
                    schema::required("password", &SetPassword::password, api::kNewPassword)};
}

struct Named {
  std::string username;
};
auto fields(const Named*) {
  return std::tuple{schema::required("username", &Named::username, schema::Opaque{})};
}

struct SetRole {
  std::string username, role;
};
auto fields(const SetRole*) {
  return std::tuple{schema::required("username", &SetRole::username, schema::Opaque{}),
                    schema::required("role", &SetRole::role, api::kRole)};
}

struct AddKey {
  std::string username, name, scopes, expires_in;
};
auto fields(const AddKey*) {
  return std::tuple{schema::required("username", &AddKey::username, schema::Opaque{}),
                    schema::required("name", &AddKey::name, model::api_key_name_rule),
                    schema::required("scopes", &AddKey::scopes, schema::Opaque{}, "separated by spaces"),
                    schema::required("expires_in", &AddKey::expires_in, schema::Opaque{}, "seconds; empty: never")};
}

struct AddedKey {
  ApiKeyId id;
  std::string key;
};
auto fields(const AddedKey*) {
  return std::tuple{schema::required("id", &AddedKey::id, schema::Hex24<ApiKeyId>{}),
                    schema::required("key", &AddedKey::key, schema::Opaque{})};
}

struct RevokeKey {
  ApiKeyId id;
};
auto fields(const RevokeKey*) {
  return std::tuple{schema::required("id", &RevokeKey::id, schema::Hex24<ApiKeyId>{})};
}

struct Invite {
  std::string role, name, expires_in;
};
auto fields(const Invite*) {
  return std::tuple{schema::required("role", &Invite::role, api::kRole),
                    schema::required("name", &Invite::name, schema::Text{.min = 0, .max = 100}, "empty: none"),
                    schema::required("expires_in", &Invite::expires_in, schema::Opaque{}, "seconds")};
}

struct Invited {
  InvitationId id;
  std::string token;
  Time expires_at;
};
auto fields(const Invited*) {
  return std::tuple{schema::required("id", &Invited::id, schema::Hex24<InvitationId>{}),
                    schema::required("token", &Invited::token, schema::Opaque{}),
                    schema::required("expires_at", &Invited::expires_at, schema::Timestamp{})};
}

template <class T>
std::string written(const T& object) {
  std::string out;
  schema::write(out, object);
  return out;
}

using Reply = Result<std::string>;  // a JSON object

Reply add_user(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<AddUser>(with));
  std::optional<model::Role> role;
  if (asked.role) role = model::role_named(*asked.role);
  INTEGRITY_TRY(const auto added, accounts.host.add_user(asked.username, asked.password, role));
  return written(Added{added.challenge, added.enrolment.otpauth_uri, added.enrolment.secret_base32});
}

Reply confirm_user(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<Confirm>(with));
  INTEGRITY_TRY(auto codes, accounts.host.confirm(asked.challenge, asked.code));
  return written(Confirmed{std::move(codes)});
}

Reply set_password(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<SetPassword>(with));
  INTEGRITY_CHECK(accounts.host.set_password(asked.username, asked.password));
  return "{}";
}

Reply set_role(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<SetRole>(with));
  INTEGRITY_CHECK(accounts.host.set_role(asked.username, *model::role_named(asked.role)));
  return "{}";
}

// Nothing where the text is empty.
std::optional<std::chrono::seconds> seconds_in(const std::string& text) {
  if (text.empty()) return {};
  const auto number = Decimal::parse_plain(text);
  return std::chrono::seconds(number ? number->scaled(0).value_or(0) : 0);
}

Reply add_key(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<AddKey>(with));
  model::Scopes scopes;
  for (std::string_view rest = asked.scopes; !rest.empty();) {
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (const auto scope = model::scope_named(word)) scopes.add(*scope);
  }
  INTEGRITY_TRY(const auto made,
                accounts.host.add_key(asked.username, asked.name, scopes, seconds_in(asked.expires_in)));
  return written(AddedKey{made.key.id, made.text});
}

Reply revoke_key(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<RevokeKey>(with));
  INTEGRITY_CHECK(accounts.host.revoke_key(asked.id));
  return "{}";
}

Reply invite(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<Invite>(with));
  const auto name = asked.name.empty() ? std::nullopt : std::optional(asked.name);
  INTEGRITY_TRY(const auto made, accounts.host.invite(*model::role_named(asked.role), name,
                                                      seconds_in(asked.expires_in).value_or(std::chrono::seconds(0))));
  return written(Invited{made.invitation.id, made.token, made.invitation.expires_at});
}

template <Status (auth::HostAccounts::*function)(const std::string&)>
Reply by_name(auth::Accounts& accounts, const json::Value& with) {
  INTEGRITY_TRY(const auto asked, schema::read<Named>(with));
  INTEGRITY_CHECK((accounts.host.*function)(asked.username));
  return "{}";
}

constexpr struct {
  std::string_view name;
  Reply (*run)(auth::Accounts&, const json::Value&);
} kCommands[] = {
    {"user.add", add_user},
    {"user.confirm", confirm_user},
    {"user.set-password", set_password},
    {"user.reset-2fa", by_name<&auth::HostAccounts::reset_factor>},
    {"user.disable", by_name<&auth::HostAccounts::disable>},
    {"user.enable", by_name<&auth::HostAccounts::enable>},
    {"user.role", set_role},
    {"api-key.add", add_key},
    {"api-key.revoke", revoke_key},
    {"invitation.add", invite},
    {"user.remove", by_name<&auth::HostAccounts::remove_pending>},
};

}  // namespace

Status may_be_added(std::string_view username, const Secret& password, std::string_view issuer) {
  std::string request = request_for("user.add", {{"username", username}, {"password", password.reveal_text()}});
  auto parsed = json::parse(request);
  wipe(request);
  const auto asked = schema::read<AddUser>(*parsed->find("with"));
  wipe_texts(*parsed);
  if (!asked) return Error{asked.error().code, whole_detail(asked.error())};
  if (const auto why = auth::weakness(asked->password, username, issuer)) {
    return Error{Code::weak_password, "password " + *why};
  }
  return {};
}

void add_account_acts(HostActs& acts, auth::Accounts& accounts) {
  for (const auto& command : kCommands) {
    acts.add(std::string(command.name),
             [&accounts, run = command.run](const json::Value& with, const Progress&) { return run(accounts, with); });
  }
}

}  // namespace integrity::app
