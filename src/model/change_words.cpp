#include "model/change_words.hpp"

#include <algorithm>

namespace integrity::model {
namespace {

constexpr ChangeWord kWords[] = {
    {"product.create", "A product was added."},
    {"product.update", "Fields of a product were changed."},
    {"product.stock", "Stock came in or went out."},
    {"product.delete", "A product was removed."},
    {"user.confirm", "The first code confirmed an account; its history begins."},
    {"user.import", "An account was imported from another server."},
    {"user.update", "An admin changed the name of an account."},
    {"user.role", "An account got another role, from an admin or on the host."},
    {"user.disable", "An account was disabled, by an admin or on the host."},
    {"user.enable", "A disabled account was enabled, by an admin or on the host."},
    {"user.reset", "An admin reset both the second factor and the password."},
    {"user.factor_reset", "The second factor was reset, by an admin or on the host."},
    {"user.password_reset", "An admin reset the password; a reset token sets a new one."},
    {"user.password", "A new password was set: by its owner, with a reset token, or on the host."},
    {"user.rehash", "A login stored the same password with the present cost."},
    {"user.factor", "An authenticator was confirmed in place of the previous one, or after a reset."},
    {"user.factor_disabled", "After 100 wrong codes the authenticator is no longer accepted."},
    {"user.recovery_codes", "New recovery codes replaced the old ones."},
    {"user.recovery_code_used", "A recovery code was spent."},
    {"session.start", "A session began."},
    {"session.end", "A session ended before its time. Reason `session.reused`: a refresh token was used twice."},
    {"key.create", "A key for a program was made."},
    {"key.revoke", "A key was revoked."},
    {"invitation.create", "Somebody was invited."},
    {"invitation.accept", "An invitation was spent by the confirmation of an account."},
    {"invitation.delete", "An open invitation was taken back."},
    {"restore", "The store was restored from a backup, on the host: what was changed after `last_change` is not here."},
};

}  // namespace

std::span<const ChangeWord> change_words() {
  return kWords;
}

bool is_change_word(std::string_view op) {
  return std::any_of(std::begin(kWords), std::end(kWords), [&](const ChangeWord& word) { return word.op == op; });
}

}  // namespace integrity::model
