// Operations of the signed-in user on their own account.
#include <memory>

#include "api/account_fields.hpp"
#include "api/actor.hpp"
#include "api/endpoints.hpp"

namespace integrity::api {
namespace {

struct SessionView {
  SessionId id;
  Time created_at, expires_at, proven_until;
  std::vector<std::string> amr;
};
auto fields(const SessionView*) {
  return std::tuple{
      schema::required("id", &SessionView::id, schema::Hex24<SessionId>{}),
      schema::required("created_at", &SessionView::created_at, schema::Timestamp{}),
      schema::required("expires_at", &SessionView::expires_at, schema::Timestamp{}, "unless it is refreshed"),
      schema::required("proven_until", &SessionView::proven_until, schema::Timestamp{},
                       "until then, no fresh proof is asked for"),
      schema::required("amr", &SessionView::amr, kAmr, kAmrAbout)};
}
constexpr std::string_view schema_name(const SessionView*) {
  return "Session";
}

struct FactorView {
  std::string type = "totp";
  Time confirmed_at;
};
auto fields(const FactorView*) {
  return std::tuple{schema::required("type", &FactorView::type, schema::OneOf{"totp"}),
                    schema::required("confirmed_at", &FactorView::confirmed_at, schema::Timestamp{})};
}
constexpr std::string_view schema_name(const FactorView*) {
  return "Factor";
}

// The key of the request, with the scopes that it has now.
struct MyKey {
  ApiKeyId id;
  std::string name;
  std::vector<std::string> scopes;
  std::optional<Time> expires_at;
};
auto fields(const MyKey*) {
  return std::tuple{schema::required("id", &MyKey::id, schema::Hex24<ApiKeyId>{}),
                    schema::required("name", &MyKey::name, model::api_key_name_rule),
                    schema::required("scopes", &MyKey::scopes, kScopes, "that both the key and its owner's role have"),
                    schema::nullable("expires_at", &MyKey::expires_at, schema::Timestamp{}, "null: never")};
}
constexpr std::string_view schema_name(const MyKey*) {
  return "MyKey";
}

struct MyReset {
  Time at;
  std::optional<Actor> by;
  bool factor = false, password = false;
};
auto fields(const MyReset*) {
  return std::tuple{schema::required("at", &MyReset::at, schema::Timestamp{}),
                    schema::nullable("by", &MyReset::by, schema::Nested<Actor>{}, "null: a command on the host"),
                    schema::required("factor", &MyReset::factor, schema::Boolean{}),
                    schema::required("password", &MyReset::password, schema::Boolean{})};
}
constexpr std::string_view schema_name(const MyReset*) {
  return "Reset";
}

// What a session sees; a key sees itself instead of what is only for the user.
struct Me {
  UserView user;
  std::string role;
  std::optional<std::vector<std::string>> scopes = {};
  std::optional<SessionView> session = {};
  std::optional<std::vector<FactorView>> factors = {};
  std::optional<std::int64_t> recovery_codes_left = {};
  std::optional<bool> api_keys = {};
  std::optional<MyReset> reset = {};
  std::optional<MyKey> key = {};
};
auto fields(const Me*) {
  using schema::optional, schema::required;
  return std::tuple{
      required("user", &Me::user, schema::Nested<UserView>{}),
      required("role", &Me::role, kRole),
      optional("scopes", &Me::scopes, kScopes, "what the role lets you do"),
      optional("session", &Me::session, schema::Nested<SessionView>{}),
      optional("factors", &Me::factors, schema::ListOf<schema::Nested<FactorView>>{}, "not with a key"),
      optional("recovery_codes_left", &Me::recovery_codes_left, kCodesLeft, "not with a key"),
      optional("api_keys", &Me::api_keys, schema::Boolean{}, "whether the operator allows keys for programs"),
      optional("reset", &Me::reset, schema::Nested<MyReset>{}),
      optional("key", &Me::key, schema::Nested<MyKey>{})};
}
constexpr std::string_view schema_name(const Me*) {
  return "Me";
}

struct PasswordBody {
  Secret current_password, new_password;
  std::string code;
};
auto fields(const PasswordBody*) {
  return std::tuple{schema::required("current_password", &PasswordBody::current_password, kTriedPassword,
                                     "the one that you log in with"),
                    schema::required("new_password", &PasswordBody::new_password, kNewPassword, kNewPasswordAbout),
                    schema::required("code", &PasswordBody::code, kCode, kCodeAbout)};
}
constexpr std::string_view schema_name(const PasswordBody*) {
  return "PasswordChange";
}

Result<std::function<Status()>> new_password_check(const Call& call, const json::Value& json) {
  auto& services = call.context.services;
  return password_check(services.accounts, json.find("new_password"), "#/new_password",
                        [&store = services.store, id = std::get<auth::Principal>(call.caller).user()] {
                          const auto user = store.read()->user(id);
                          return user ? user->username : std::string();
                        });
}

struct CodeBody {
  std::string code;
};
auto fields(const CodeBody*) {
  return std::tuple{schema::required("code", &CodeBody::code, kCode, kCodeAbout)};
}
constexpr std::string_view schema_name(const CodeBody*) {
  return "Code";
}

struct RecoveryCodesAnswer {
  std::vector<std::string> recovery_codes;
};
auto fields(const RecoveryCodesAnswer*) {
  return std::tuple{schema::required("recovery_codes", &RecoveryCodesAnswer::recovery_codes,
                                     schema::ListOf<schema::Opaque>{schema::Opaque{}},
                                     "shown once; do not keep them on the phone")};
}
constexpr std::string_view schema_name(const RecoveryCodesAnswer*) {
  return "RecoveryCodes";
}

struct ReplaceAnswer {
  std::string challenge, next = "enrol";
  std::int64_t expires_in = 0;
  std::string qr;
};
auto fields(const ReplaceAnswer*) {
  return std::tuple{schema::required("challenge", &ReplaceAnswer::challenge, schema::Opaque{}, kChallengeAbout),
                    schema::required("next", &ReplaceAnswer::next, schema::OneOf{"enrol"}, kNextAbout),
                    schema::required("expires_in", &ReplaceAnswer::expires_in, kSeconds, kSecondsAbout),
                    schema::required("qr", &ReplaceAnswer::qr, schema::Opaque{}, kQrAbout)};
}
constexpr std::string_view schema_name(const ReplaceAnswer*) {
  return "ReplacementBegun";
}

Result<Ok<Me>> who(const Context& context, const auth::Principal& caller, store::ReadTx& tx) {
  const auto user = tx.user(caller.user());
  if (!user) return not_found();
  Me me{.user = UserView::of(*user), .role = std::string(name_of(caller.role()))};
  if (const model::ApiKey* key = caller.key()) {
    me.key = MyKey{key->id, key->name, names_of(caller.scopes()), key->expires_at};
    return Ok<Me>{std::move(me)};
  }
  const model::Session& session = *caller.session();
  me.scopes = names_of(caller.scopes());
  me.session = SessionView{session.id, session.created_at, session.expires_at, session.proven_at + auth::proof_life,
                           amr_names(session)};
  me.factors.emplace();
  if (user->totp_confirmed_at) me.factors->push_back({.confirmed_at = *user->totp_confirmed_at});
  me.recovery_codes_left = tx.recovery_codes_left(user->id);
  me.api_keys = context.services.accounts.api_keys.on();
  if (user->reset && context.services.clock.now() < user->reset->at + model::reset_shown) {
    const model::Reset& reset = *user->reset;
    const auto by = reset.by ? std::optional(Actors().of(tx, *reset.by)) : std::nullopt;
    me.reset = MyReset{reset.at, by, reset.factor, reset.password};
  }
  return Ok<Me>{std::move(me)};
}

Result<Hashed<NoContent>> change_password(const Context& context, const auth::SignedIn& caller, PasswordBody body) {
  auto& own = context.services.accounts.own_account;
  INTEGRITY_CHECK(own.may_change_password(caller, context.client()));
  // Shared, since a std::function has to be copyable and a Secret is not.
  const auto change = std::make_shared<auth::OwnAccount::NewPassword>(auth::OwnAccount::NewPassword{
      std::move(body.current_password), std::move(body.new_password), std::move(body.code)});
  return Hashed<NoContent>{
      [&own, caller, change, from = context.client()](const store::Origin& origin) -> Result<NoContent> {
        INTEGRITY_CHECK(own.change_password(caller, *change, from, origin));
        return NoContent{};
      }};
}

Result<Write<Ok<RecoveryCodesAnswer>>> renew_recovery_codes(const Context& context, const auth::SignedIn& caller,
                                                            CodeBody body) {
  auto write = context.services.accounts.own_account.renew_recovery_codes(caller, std::move(body.code));
  return Write<Ok<RecoveryCodesAnswer>>{
      [write = std::move(write)](store::WriteTx& tx) -> Result<Ok<RecoveryCodesAnswer>> {
        INTEGRITY_TRY(auto codes, write(tx));
        return Ok<RecoveryCodesAnswer>{{std::move(codes)}};
      }};
}

Result<Write<Ok<ReplaceAnswer>>> replace_factor(const Context& context, const auth::SignedIn& caller, ProofBody body) {
  auto write = context.services.accounts.own_account.replace_factor(
      caller, {std::move(body.code), std::move(body.recovery_code)});
  return Write<Ok<ReplaceAnswer>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Ok<ReplaceAnswer>> {
    INTEGRITY_TRY(const auto step, write(tx));
    return Ok<ReplaceAnswer>{
        {.challenge = step.challenge, .expires_in = step.expires_in.count(), .qr = qr_path(step.user)}};
  }};
}

// The errors of a code or recovery code.
const std::vector<Code> kProofErrors{Code::invalid_code, Code::code_already_used, Code::factor_disabled,
                                     Code::too_many_attempts};

}  // namespace

