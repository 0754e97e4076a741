// Accounts, for an admin.
#include <utility>

#include "api/account_view.hpp"
#include "api/endpoints.hpp"
#include "api/page.hpp"
#include "api/preconditions.hpp"
#include "base/ascii.hpp"
#include "catalog/words.hpp"
#include "store/enum_names.hpp"

namespace integrity::api {
namespace {

using Listed = Ok<JsonList<AccountView>>;
using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::size_t kReadAccounts = 64;              // at a time
constexpr std::chrono::milliseconds kSearchTime{500};  // of a page; then it is a short one
constexpr std::chrono::milliseconds kPartTime{50};     // of a part of the whole list

struct ListQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor, q, role, state;
};
auto fields(const ListQuery*) {
  using schema::optional;
  return std::tuple{
      optional("limit", &ListQuery::limit, page_limit, page_limit_about),
      optional("cursor", &ListQuery::cursor, page_cursor, page_cursor_about),
      optional("q", &ListQuery::q, schema::Text{.min = 1, .max = 200}, "The username or the name begins with this."),
      optional("role", &ListQuery::role, kRole, "Only with this role."),
      optional("state", &ListQuery::state, kAccountState, "Only in this state.")};
}

// A pending account may be sent back as GET gave it, but only two of the states can be set.
struct StateToSet : schema::OneOf {
  std::optional<std::string> read(const json::Value& json, std::string& why) const {
    auto state = OneOf::read(json, why);
    if (!state) why = "must be active or disabled";
    return state;
  }
};

// The members that an admin can change, and the others of a body that GET gave.
struct ChangeBody {
  std::optional<std::optional<std::string>> name;
  std::optional<std::string> role, state;
  std::optional<std::int64_t> version;
  std::optional<std::string> id, username, factor, created_at;
  std::optional<std::optional<std::string>> last_login_at;
};

void expect_a_change(const json::Value& json, std::vector<FieldError>& errors) {
  for (const auto* name : {"name", "role", "state"}) {
    if (json.find(name) != nullptr) return;
  }
  errors.push_back({FieldError::In::body, "#", "name at least one of name, role and state"});
}
json::Value a_change_described() {
  return json::literal(
      R"({"not":{"propertyNames":{"enum":["version","id","username","factor","created_at","last_login_at"]}}})");
}

auto fields(const ChangeBody*) {
  using schema::clearable, schema::optional;
  constexpr std::string_view kept = "cannot change: as GET gave it";
  return std::tuple{
      clearable("name", &ChangeBody::name, model::person_name_rule, "null clears it"),
      optional("role", &ChangeBody::role, kRole),
      optional("state", &ChangeBody::state, StateToSet{kAccountState},
               "disabled ends its sessions; active enables it again"),
      optional("version", &ChangeBody::version, kAccountVersion, "what you saw; 412 when it is stale"),
      optional("id", &ChangeBody::id, schema::Opaque{}, kept),
      optional("username", &ChangeBody::username, schema::Opaque{}, kept),
      optional("factor", &ChangeBody::factor, schema::Opaque{}, "not compared, since it changes by itself"),
      optional("created_at", &ChangeBody::created_at, schema::Opaque{}, kept),
      clearable("last_login_at", &ChangeBody::last_login_at, schema::Opaque{}, "not compared either"),
      schema::together(&expect_a_change, &a_change_described)};
}
constexpr std::string_view schema_name(const ChangeBody*) {
  return "AccountChange";
}

// `true` is the only value: what is not to be reset is left out.
struct True : schema::Boolean {
  std::optional<bool> read(const json::Value& json, std::string& why) const {
    if (const auto value = Boolean::read(json, why); !value || *value) return value;
    why = "must be true: leave out what is not to be reset";
    return {};
  }
  json::Value describe() const { return json::literal(R"({"type":"boolean","const":true})"); }
};

struct ResetBody {
  std::optional<bool> factor, password;
};
void expect_a_reset(const json::Value& json, std::vector<FieldError>& errors) {
  if (json.find("factor") == nullptr && json.find("password") == nullptr) {
    errors.push_back({FieldError::In::body, "#", "name at least one of factor and password"});
  }
}
json::Value a_reset_described() {
  return json::literal(R"({"minProperties":1})");
}
auto fields(const ResetBody*) {
  return std::tuple{
      schema::optional("factor", &ResetBody::factor, True{},
                       "the secret and the recovery codes are gone; within 24 hours a right password enrols a new one"),
      schema::optional("password", &ResetBody::password, True{},
                       "the old one is refused; the answer has a reset token for POST /reset-password"),
      schema::together(&expect_a_reset, &a_reset_described)};
}
constexpr std::string_view schema_name(const ResetBody*) {
  return "AccountReset";
}

struct ResetAnswer {
  std::optional<std::string> reset_token;
  Time expires_at;
};
auto fields(const ResetAnswer*) {
  return std::tuple{schema::optional("reset_token", &ResetAnswer::reset_token, schema::Opaque{},
                                     "for the person; shown once, works once; with password"),
                    schema::required("expires_at", &ResetAnswer::expires_at, schema::Timestamp{},
                                     "of the token, and of the time to enrol")};
}
constexpr std::string_view schema_name(const ResetAnswer*) {
  return "ResetDone";
}

Result<UserId> user_id(const Context& context) {
  const auto id = UserId::parse(context.parameters.front());
  if (!id) return not_found();
  return *id;
}

AccountView view_of(const Services& services, store::ReadTx& tx, const model::User& user) {
  return account_view(tx, user, services.accounts.context.rules.signup_role, services.clock.now());
}

// Walks through the accounts by folded username.
class Walk {
 public:
  Walk(Services& services, const ListQuery& asked, std::string after)
      : services_(services),
        q_(asked.q ? std::optional(catalog::sort_key(*asked.q)) : std::nullopt),
        role_(asked.role),
        state_(asked.state),
        after_(std::move(after)) {}

