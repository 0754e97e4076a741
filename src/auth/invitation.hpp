// Invitations: each lets one person sign up, with the role that it names.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "auth/context.hpp"
#include "model/api_key.hpp"

namespace integrity::auth {

inline constexpr std::chrono::hours invitation_life{7 * 24};  // where nothing else is said
using model::invitation_life_max;
inline constexpr std::size_t invitations_max = 1000;

struct NewInvitation {
  model::Role role = model::Role::editor;
  std::optional<std::string> name = {};
  std::chrono::seconds expires_in = invitation_life;
};
struct Invited {
  model::Invitation invitation;
  std::string token;  // 160 bits, base64url; shown once
};
// Errors: invalid_value, limit_reached.
store::WriteFunction<Invited> make_invitation(const AuthContext& context, const model::Attribution& attribution,
                                              NewInvitation invitation);

bool is_over(const model::Invitation& invitation, Time now);
// One that can be used. Error, always the same: signup_closed.
Result<model::Invitation> open_invitation(store::ReadTx& tx, std::string_view token, Time now);
Result<model::Invitation> open_invitation(store::ReadTx& tx, const InvitationId& id, Time now);

}  // namespace integrity::auth