namespace me {

OperationFor<auth::Principal> who() {
  return operation("getMe", "Who I am", {}, &api::who)
      .of_account()
      .described(
          "What the role allows, how this session was authenticated, when it ends, and how many recovery codes are "
          "left. "
          "A program's key sees its owner and itself.")
      .example({"ada", "Signed in with a code", "",
                R"({"user":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace",)"
                R"("created_at":"2026-11-23T10:00:15.000Z"},"role":"editor",)"
                R"("scopes":["products:read","stock:write","products:write"],)"
                R"("session":{"id":"6925142bbf57d9d3a4b1c0df","created_at":"2026-11-23T10:00:15.000Z",)"
                R"("expires_at":"2026-11-23T10:30:15.000Z","proven_until":"2026-11-23T10:05:15.000Z",)"
                R"("amr":["pwd","otp"]},)"
                R"("factors":[{"type":"totp","confirmed_at":"2026-11-23T10:00:15.000Z"}],"recovery_codes_left":10,)"
                R"("api_keys":false})"});
}

OperationFor<auth::SignedIn> change_password() {
  return operation("changePassword", "Change the password; all other sessions end",
                   {Code::weak_password, Code::invalid_code, Code::code_already_used, Code::factor_disabled,
                    Code::too_many_attempts, Code::overloaded},
                   &api::change_password)
      .of_account()
      .proving(Operation::Proves::code)
      .described(
          "Challenges end as well. A wrong current password counts like one at the login, and does not use up the "
          "code.")
      .example(
          {"another", "A password of several words",
           R"({"current_password":"correct horse battery","new_password":"another horse battery","code":"123456"})",
           ""})
      .checking_body(&new_password_check);
}

