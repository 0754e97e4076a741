#include "store/recorded.hpp"

#include "base/json.hpp"
#include "store/enum_names.hpp"

namespace integrity::store {
namespace {

void append(std::string& json, std::string_view text) {
  json::append_string(json, text);
}
void append(std::string& json, Time time) {
  json::append_string(json, to_rfc3339(time));
}
template <class Tag>
void append(std::string& json, const Id<Tag>& id) {
  json::append_string(json, id.hex());
}
template <class T>
void append(std::string& json, const std::optional<T>& value) {
  value ? append(json, *value) : void(json += "null");
}
template <class Texts>
void append_array(std::string& json, const Texts& texts) {
  json += '[';
  for (bool first = true; const auto& each : texts) {
    if (!std::exchange(first, false)) json += ',';
    json::append_string(json, each);
  }
  json += ']';
}

std::string_view factor_state(const model::User& user, Time at) {
  if (user.has_factor()) return "active";
  return user.enrol_until && *user.enrol_until > at ? "enrol" : "none";
}

#define INTEGRITY_RECORDED(what) [](std::string& json, const auto& r, Time) { append(json, what); }

constexpr RecordedMember<model::User> kUser[] = {
    {"id", INTEGRITY_RECORDED(r.id)},
    {"username", INTEGRITY_RECORDED(r.username)},
    {"name", INTEGRITY_RECORDED(r.name)},
    {"role", INTEGRITY_RECORDED(r.role ? std::optional(name_of(*r.role)) : std::nullopt)},
    {"state", INTEGRITY_RECORDED(name_of(r.state))},
    {"factor", [](std::string& json, const model::User& user, Time at) { append(json, factor_state(user, at)); }},
    {"created_at", INTEGRITY_RECORDED(r.created_at)},
    {"version", [](std::string& json, const model::User& user, Time) { json += std::to_string(user.public_version); }},
};
constexpr RecordedMember<model::Session> kSession[] = {
    {"id", INTEGRITY_RECORDED(r.id)},
    {"user", INTEGRITY_RECORDED(r.user)},
    {"amr",
     [](std::string& json, const model::Session& session, Time) { append_array(json, model::amr_of(session.factor)); }},
    {"created_at", INTEGRITY_RECORDED(r.created_at)},
    {"expires_at", INTEGRITY_RECORDED(r.expires_at),
     [](const model::Session& r) { return r.refreshed_at.has_value(); }},
};
constexpr RecordedMember<model::ApiKey> kApiKey[] = {
    {"id", INTEGRITY_RECORDED(r.id)},
    {"user", INTEGRITY_RECORDED(r.user)},
    {"name", INTEGRITY_RECORDED(r.name)},
    {"scopes", [](std::string& json, const model::ApiKey& key, Time) { append_array(json, names_of(key.scopes)); }},
    {"addresses", [](std::string& json, const model::ApiKey& key,
                     Time) { key.addresses.empty() ? void(json += "null") : append_array(json, key.addresses); }},
    {"created_at", INTEGRITY_RECORDED(r.created_at)},
    {"expires_at", INTEGRITY_RECORDED(r.expires_at)},
};
constexpr RecordedMember<model::Invitation> kInvitation[] = {
    {"id", INTEGRITY_RECORDED(r.id)},
    {"role", INTEGRITY_RECORDED(name_of(r.role))},
    {"name", INTEGRITY_RECORDED(r.name)},
    {"created_by", INTEGRITY_RECORDED(r.created_by)},
    {"created_at", INTEGRITY_RECORDED(r.created_at)},
    {"expires_at", INTEGRITY_RECORDED(r.expires_at)},
};

#undef INTEGRITY_RECORDED

}  // namespace

std::span<const RecordedMember<model::User>> recorded_members(const model::User*) {
  return kUser;
}
std::span<const RecordedMember<model::Session>> recorded_members(const model::Session*) {
  return kSession;
}
std::span<const RecordedMember<model::ApiKey>> recorded_members(const model::ApiKey*) {
  return kApiKey;
}
std::span<const RecordedMember<model::Invitation>> recorded_members(const model::Invitation*) {
  return kInvitation;
}

}  // namespace integrity::store
