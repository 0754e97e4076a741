#include "app/access_command.hpp"

#include <iostream>
#include <map>

#include "app/host_call.hpp"
#include "app/host_commands.hpp"
#include "app/option_values.hpp"

namespace integrity::app {
namespace {

using namespace std::chrono;

// In seconds, as text; empty for "never".
Result<std::string> life(const std::string& text, std::string_view fallback, seconds max) {
  if (text == "never" && max > days(30)) return std::string();
  auto parsed = parse_duration(text.empty() ? fallback : text, seconds(1), max);
  if (!parsed) return Error{Code::invalid_value, "--expires: " + parsed.error().detail};
  return std::to_string(parsed->count());
}

std::string joined_by_space(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Status add_key(const CommandLine& line, const Config& config) {
  INTEGRITY_TRY(const auto expires_in, life(line.access.expires, "90d", days(366)));
  INTEGRITY_TRY(const auto made,
                call_host(config, request_for("api-key.add", {{"username", line.access.user},
                                                              {"name", line.name},
                                                              {"scopes", joined_by_space(line.access.scopes)},
                                                              {"expires_in", expires_in}})));
  std::cerr << "The key " << text_in(made, "id") << " of " << line.access.user << ", shown only now:" << std::endl;
  std::cout << text_in(made, "key") << std::endl;
  return {};
}

Status list_keys(const Config& config) {
  INTEGRITY_TRY(const auto read, read_host(config));
  std::cerr << "Keys in " << shown_store(config)
            << " (the last use may be five minutes old; GET /users/<id>/keys shows it at once):" << std::endl;
  const Time now = SystemClock().now();
  std::map<UserId, std::string> owners;
  for (const model::ApiKey& key : read->api_keys()) {
    if (key.revoked_at || (key.expires_at && *key.expires_at <= now)) continue;
    std::string& owner = owners[key.user];
    if (owner.empty()) owner = read->user(key.user).value_or(model::User{}).username;
    std::cout << key.id.hex() << '\t' << owner << '\t' << joined(key.scopes) << '\t'
              << (key.expires_at ? to_rfc3339(*key.expires_at) : "never") << '\t'
              << (key.last_used_at ? to_rfc3339(*key.last_used_at) : "never used") << '\t' << key.name << '\n';
  }
  std::cout << std::flush;
  return {};
}

Status revoke_key(const CommandLine& line, const Config& config) {
  const auto done = call_host(config, request_for("api-key.revoke", {{"id", line.name}}));
  if (!done) return done.error();
  std::cout << line.name << ": revoked" << std::endl;
  return {};
}

Status invite(const CommandLine& line, const Config& config) {
  INTEGRITY_TRY(const auto expires_in, life(line.access.expires, "7d", days(30)));
  INTEGRITY_TRY(const auto made, call_host(config, request_for("invitation.add", {{"role", line.access.role},
                                                                                  {"name", line.access.person},
                                                                                  {"expires_in", expires_in}})));
  std::cerr << "The invitation " << text_in(made, "id") << ", shown only now, until " << text_in(made, "expires_at")
            << ":" << std::endl;
  std::cout << text_in(made, "token") << std::endl;
  return {};
}

}  // namespace

bool is_access_command(Verb verb) {
  return verb == Verb::api_key_add || verb == Verb::api_key_list || verb == Verb::api_key_revoke ||
         verb == Verb::invitation_add;
}

Status access_command(const CommandLine& line, const Config& config) {
  switch (line.verb) {
    case Verb::api_key_add:
      return add_key(line, config);
    case Verb::api_key_list:
      return list_keys(config);
    case Verb::api_key_revoke:
      return revoke_key(line, config);
    case Verb::invitation_add:
      return invite(line, config);
    default:
      return Error{Code::internal, "not a command about keys or invitations"};
  }
}

}  // namespace integrity::app