OperationFor<auth::SignedIn> renew_recovery_codes() {
  return operation("renewRecoveryCodes", "Get ten new recovery codes; the old ones are refused from now on",
                   kProofErrors, &api::renew_recovery_codes)
      .of_account()
      .proving(Operation::Proves::code)
      .described("They are shown only this once. Sessions do not end.")
      .example({"ten", "A code for ten others", R"({"code":"123456"})",
                R"({"recovery_codes":["7KQ2M9XT4HVBC0NDEWR85GPA","0V8RZJ5T1C9YKXW3QH6MEDBN",)"
                R"("2P4S6F8G0J1K3M5N7Q9RATBV","W1X3Y5Z7A9B0C2D4E6F8G1H3","J5K7M9N1P3Q5R7S9T0V2W4X6",)"
                R"("Y8Z0A2B4C6D8E1F3G5H7J9K1","M3N5P7Q9R1S3T5V7W9X0Y2Z4","A6B8C0D2E4F6G8H1J3K5M7N9",)"
                R"("P1Q3R5S7T9V1W3X5Y7Z9A0B2","C4D6E8F0G2H4J6K8M1N3P5Q7"]})"});
}

OperationFor<auth::SignedIn> replace_factor() {
  return operation("replaceFactor", "Replace the authenticator; the old one works until the new one is confirmed",
                   kProofErrors, &api::replace_factor)
      .of_account()
      .proving(Operation::Proves::code)
      .described(
          "Gives a challenge and the QR code of a new secret. Its first code at `/verify-2fa` ends all other sessions; "
          "the recovery codes stay.")
      .example({"code", "A code of the authenticator in use", R"({"code":"123456"})",
                R"({"challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk","next":"enrol","expires_in":600,)"
                R"("qr":"/generate-2fa/ada"})"})
      .example({"recovery_code", "A recovery code, when it is lost",
                R"({"recovery_code":"7KQ2-M9XT-4HVB-C0ND-EWR8-5GPA"})",
                R"({"challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk","next":"enrol","expires_in":600,)"
                R"("qr":"/generate-2fa/ada"})"});
}

}  // namespace me
}  // namespace integrity::api