  // Appends matching accounts until `limit` are written or the time is over. False after the last account.
  bool append(std::string& out, std::size_t limit, SteadyTime until) {
    const auto tx = services_.store.read();
    for (std::size_t count = 0;;) {
      const auto users = tx->users_after(after_, kReadAccounts);
      for (const model::User& user : users) {
        if (count == limit) return true;
        after_ = ascii_lower(user.username);
        if (auth::is_over(user, services_.clock.now())) continue;
        auto view = view_of(services_, *tx, user);
        if (!matches(view)) continue;
        if (!std::exchange(first_, false)) out += ',';
        schema::write(out, view);
        ++count;
      }
      if (users.size() < kReadAccounts) return false;
      if (std::chrono::steady_clock::now() >= until) return true;
    }
  }
  const std::string& position() const { return after_; }

 private:
  bool matches(const AccountView& view) const {
    if (role_ && *role_ != view.role) return false;
    if (state_ && *state_ != view.state) return false;
    return !q_ || catalog::sort_key(view.username).starts_with(*q_) ||
           (view.name && catalog::sort_key(*view.name).starts_with(*q_));
  }

  Services& services_;
  std::optional<std::string> q_, role_, state_;
  std::string after_;
  bool first_ = true;
};

Result<Searched<Listed>> list(const Context& context, const auth::Principal&, Query<ListQuery> asked) {
  INTEGRITY_TRY(auto position, position_of(context, asked->cursor));
  Walk walk(context.services, asked.value, std::move(position));
  if (!asked->limit && !asked->cursor) {
    Listed whole{};
    whole.body.stream = [walk = std::move(walk), begun = false](std::string& out) mutable {
      if (!std::exchange(begun, true)) out += '[';
      if (walk.append(out, kReadAccounts, std::chrono::steady_clock::now() + kPartTime)) return true;
      out += ']';
      return false;
    };
    return Searched<Listed>{[whole = std::move(whole)]() -> Result<Listed> { return whole; }, true};
  }
  const auto limit = static_cast<std::size_t>(asked->limit.value_or(page_limit_default));
  return Searched<Listed>{[&context, limit, walk = std::move(walk)]() mutable -> Result<Listed> {
    Listed page{};
    page.body.body = "[";
    const bool more = walk.append(page.body.body, limit, std::chrono::steady_clock::now() + kSearchTime);
    page.body.body += ']';
    if (more) page.headers.push_back(next_link(context, limit, walk.position()));
    return page;
  }};
}

Ok<AccountView> shown(const Context& context, store::ReadTx& tx, const model::User& user) {
  return {view_of(context.services, tx, user)};
}

Result<Ok<AccountView>> get(const Context& context, const auth::Principal&, store::ReadTx& tx) {
  INTEGRITY_TRY(const auto known, expected(context));
  INTEGRITY_TRY(const auto id, user_id(context));
  const auto user = tx.user(id);
  if (!user || auth::is_over(*user, context.services.clock.now())) return not_found();
  if (known.if_match && !known.if_match->has(user->public_version)) {
    return catalog::if_match_failed(*known.if_match, user->public_version, "the account");
  }
  auto answer = shown(context, tx, *user);
  answer.headers = {{"ETag", etag(user->public_version)}};
  return answer;
}

Result<Write<Ok<AccountView>>> change(const Context& context, const auth::SignedIn& caller, ChangeBody body) {
  INTEGRITY_TRY(const auto id, user_id(context));
  INTEGRITY_TRY(auto seen, expected(context));
  seen.version = body.version;
  seen.id = std::move(body.id);
  seen.created_at = std::move(body.created_at);
  auto expect = [seen = std::move(seen), username = body.username,
                 must_name = context.services.require_version](const model::User& user) -> Status {
    INTEGRITY_CHECK(catalog::expect_version(seen, user.public_version, must_name, "the account"));
    INTEGRITY_CHECK(catalog::expect_unchanged(seen, {.id = user.id.hex(), .created_at = to_rfc3339(user.created_at)}));
    if (username && *username != user.username) {
      return invalid_value("#/username", "never changes: leave it out, or send back \"" + user.username + '"');
    }
    return {};
  };
  auth::AccountChange change{.name = std::move(body.name), .role = {}, .state = {}};
  if (body.role) change.role = model::role_named(*body.role);
  if (body.state) change.state = store::value_of<model::UserState>(*body.state);
  auto write = context.services.accounts.administration.change(caller, id, std::move(change), std::move(expect));
  return Write<Ok<AccountView>>{[&context, write = std::move(write)](store::WriteTx& tx) -> Result<Ok<AccountView>> {
    INTEGRITY_TRY(const auto user, write(tx));
    return shown(context, tx, user);
  }};
}

Result<Write<Ok<ResetAnswer>>> reset(const Context& context, const auth::SignedIn& caller, ResetBody body) {
  INTEGRITY_TRY(const auto id, user_id(context));
  auto write =
      context.services.accounts.administration.reset(caller, id, body.factor.has_value(), body.password.has_value());
  return Write<Ok<ResetAnswer>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Ok<ResetAnswer>> {
    INTEGRITY_TRY(auto done, write(tx));
    return Ok<ResetAnswer>{{std::move(done.reset_token), done.expires_at}};
  }};
}

