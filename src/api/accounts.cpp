// Sign-up and the two steps of a login.
#include <memory>

#include "api/account_fields.hpp"
#include "api/endpoints.hpp"
#include "api/token_answer.hpp"
#include "auth/qr.hpp"
#include "base/log.hpp"

namespace integrity::api {
namespace {

using model::Challenge;

struct SignUpBody {
  std::string username;
  Secret password;
  std::optional<std::string> name;
  std::optional<std::string> invitation;
};
auto fields(const SignUpBody*) {
  return std::tuple{schema::required("username", &SignUpBody::username, model::username_rule,
                                     "unique without regard to upper and lower case; never used again once confirmed"),
                    schema::required("password", &SignUpBody::password, kNewPassword, kNewPasswordAbout),
                    schema::nullable("name", &SignUpBody::name, model::person_name_rule, "what people call you"),
                    schema::optional("invitation", &SignUpBody::invitation, schema::Opaque{65'536},
                                     "an invitation's token: allows sign-up where it is closed, and decides the role")};
}
constexpr std::string_view schema_name(const SignUpBody*) {
  return "SignUp";
}

// The check runs on the hashing pool, so it counts as a sign-up for the rate limit.
Result<std::function<Status()>> sign_up_check(const Call& call, const json::Value& json) {
  auto& sign_in = call.context.services.accounts.sign_in;
  const json::Value* const name = json.find("username");
  auto checked = password_check(call.context.services.accounts, json.find("password"), "#/password",
                                [name = name == nullptr ? std::string() : name->text] { return name; });
  if (checked) INTEGRITY_CHECK(sign_in.may_sign_up(call.context.client()));
  return checked;
}

bool sign_up_is_open(const Context& context) {
  const Services& services = context.services;
  // Sign-up is open because the listener is on loopback, but a proxy passes on requests from other hosts.
  if (services.signup_open_on_loopback && comes_from_untrusted_proxy(context.request, services.trusted_proxies)) {
    log::refusal("signup.unnamed", "", {{"cure", "behind a proxy, say who may sign up: --signup open|closed"}});
    return false;
  }
  return services.accounts.sign_in.signup_open().has_value();
}

// An invitation must be good, also where sign-up is open: nobody ends with another role than they were promised.
Status may_sign_up_here(const Call& call, const json::Value& body) {
  auto& services = call.context.services;
  const json::Value* const invitation = body.find("invitation");
  if (invitation != nullptr && invitation->kind == json::Value::Kind::string) {
    return services.accounts.sign_in.may_use_invitation(invitation->text);
  }
  if (sign_up_is_open(call.context)) return {};
  return Error{Code::signup_closed,
               "accounts are created by an admin's invitation, or by the operator with `integrity user add NAME`"};
}

// The check runs on the hashing pool, so it counts as a login for the rate limit of the address.
Result<std::function<Status()>> reset_check(const Call& call, const json::Value& json) {
  auto& sign_in = call.context.services.accounts.sign_in;
  const json::Value* const name = json.find("username");
  auto checked = password_check(call.context.services.accounts, json.find("new_password"), "#/new_password",
                                [name = name == nullptr ? std::string() : name->text] { return name; });
  if (checked) INTEGRITY_CHECK(sign_in.may_reset_password(call.context.client()));
  return checked;
}

struct LogInBody {
  std::string username;
  Secret password;
};
auto fields(const LogInBody*) {
  // Names and passwords that cannot exist get the same answer as those that do not exist.
  return std::tuple{schema::required("username", &LogInBody::username, schema::Opaque{}),
                    schema::required("password", &LogInBody::password, kTriedPassword)};
}
constexpr std::string_view schema_name(const LogInBody*) {
  return "LogIn";
}

struct SignUpAnswer {
  UserView user;
  std::string challenge, next;
  std::int64_t expires_in = 0;
  std::string qr;
};
auto fields(const SignUpAnswer*) {
  return std::tuple{schema::required("user", &SignUpAnswer::user, schema::Nested<UserView>{}),
                    schema::required("challenge", &SignUpAnswer::challenge, schema::Opaque{}, kChallengeAbout),
                    schema::required("next", &SignUpAnswer::next, schema::OneOf{"enrol"}, kNextAbout),
                    schema::required("expires_in", &SignUpAnswer::expires_in, kSeconds, kSecondsAbout),
                    schema::required("qr", &SignUpAnswer::qr, schema::Opaque{}, kQrAbout)};
}
constexpr std::string_view schema_name(const SignUpAnswer*) {
  return "SignedUp";
}

struct LogInAnswer {
  std::string challenge, next;
  std::int64_t expires_in = 0;
  std::optional<std::vector<std::string>> methods;
  std::optional<std::string> qr;
};
auto fields(const LogInAnswer*) {
  return std::tuple{schema::required("challenge", &LogInAnswer::challenge, schema::Opaque{}, kChallengeAbout),
                    schema::required("next", &LogInAnswer::next, schema::OneOf{"enrol verify"}, kNextAbout),
                    schema::required("expires_in", &LogInAnswer::expires_in, kSeconds, kSecondsAbout),
                    schema::optional("methods", &LogInAnswer::methods,
                                     schema::ListOf<schema::OneOf>{schema::OneOf{"totp recovery_code"}},
                                     "what the second step accepts; with next: verify"),
                    schema::optional("qr", &LogInAnswer::qr, schema::Opaque{}, kQrAbout)};
}
constexpr std::string_view schema_name(const LogInAnswer*) {
  return "LoggedIn";
}

// As `not`, which generators ignore. An anyOf next to properties makes them generate types that do not compile.
json::Value one_proof_beside_others() {
  return json::literal(R"({"not":{"anyOf":[{"propertyNames":{"enum":["challenge","username"]}},)"
                       R"({"properties":{"code":{},"recovery_code":{}},"required":["code","recovery_code"]}]}})");
}

struct VerifyBody {
  std::optional<std::string> challenge, username, code;
  std::optional<Bytes> recovery_code;
};
auto fields(const VerifyBody*) {
  return std::tuple{
      // A request without a challenge gets the same answer as one with a dead challenge.
      schema::optional("challenge", &VerifyBody::challenge, schema::Opaque{}, kChallengeAbout),
      schema::optional("username", &VerifyBody::username, schema::Opaque{}, "if sent, must be that of the challenge"),
      schema::optional("code", &VerifyBody::code, kCode, kCodeOrAbout),
      schema::optional("recovery_code", &VerifyBody::recovery_code, RecoveryCode{}, kRecoveryCodeAbout),
      schema::together(&expect_one_proof, &one_proof_beside_others)};
}
constexpr std::string_view schema_name(const VerifyBody*) {
  return "SecondStep";
}

struct VerifyAnswer {
  std::string access_token, token_type = "Bearer";
  std::int64_t expires_in = 0;
  std::optional<std::string> refresh_token;
  std::optional<std::int64_t> refresh_expires_in;
  std::string scope, role;
  UserView user;
  std::int64_t recovery_codes_left = 0;
  std::optional<std::vector<std::string>> recovery_codes;
  model::Session session;  // for the token; not a member of the answer
  bool first_admin = false;
};
auto fields(const VerifyAnswer*) {
  using schema::optional, schema::required;
  return std::tuple{
      required("access_token", &VerifyAnswer::access_token, schema::Opaque{4096}, kAccessTokenAbout),
      required("token_type", &VerifyAnswer::token_type, schema::OneOf{"Bearer"}),
      required("expires_in", &VerifyAnswer::expires_in, kSeconds, kSecondsAbout),
      optional("refresh_token", &VerifyAnswer::refresh_token, schema::Opaque{}, kRefreshTokenAbout),
      optional("refresh_expires_in", &VerifyAnswer::refresh_expires_in, kSessionSeconds, kRefreshSecondsAbout),
      required("scope", &VerifyAnswer::scope, schema::Opaque{}, kScopeAbout),
      required("role", &VerifyAnswer::role, kRole),
      required("user", &VerifyAnswer::user, schema::Nested<UserView>{}),
      required("recovery_codes_left", &VerifyAnswer::recovery_codes_left, kCodesLeft),
      optional("recovery_codes", &VerifyAnswer::recovery_codes, schema::ListOf<schema::Opaque>{schema::Opaque{}},
               "shown once, when the factor is confirmed; do not keep them on the phone")};
}
constexpr std::string_view schema_name(const VerifyAnswer*) {
  return "SignedIn";
}

struct ResetPasswordBody {
  std::string username, reset_token;
  Secret new_password;
};
auto fields(const ResetPasswordBody*) {
  return std::tuple{
      schema::required("username", &ResetPasswordBody::username, schema::Opaque{}),
      schema::required("reset_token", &ResetPasswordBody::reset_token, schema::Opaque{65'536},
                       "what an admin gave you"),
      schema::required("new_password", &ResetPasswordBody::new_password, kNewPassword, kNewPasswordAbout)};
}
constexpr std::string_view schema_name(const ResetPasswordBody*) {
  return "PasswordReset";
}

struct EnrolmentView {
  std::string otpauth_uri, secret, issuer, account, algorithm = "SHA1";
  std::int64_t digits = 6, period = 30;
};
auto fields(const EnrolmentView*) {
  return std::tuple{
      schema::required("otpauth_uri", &EnrolmentView::otpauth_uri, schema::Opaque{}, "the content of the QR code"),
      schema::required("secret", &EnrolmentView::secret, schema::Opaque{}, "base32, for typing in"),
      schema::required("issuer", &EnrolmentView::issuer, schema::Opaque{}),
      schema::required("account", &EnrolmentView::account, schema::Opaque{}),
      schema::required("algorithm", &EnrolmentView::algorithm, schema::OneOf{"SHA1"}),
      schema::required("digits", &EnrolmentView::digits, schema::Integer{6, 8}),
      schema::required("period", &EnrolmentView::period, schema::Integer{1, 300})};
}
constexpr std::string_view schema_name(const EnrolmentView*) {
  return "Enrolment";
}

// Where JSON is among what `enrolment_qr` offers, after the three pictures.
constexpr std::size_t kOfferJson = 3;

std::string_view to_text(Challenge::Next next) {
  return next == Challenge::Next::enrol ? "enrol" : "verify";
}

Result<Hashed<Created<SignUpAnswer>>> sign_up(const Context& context, const auth::Anyone&, SignUpBody body) {
  auto& sign_in = context.services.accounts.sign_in;
  INTEGRITY_CHECK(sign_in.may_sign_up(context.client()));
  // Shared, since a std::function has to be copyable and a Secret is not.
  auto shared = std::make_shared<SignUpBody>(std::move(body));
  return Hashed<Created<SignUpAnswer>>{
      [&sign_in, shared, from = context.client()](const store::Origin& origin) -> Result<Created<SignUpAnswer>> {
        INTEGRITY_TRY(const auto step, sign_in.sign_up(shared->username, shared->name, shared->password,
                                                       shared->invitation, from, origin));
        return Created<SignUpAnswer>{{UserView::of(step.user), step.challenge, std::string(to_text(step.next)),
                                      step.expires_in.count(), qr_path(step.user)}};
      }};
}

Result<Hashed<Ok<LogInAnswer>>> log_in(const Context& context, const auth::Anyone&, LogInBody body) {
  auto& sign_in = context.services.accounts.sign_in;
  INTEGRITY_CHECK(sign_in.may_log_in(body.username, context.client()));
  auto shared = std::make_shared<LogInBody>(std::move(body));
  return Hashed<Ok<LogInAnswer>>{
      [&sign_in, shared, from = context.client()](const store::Origin& origin) -> Result<Ok<LogInAnswer>> {
        INTEGRITY_TRY(const auto step, sign_in.log_in(shared->username, shared->password, from, origin));
        LogInAnswer answer{step.challenge, std::string(to_text(step.next)), step.expires_in.count(), {}, {}};
        if (step.next == Challenge::Next::enrol) {
          answer.qr = qr_path(step.user);
        } else {
          answer.methods = {"totp", "recovery_code"};
        }
        return Ok<LogInAnswer>{std::move(answer)};
      }};
}

Ok<Raw> enrolment_as(std::size_t offer, const auth::Enrolment& enrolment) {
  switch (offer) {
    case 0:
      return {{"image/png", auth::qr_png(enrolment.otpauth_uri)}};
    case 1:
      return {{"image/svg+xml", auth::qr_svg(enrolment.otpauth_uri)}};
    case 2:
      return {{"text/plain; charset=utf-8", auth::qr_text(enrolment.otpauth_uri)}};
    default:
      break;
  }
  Ok<Raw> answer{{"application/json", {}}};
  schema::write(answer.body.body, EnrolmentView{.otpauth_uri = enrolment.otpauth_uri,
                                                .secret = enrolment.secret_base32,
                                                .issuer = enrolment.issuer,
                                                .account = enrolment.account});
  return answer;
}

// A picture takes up to a millisecond, and a client may ask for any number of them: they take turns on the pool.
Result<Searched<Ok<Raw>>> enrolment_qr(const Context& context, const auth::FirstStepDone& caller) {
  INTEGRITY_TRY(auto enrolment, context.services.accounts.sign_in.enrolment(caller));
  return Searched<Ok<Raw>>{[offer = context.offer, enrolment = std::move(enrolment)]() -> Result<Ok<Raw>> {
                             return enrolment_as(offer, enrolment);
                           },
                           context.offer == kOfferJson};
}

// What cannot succeed is refused by a read, so that junk does not delay the writes of signed-in users.
Result<Write<Ok<VerifyAnswer>>> verify(const Context& context, const auth::Anyone&, store::ReadTx& read,
                                       VerifyBody body) {
  auto& services = context.services;
  const std::string challenge = body.challenge.value_or("");
  auth::Proof proof{std::move(body.code), std::move(body.recovery_code)};
  INTEGRITY_CHECK(services.accounts.sign_in.may_verify(read, challenge, body.username, proof, context.client()));
  auto write =
      services.accounts.sign_in.verify(challenge, std::move(body.username), std::move(proof), context.device());
  return Write<Ok<VerifyAnswer>>{
      [write = std::move(write)](store::WriteTx& tx) -> Result<Ok<VerifyAnswer>> {
        INTEGRITY_TRY(auto verified, write(tx));
        VerifyAnswer answer;
        answer.user = UserView::of(verified.user);
        answer.recovery_codes_left = verified.recovery_codes_left;
        answer.recovery_codes = std::move(verified.recovery_codes);
        answer.session = verified.session;
        answer.first_admin = verified.first_admin;
        if (!verified.refresh_token.empty()) answer.refresh_token = std::move(verified.refresh_token);
        answer.scope = joined(model::scopes_of(verified.session.role));
        answer.role = name_of(verified.session.role);
        return Ok<VerifyAnswer>{std::move(answer)};
      },
      [&services, address = context.client().address](Ok<VerifyAnswer>& answer) {
        const model::Session& session = answer.body.session;
        log::event("session.started",
                   {{"user", session.user.hex()}, {"session", session.id.hex()}, {"address", address}});
        if (answer.body.first_admin) auth::log_first_admin(session.user);
        auto issued = issue_token(services, session);
        answer.body.access_token = std::move(issued.token);
        answer.body.expires_in = issued.expires_in;
        if (answer.body.refresh_token) {
          answer.body.refresh_expires_in = seconds_until(session.expires_at, services.clock);
        }
      }};
}

// On the hashing pool, whatever the outcome: a refusal takes as long for a name that exists as for another.
Result<Hashed<NoContent>> reset_password(const Context& context, const auth::Anyone&, ResetPasswordBody body) {
  auto& sign_in = context.services.accounts.sign_in;
  INTEGRITY_CHECK(sign_in.may_reset_password(context.client()));
  auto shared = std::make_shared<ResetPasswordBody>(std::move(body));
  return Hashed<NoContent>{[&sign_in, shared,
                            from = context.client()](const store::Origin& origin) -> Result<NoContent> {
    INTEGRITY_CHECK(sign_in.reset_password(shared->username, shared->reset_token, shared->new_password, from, origin));
    return NoContent{};
  }};
}

}  // namespace

namespace accounts {

OperationFor<auth::Anyone> sign_up() {
  return operation("signUp", "Open an account: the first step, a password",
                   {Code::signup_closed, Code::weak_password, Code::username_taken, Code::too_many_attempts,
                    Code::overloaded},
                   &api::sign_up)
      .of_account()
      .described("Gives a challenge and a QR code to scan. The first code confirms the account.")
      .example({"ada", "A name that is free",
                R"({"username":"ada","password":"correct horse battery","name":"Ada Lovelace"})",
                R"({"user":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace",)"
                R"("created_at":"2026-11-23T10:00:15.000Z"},)"
                R"("challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk","next":"enrol","expires_in":600,)"
                R"("qr":"/generate-2fa/ada"})"})
      .checking_body(&sign_up_check)
      .gating_body(&may_sign_up_here);
}

OperationFor<auth::Anyone> log_in() {
  return operation("logIn", "Log in: the first step, a password",
                   {Code::invalid_credentials, Code::enrolment_required, Code::too_many_attempts, Code::overloaded},
                   &api::log_in)
      .of_account()
      .proving(Operation::Proves::password)
      .described(
          "Gives a challenge for the second step. Unknown names, wrong passwords and disabled accounts get the "
          "same response.")
      .example({"enrolled", "An account with an authenticator",
                R"({"username":"ada","password":"correct horse battery"})",
                R"({"challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk","next":"verify","expires_in":300,)"
                R"("methods":["totp","recovery_code"]})"});
}

OperationFor<auth::FirstStepDone> enrolment_qr() {
  return operation("getEnrolment", "The QR code that enrols an authenticator",
                   {Code::challenge_expired, Code::already_enrolled, Code::not_found, Code::too_many_attempts},
                   &api::enrolment_qr)
      .of_account()
      .described(
          "Changes nothing, and can be repeated. All media types have the same secret; `text/plain` is drawn for a "
          "terminal: `curl -H 'Accept: text/plain'`.")
      .of_user([](const Context& context) -> std::string_view { return context.parameters.front(); })
      .answering_with<EnrolmentView>()
      .example({"json", "As JSON, for a program", "",
                R"({"otpauth_uri":"otpauth://totp/Data%20Integrity%20API:ada?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U)"
                R"(&issuer=Data%20Integrity%20API&algorithm=SHA1&digits=6&period=30",)"
                R"("secret":"MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U","issuer":"Data Integrity API","account":"ada",)"
                R"("algorithm":"SHA1","digits":6,"period":30})"})
      .offering({"image/png", "image/svg+xml", "text/plain", "application/json"});
}

OperationFor<auth::Anyone> verify() {
  return operation("verifySecondFactor", "The second step: a code, or a recovery code, for an access token",
                   {Code::signup_closed, Code::challenge_expired, Code::invalid_code, Code::code_already_used,
                    Code::factor_disabled, Code::too_many_attempts},
                   &api::verify)
      .of_account()
      .proving(Operation::Proves::code)
      .described(
          "Each code is accepted once. The first success of an account confirms its authenticator and shows ten "
          "recovery "
          "codes, only this once.")
      .example({"code", "The six digits of the authenticator",
                R"({"challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk","code":"123456"})",
                R"({"access_token":"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",)"
                R"("token_type":"Bearer","expires_in":600,)"
                R"("refresh_token":"aSUUK79X2dOkscDecUVvEGJ1Z2UAAAAAAAAAAXGdbhv0bSNwBmFpkJFOW3yv3d6VCvk2OYJ2mJ8dQ6c",)"
                R"("refresh_expires_in":1800,"scope":"products:read stock:write products:write","role":"editor",)"
                R"("user":{"id":"6925142bbf57d9d3a4b1c0de",)"
                R"("username":"ada","name":"Ada Lovelace",)"
                R"("created_at":"2026-11-23T10:00:15.000Z"},)"
                R"("recovery_codes_left":10})"})
      .example({"recovery_code", "A recovery code, when the phone is lost",
                R"({"challenge":"pPWrlxQpl2-SoTgK_2r_8NhlVj8dVQ7XWjBpVb8Zcdk",)"
                R"("recovery_code":"7KQ2-M9XT-4HVB-C0ND-EWR8-5GPA"})",
                R"({"access_token":"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",)"
                R"("token_type":"Bearer","expires_in":600,)"
                R"("refresh_token":"aSUUK79X2dOkscDecUVvEGJ1Z2UAAAAAAAAAAXGdbhv0bSNwBmFpkJFOW3yv3d6VCvk2OYJ2mJ8dQ6c",)"
                R"("refresh_expires_in":1800,"scope":"products:read stock:write products:write","role":"editor",)"
                R"("user":{"id":"6925142bbf57d9d3a4b1c0de",)"
                R"("username":"ada","name":"Ada Lovelace",)"
                R"("created_at":"2026-11-23T10:00:15.000Z"},)"
                R"("recovery_codes_left":9})"});
}

OperationFor<auth::Anyone> reset_password() {
  return operation("resetPassword", "Set a new password with a reset token",
                   {Code::weak_password, Code::invalid_token, Code::too_many_attempts, Code::overloaded},
                   &api::reset_password)
      .of_account()
      .described(
          "An admin gives the token to a person who has lost their password. Then `POST /login` as usual, second "
          "factor "
          "included.")
      .example({"new", "A new password",
                R"({"username":"ada","reset_token":"8Jx1mCw0Zr6tQmV2sYkq1rT4c3U",)"
                R"("new_password":"another horse battery"})",
                ""})
      .checking_body(&reset_check);
}

}  // namespace accounts
}  // namespace integrity::api
