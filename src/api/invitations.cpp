// Invitations: how an admin lets somebody in without a mail server.
#include <utility>

#include "api/account_fields.hpp"
#include "api/actor.hpp"
#include "api/endpoints.hpp"
#include "api/page.hpp"

namespace integrity::api {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

struct CreateBody {
  std::string role;
  std::optional<std::string> name;
  std::optional<std::int64_t> expires_in;
};
auto fields(const CreateBody*) {
  using schema::nullable, schema::optional, schema::required;
  return std::tuple{
      required("role", &CreateBody::role, kRole, "of the account that it lets in"),
      nullable("name", &CreateBody::name, model::person_name_rule, "of the account, unless the sign-up names one"),
      optional("expires_in", &CreateBody::expires_in, Lifetime{{1, 30 * kDaySeconds}},
               "seconds; seven days when left out")};
}
constexpr std::string_view schema_name(const CreateBody*) {
  return "InvitationCreation";
}

struct Made {
  InvitationId id;
  std::string token, role;
  std::optional<std::string> name;
  Time expires_at;
};
auto fields(const Made*) {
  using schema::nullable, schema::required;
  return std::tuple{required("id", &Made::id, schema::Hex24<InvitationId>{}),
                    required("token", &Made::token, schema::Opaque{}, "for `invitation` at POST /signup; shown once"),
                    required("role", &Made::role, kRole), nullable("name", &Made::name, model::person_name_rule),
                    required("expires_at", &Made::expires_at, schema::Timestamp{})};
}
constexpr std::string_view schema_name(const Made*) {
  return "InvitationCreated";
}

struct Item {
  InvitationId id;
  std::string role;
  std::optional<std::string> name;
  std::optional<Actor> created_by;
  Time created_at, expires_at;
};
auto fields(const Item*) {
  using schema::nullable, schema::required;
  return std::tuple{required("id", &Item::id, schema::Hex24<InvitationId>{}),
                    required("role", &Item::role, kRole),
                    nullable("name", &Item::name, model::person_name_rule),
                    nullable("created_by", &Item::created_by, schema::Nested<Actor>{}, "null: a command on the host"),
                    required("created_at", &Item::created_at, schema::Timestamp{}),
                    required("expires_at", &Item::expires_at, schema::Timestamp{})};
}
constexpr std::string_view schema_name(const Item*) {
  return "Invitation";
}

struct ListQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
};
auto fields(const ListQuery*) {
  return std::tuple{schema::optional("limit", &ListQuery::limit, page_limit, page_limit_about),
                    schema::optional("cursor", &ListQuery::cursor, page_cursor, page_cursor_about)};
}

Result<Write<Created<Made>>> create(const Context& context, const auth::SignedIn& caller, CreateBody body) {
  const auto role = model::role_named(body.role);
  const std::chrono::seconds life(body.expires_in.value_or(7 * kDaySeconds));
  auto write = context.services.accounts.administration.invite(caller, *role, std::move(body.name), life);
  return Write<Created<Made>>{[write = std::move(write)](store::WriteTx& tx) -> Result<Created<Made>> {
    INTEGRITY_TRY(const auto made, write(tx));
    const model::Invitation& invitation = made.invitation;
    return Created<Made>{
        {invitation.id, made.token, std::string(name_of(invitation.role)), invitation.name, invitation.expires_at},
        {{"Location", "/invitations/" + invitation.id.hex()}}};
  }};
}

using Listed = Ok<JsonList<Item>>;

// At most `limit` that have not expired, newest first. Expired ones are removed within a minute or two.
std::vector<model::Invitation> open_invitations(store::ReadTx& tx, std::optional<InvitationId> below, std::size_t limit,
                                                Time now) {
  constexpr std::size_t kRead = 100;
  std::vector<model::Invitation> open;
  for (;;) {
    const auto found = tx.invitations(below, kRead);
    for (const auto& each : found) {
      if (each.expires_at <= now) continue;
      if (open.size() == limit) return open;
      open.push_back(each);
    }
    if (found.size() < kRead) return open;
    below = found.back().id;
  }
}

Result<Searched<Listed>> list(const Context& context, const auth::Principal&, Query<ListQuery> asked) {
  INTEGRITY_TRY(auto position, position_of(context, asked->cursor));
  const bool paged = asked->limit || asked->cursor;
  const auto limit = static_cast<std::size_t>(paged ? asked->limit.value_or(page_limit_default) : page_limit.max);
  return Searched<Listed>{[&context, paged, limit, below = InvitationId::parse(position)]() -> Result<Listed> {
    const auto tx = context.services.store.read();
    const auto open = open_invitations(*tx, below, limit + 1, context.services.clock.now());
    Listed page{};
    std::string& out = page.body.body;
    out = "[";
    Actors actors;
    for (std::size_t i = 0; i < std::min(limit, open.size()); ++i) {
      const model::Invitation& each = open[i];
      if (i > 0) out += ',';
      schema::write(out, Item{each.id, std::string(name_of(each.role)), each.name,
                              each.created_by ? std::optional(actors.of(*tx, *each.created_by)) : std::nullopt,
                              each.created_at, each.expires_at});
    }
    out += ']';
    if (paged && open.size() > limit) page.headers.push_back(next_link(context, limit, open[limit - 1].id.hex()));
    return page;
  }};
}

Result<Write<NoContent>> remove(const Context& context, const auth::SignedIn& caller) {
  const auto id = InvitationId::parse(context.parameters.front());
  if (!id) return not_found();
  return no_content(context.services.accounts.administration.withdraw(caller, *id));
}

}  // namespace

namespace invitations {

OperationFor<auth::SignedIn> create() {
  return operation("createInvitation", "Invite somebody to sign up with a role", {Code::limit_reached}, &api::create)
      .of_account()
      .described(
          "Give the token to the person; it works once, also where sign-up is closed. At most 1 000 are open at a "
          "time.")
      .giving({header::location})
      .example({"clerk", "For a new clerk", R"({"role":"clerk","name":"Grace Hopper"})",
                R"({"id":"6925142bbf57d9d3a4b1c0e2","token":"8Jx1mCw0Zr6tQmV2sYkq1rT4c3U","role":"clerk",)"
                R"("name":"Grace Hopper","expires_at":"2026-11-30T10:00:15.000Z"})"});
}

OperationFor<auth::Principal> list() {
  return operation("listInvitations", "Open invitations, newest first", {Code::overloaded}, &api::list)
      .of_account()
      .checking_query(&check_cursor)
      .giving({header::link})
      .example({"one", "One open invitation", "",
                R"([{"id":"6925142bbf57d9d3a4b1c0e2","role":"clerk","name":"Grace Hopper",)"
                R"("created_by":{"id":"6925142bbf57d9d3a4b1c0de","username":"ada"},)"
                R"("created_at":"2026-11-23T10:00:15.000Z","expires_at":"2026-11-30T10:00:15.000Z"}])"});
}

OperationFor<auth::SignedIn> remove() {
  return operation("deleteInvitation", "Take back an open invitation", {Code::not_found}, &api::remove).of_account();
}

}  // namespace invitations
}  // namespace integrity::api
