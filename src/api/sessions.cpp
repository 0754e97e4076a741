// Sessions: refreshing, ending, listing one's own, and the fresh proof that some operations want.
#include <utility>

#include "api/endpoints.hpp"
#include "api/token_answer.hpp"
#include "base/log.hpp"

namespace integrity::api {
namespace {

struct RefreshBody {
  std::string refresh_token;
};
auto fields(const RefreshBody*) {
  return std::tuple{schema::required("refresh_token", &RefreshBody::refresh_token, schema::Opaque{65'536},
                                     "the newest one that this session was given")};
}
constexpr std::string_view schema_name(const RefreshBody*) {
  return "Refresh";
}

struct RefreshAnswer {
  std::string access_token, token_type = "Bearer";
  std::int64_t expires_in = 0;
  std::string refresh_token;
  std::int64_t refresh_expires_in = 0;
  std::string scope, role;
  UserView user;
  model::Session session;  // for the token; not a member of the answer
};
auto fields(const RefreshAnswer*) {
  using schema::required;
  return std::tuple{
      required("access_token", &RefreshAnswer::access_token, schema::Opaque{4096}, kAccessTokenAbout),
      required("token_type", &RefreshAnswer::token_type, schema::OneOf{"Bearer"}),
      required("expires_in", &RefreshAnswer::expires_in, kSeconds, kSecondsAbout),
      required("refresh_token", &RefreshAnswer::refresh_token, schema::Opaque{}, kRefreshTokenAbout),
      required("refresh_expires_in", &RefreshAnswer::refresh_expires_in, kSessionSeconds, kRefreshSecondsAbout),
      required("scope", &RefreshAnswer::scope, schema::Opaque{}, kScopeAbout),
      required("role", &RefreshAnswer::role, kRole),
      required("user", &RefreshAnswer::user, schema::Nested<UserView>{})};
}
constexpr std::string_view schema_name(const RefreshAnswer*) {
  return "Refreshed";
}

struct SessionItem {
  SessionId id;
  Time created_at;
  std::optional<Time> refreshed_at;
  Time expires_at;
  std::vector<std::string> amr;
  std::string address;
  std::optional<std::string> user_agent;
  bool current = false;
};
auto fields(const SessionItem*) {
  using schema::nullable, schema::required;
  return std::tuple{
      required("id", &SessionItem::id, schema::Hex24<SessionId>{}),
      required("created_at", &SessionItem::created_at, schema::Timestamp{}),
      nullable("refreshed_at", &SessionItem::refreshed_at, schema::Timestamp{}, "null before the first refresh"),
      required("expires_at", &SessionItem::expires_at, schema::Timestamp{}, "unless it is refreshed"),
      required("amr", &SessionItem::amr, kAmr, kAmrAbout),
      required("address", &SessionItem::address, schema::Opaque{}, "of the last refresh, or else of the beginning"),
      nullable("user_agent", &SessionItem::user_agent, schema::Opaque{}, "sent with the same request"),
      required("current", &SessionItem::current, schema::Boolean{}, "the session of this request")};
}
constexpr std::string_view schema_name(const SessionItem*) {
  return "SessionOfUser";
}

struct ProofAnswer {
  Time proven_until;
};
auto fields(const ProofAnswer*) {
  return std::tuple{schema::required("proven_until", &ProofAnswer::proven_until, schema::Timestamp{},
                                     "until then this session may do what needs a fresh proof")};
}
constexpr std::string_view schema_name(const ProofAnswer*) {
  return "Proven";
}

Result<Write<Ok<RefreshAnswer>>> refresh(const Context& context, const auth::Anyone&, store::ReadTx& read,
                                         RefreshBody body) {
  auto& services = context.services;
  INTEGRITY_TRY(const auto token, services.accounts.sessions.read_refresh_token(body.refresh_token));
  INTEGRITY_CHECK(services.accounts.sessions.may_refresh(read, token));  // so that dead tokens queue no writes
  auto write = services.accounts.sessions.refresh(token, context.device());
  return Write<Ok<RefreshAnswer>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Ok<RefreshAnswer>> {
                                    INTEGRITY_TRY(auto renewed, write(tx));
                                    RefreshAnswer answer;
                                    answer.refresh_token = std::move(renewed.refresh_token);
                                    answer.scope = joined(model::scopes_of(renewed.session.role));
                                    answer.role = name_of(renewed.session.role);
                                    answer.user = UserView::of(renewed.user);
                                    answer.refresh_expires_in = renewed.refresh_expires_in.count();
                                    answer.session = renewed.session;
                                    return Ok<RefreshAnswer>{std::move(answer)};
                                  },
                                  [&services](Ok<RefreshAnswer>& answer) {
                                    auto issued = issue_token(services, answer.body.session);
                                    answer.body.access_token = std::move(issued.token);
                                    answer.body.expires_in = issued.expires_in;
                                  }};
}

Result<Write<NoContent>> log_out(const Context& context, const auth::SignedIn& caller) {
  return no_content(context.services.accounts.sessions.log_out(caller));
}

Result<Write<Ok<ProofAnswer>>> prove(const Context& context, const auth::SignedIn& caller, store::ReadTx& read,
                                     ProofBody body) {
  auto& sessions = context.services.accounts.sessions;
  auth::Proof proof{std::move(body.code), std::move(body.recovery_code)};
  INTEGRITY_CHECK(sessions.may_prove(read, caller, proof));
  return Write<Ok<ProofAnswer>>{
      [write = sessions.prove(caller, std::move(proof))](store::WriteTx& tx) -> Result<Ok<ProofAnswer>> {
        INTEGRITY_TRY(const Time until, write(tx));
        return Ok<ProofAnswer>{{until}};
      }};
}

Result<Ok<JsonList<SessionItem>>> list(const Context& context, const auth::SignedIn& caller, store::ReadTx& tx) {
  Ok<JsonList<SessionItem>> answer;
  std::string& out = answer.body.body;
  out = "[";
  for (auto& [session, device] : context.services.accounts.sessions.list(tx, caller.user())) {
    if (out.size() > 1) out += ',';
    SessionItem item{.id = session.id,
                     .created_at = session.created_at,
                     .refreshed_at = session.refreshed_at,
                     .expires_at = session.expires_at,
                     .amr = amr_names(session),
                     .address = std::move(device.address),
                     .user_agent = std::move(device.user_agent),
                     .current = session.id == caller.session().id};
    schema::write(out, item);
  }
  out += ']';
  return answer;
}

Result<Write<NoContent>> end(const Context& context, const auth::SignedIn& caller) {
  const auto id = SessionId::parse(context.parameters.front());
  if (!id) return not_found();
  return no_content(context.services.accounts.sessions.end(caller, *id));
}

Result<Write<NoContent>> end_others(const Context& context, const auth::SignedIn& caller) {
  return no_content(context.services.accounts.sessions.end_others(caller));
}

}  // namespace

namespace sessions {

OperationFor<auth::Anyone> refresh() {
  return operation("refreshSession", "A new access token for a session, without another code", {Code::invalid_token},
                   &api::refresh)
      .of_account()
      .described(
          "A refresh token works once, and its answer has the next one. If the same token is sent again within ten "
          "seconds, because the answer was lost or two tabs sent it, it gets the same next token. A token that was "
          "used "
          "before is a sign of theft: the session ends.")
      .example(
          {"next", "The newest refresh token",
           R"({"refresh_token":"aSUUK79X2dOkscDecUVvEGJ1Z2UAAAAAAAAAAXGdbhv0bSNwBmFpkJFOW3yv3d6VCvk2OYJ2mJ8dQ6c"})",
           R"({"access_token":"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",)"
           R"("token_type":"Bearer","expires_in":600,)"
           R"("refresh_token":"aSUUK79X2dOkscDecUVvEGJ1Z2UAAAAAAAAAAkZ3bhv0bSNwBmFpkJFOW3yv3d6VCvk2OYJ2mJ8dQ6c",)"
           R"("refresh_expires_in":1800,"scope":"products:read stock:write products:write","role":"editor",)"
           R"("user":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace",)"
           R"("created_at":"2026-11-23T10:00:15.000Z"}})"});
}

OperationFor<auth::SignedIn> log_out() {
  return operation("logOut", "End this session", {}, &api::log_out)
      .of_account()
      .described("Its tokens are refused from now on.");
}

OperationFor<auth::SignedIn> prove() {
  return operation("proveAgain", "Prove the second factor again, for what needs a fresh proof",
                   {Code::invalid_code, Code::code_already_used, Code::factor_disabled, Code::too_many_attempts},
                   &api::prove)
      .of_account()
      .proving(Operation::Proves::code)
      .described("For five minutes this session may do what answers `proof-required` without it.")
      .example({"code", "The six digits of the authenticator", R"({"code":"123456"})",
                R"({"proven_until":"2026-11-23T10:05:15.000Z"})"})
      .example({"recovery_code", "A recovery code", R"({"recovery_code":"7KQ2-M9XT-4HVB-C0ND-EWR8-5GPA"})",
                R"({"proven_until":"2026-11-23T10:05:15.000Z"})"});
}

OperationFor<auth::SignedIn> list() {
  return operation("listSessions", "My sessions, newest first", {}, &api::list)
      .of_account()
      .described("Each with the address and the program that began it or last refreshed it.")
      .example({"one", "One session", "",
                R"([{"id":"6925142bbf57d9d3a4b1c0df","created_at":"2026-11-23T10:00:15.000Z","refreshed_at":null,)"
                R"("expires_at":"2026-11-23T10:30:15.000Z","amr":["pwd","otp"],"address":"127.0.0.1",)"
                R"("user_agent":"curl/7.88.1","current":true}])"});
}

OperationFor<auth::SignedIn> end() {
  return operation("endSession", "End one of my sessions", {Code::not_found}, &api::end)
      .of_account()
      .described("Also this one. Its tokens are refused from now on.");
}

OperationFor<auth::SignedIn> end_others() {
  return operation("endOtherSessions", "End all of my sessions but this one", {}, &api::end_others).of_account();
}

}  // namespace sessions
}  // namespace integrity::api
