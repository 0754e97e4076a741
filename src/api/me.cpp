// Operations of the signed-in user on their own account.
#include <memory>

#include "api/account_fields.hpp"
#include "api/endpoints.hpp"

namespace integrity::api {
namespace {

struct SessionView {
  SessionId id;
  Time created_at, expires_at;
  std::vector<std::string> amr;
};
auto fields(const SessionView*) {
  return std::tuple{
      schema::required("id", &SessionView::id, schema::Hex24<SessionId>{}),
      schema::required("created_at", &SessionView::created_at, schema::Timestamp{}),
      schema::required("expires_at", &SessionView::expires_at, schema::Timestamp{}),
      schema::required("amr", &SessionView::amr, schema::ListOf<schema::OneOf>{schema::OneOf{"pwd otp recovery"}},
                       "how the user was authenticated (RFC 8176)")};
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

struct Me {
  UserView user;
  SessionView session;
  std::vector<FactorView> factors;
  std::int64_t recovery_codes_left = 0;
};
auto fields(const Me*) {
  return std::tuple{schema::required("user", &Me::user, schema::Nested<UserView>{}),
                    schema::required("session", &Me::session, schema::Nested<SessionView>{}),
                    schema::required("factors", &Me::factors, schema::ListOf<schema::Nested<FactorView>>{}),
                    schema::required("recovery_codes_left", &Me::recovery_codes_left, kCodesLeft)};
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
                        [&store = services.store, id = std::get<auth::SignedIn>(call.caller).user()] {
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

// `code` and `recovery_code` are the only members, so one member is one proof.
json::Value one_proof_alone() {
  return json::literal(R"({"minProperties":1,"maxProperties":1})");
}

struct ProofBody {
  std::optional<std::string> code;
  std::optional<Bytes> recovery_code;
};
auto fields(const ProofBody*) {
  return std::tuple{schema::optional("code", &ProofBody::code, kCode, kCodeOrAbout),
                    schema::optional("recovery_code", &ProofBody::recovery_code, RecoveryCode{}, kRecoveryCodeAbout),
                    schema::together(&expect_one_proof, &one_proof_alone)};
}
constexpr std::string_view schema_name(const ProofBody*) {
  return "Proof";
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

Result<Write<NoContent>> log_out(const Context& context, const auth::SignedIn& caller) {
  return Write<NoContent>{
      [write = context.services.accounts.sessions.log_out(caller)](store::WriteTx& tx) -> Result<NoContent> {
        INTEGRITY_CHECK(write(tx));
        return NoContent{};
      }};
}

Result<Ok<Me>> who(const Context&, const auth::SignedIn& caller, store::ReadTx& tx) {
  const auto user = tx.user(caller.user());
  if (!user) return not_found();
  const model::Session& session = caller.session();
  const auto amr = model::amr_of(session.factor);
  Me me{UserView::of(*user),
        {session.id, session.created_at, session.expires_at, {amr.begin(), amr.end()}},
        {},
        tx.recovery_codes_left(user->id)};
  if (user->totp_confirmed_at) me.factors.push_back({.confirmed_at = *user->totp_confirmed_at});
  return Ok<Me>{std::move(me)};
}

Result<Hashed<NoContent>> change_password(const Context& context, const auth::SignedIn& caller, PasswordBody body) {
  auto& accounts = context.services.accounts;
  INTEGRITY_CHECK(accounts.own_account.may_change_password(caller, context.client()));
  // Shared, since a std::function has to be copyable and a Secret is not.
  const auto change = std::make_shared<auth::OwnAccount::NewPassword>(auth::OwnAccount::NewPassword{
      std::move(body.current_password), std::move(body.new_password), std::move(body.code)});
  return Hashed<NoContent>{
      [&accounts, caller, change, from = context.client()](const store::Origin& origin) -> Result<NoContent> {
        INTEGRITY_CHECK(accounts.own_account.change_password(caller, *change, from, origin));
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

OperationFor<auth::SignedIn> log_out() {
  return operation("logOut", "End this session", {}, &api::log_out)
      .of_account()
      .described("Its token is refused from now on.");
}

OperationFor<auth::SignedIn> who() {
  return operation("getMe", "Who I am", {}, &api::who)
      .of_account()
      .described("Also how this session was authenticated, when it ends, and how many recovery codes are left.")
      .example({"ada", "Signed in with a code", "",
                R"({"user":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace",)"
                R"("created_at":"2026-11-23T10:00:15.000Z"},)"
                R"("session":{"id":"6925142bbf57d9d3a4b1c0df","created_at":"2026-11-23T10:00:15.000Z",)"
                R"("expires_at":"2026-11-23T10:10:15.000Z","amr":["pwd","otp"]},)"
                R"("factors":[{"type":"totp","confirmed_at":"2026-11-23T10:00:15.000Z"}],"recovery_codes_left":10})"});
}

OperationFor<auth::SignedIn> change_password() {
  return operation("changePassword", "Change the password; all other sessions end",
                   {Code::weak_password, Code::invalid_code, Code::code_already_used, Code::factor_disabled,
                    Code::too_many_attempts, Code::overloaded},
                   &api::change_password)
      .of_account()
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
