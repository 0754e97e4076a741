#include "auth/invitation.hpp"

#include <utility>

#include "auth/challenge.hpp"

namespace integrity::auth {
namespace {

Error not_open() {
  return {Code::signup_closed, "the invitation does not exist, was used or has expired; ask for another one"};
}

Result<model::Invitation> if_open(std::optional<model::Invitation> invitation, Time now) {
  if (!invitation || is_over(*invitation, now)) return not_open();
  return std::move(*invitation);
}

}  // namespace

bool is_over(const model::Invitation& invitation, Time now) {
  return model::is_over(invitation.expires_at, invitation_life_max, now);
}

store::WriteFunction<Invited> make_invitation(const AuthContext& context, const model::Attribution& attribution,
                                              NewInvitation from) {
  const Time now = context.clock.now();
  Invited made;
  made.token = to_base64url(context.random.bytes(one_time_token_bytes));
  made.invitation = {.id = InvitationId::make(now, context.random),
                     .token_hash = token_hash(made.token),
                     .role = from.role,
                     .name = std::move(from.name),
                     .created_by = attribution.actor,
                     .created_at = now};
  return [attribution, made = std::move(made), now, life = from.expires_in](store::WriteTx& tx) -> Result<Invited> {
    if (life < std::chrono::seconds(1) || life > invitation_life_max) {
      return invalid_value("#/expires_in", "must be 1 to " +
                                               std::to_string(std::chrono::seconds(invitation_life_max).count()) +
                                               " seconds, which is 30 days");
    }
    if (tx.invitations_open(now) >= invitations_max) {
      return Error{Code::limit_reached, "there are " + std::to_string(invitations_max) +
                                            " open invitations, the maximum: withdraw those that nobody needs"};
    }
    Invited done = made;
    done.invitation.expires_at = now + life;
    tx.add_invitation(attribution, done.invitation);
    return done;
  };
}

Result<model::Invitation> open_invitation(store::ReadTx& tx, std::string_view token, Time now) {
  return if_open(tx.invitation(token_hash(token)), now);
}

Result<model::Invitation> open_invitation(store::ReadTx& tx, const InvitationId& id, Time now) {
  return if_open(tx.invitation(id), now);
}

}  // namespace integrity::auth