Result<Write<NoContent>> end_sessions(const Context& context, const auth::SignedIn& caller) {
  INTEGRITY_TRY(const auto id, user_id(context));
  return no_content(context.services.accounts.administration.end_sessions(caller, id));
}

constexpr std::string_view kAccount =
    R"({"id":"6925142bbf57d9d3a4b1c0de","username":"ada","name":"Ada Lovelace","role":"editor","state":"active",)"
    R"("factor":"active","created_at":"2026-11-23T10:00:15.000Z","last_login_at":"2026-11-23T10:00:15.000Z",)"
    R"("version":1})";

}  // namespace

namespace users {

OperationFor<auth::Principal> list() {
  return operation("listUsers", "Accounts: all of them, or page by page; filtered", {Code::overloaded}, &api::list)
      .of_account()
      .described("By username, without regard to upper and lower case. A page can be shorter than `limit`.")
      .checking_query(&check_cursor)
      .giving({header::link})
      .example({"all", "One account", "",
                R"([{"id":"6925142bbf57d9d3a4b1c0de","username":"ada",)"
                R"("name":"Ada Lovelace","role":"admin","state":"active","factor":"active",)"
                R"("created_at":"2026-11-23T10:00:15.000Z","last_login_at":"2026-11-23T10:00:15.000Z","version":1}])"});
}

OperationFor<auth::Principal> get() {
  return operation("getUser", "One account", {Code::not_found, Code::precondition_failed}, &api::get)
      .of_account()
      .honouring({header::if_match})
      .giving({header::etag})
      .example({"ada", "The account", "", kAccount})
      .checking_head(&readable_preconditions);
}

OperationFor<auth::SignedIn> change() {
  return operation("changeUser", "Change an account's name or role; disable or enable it",
                   {Code::not_found, Code::precondition_failed, Code::precondition_required, Code::last_admin},
                   &api::change)
      .of_account()
      .described(
          "A role acts on the next request of every session and key of the account. Disabling ends the sessions, and "
          "makes the keys useless until the account is enabled again. The last active admin stays one.")
      .honouring({header::if_match, header::if_none_match})
      .example({"role", "Another role", R"({"role":"editor"})", kAccount})
      .checking_head(&readable_preconditions);
}

OperationFor<auth::SignedIn> reset() {
  return operation("resetUser", "Reset an account's second factor, its password, or both", {Code::not_found},
                   &api::reset)
      .of_account()
      .described(
          "Ends all of its sessions. Nobody learns a password, a secret or a code: after `factor` the right password "
          "enrols a new authenticator within 24 hours; after `password` the person sets a new one with the "
          "`reset_token` at `POST /reset-password`. It is recorded in the account's history and shown in `GET /me` for "
          "30 days.")
      .example({"password", "The password was forgotten", R"({"password":true})",
                R"({"reset_token":"8Jx1mCw0Zr6tQmV2sYkq1rT4c3U","expires_at":"2026-11-24T10:00:15.000Z"})"});
}

OperationFor<auth::SignedIn> end_sessions() {
  return operation("endUserSessions", "End all sessions of an account", {Code::not_found}, &api::end_sessions)
      .of_account();
}

}  // namespace users
}  // namespace integrity::api
