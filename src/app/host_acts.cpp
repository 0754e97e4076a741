#include "app/host_acts.hpp"

#include "base/json.hpp"
#include "base/secret.hpp"

namespace integrity::app {
namespace {

std::string text_of(const json::Value* value) {
  return value != nullptr && value->kind == json::Value::Kind::string ? value->text : "";
}

std::string refusal(const Error& error) {
  return json::serialize(json::object({{"error", json::object({{"code", json::string(info(error.code).slug)},
                                                               {"detail", json::string(whole_detail(error))}})}}));
}

}  // namespace

std::string request_for(std::string_view act, std::initializer_list<Member> with) {
  std::string out;
  std::size_t size = 64;
  for (const Member& member : with) size += 16 + member.name.size() + 6 * member.value.size();
  out.reserve(size);  // growing would leave copies of a password in memory
  out += R"({"act":)";
  json::append_string(out, act);
  out += R"(,"with":{)";
  for (const Member& member : with) {
    if (out.back() != '{') out += ',';
    json::append_string(out, member.name);
    out += ':';
    json::append_string(out, member.value);
  }
  out += "}}";
  return out;
}

std::string whole_detail(const Error& error) {
  if (error.fields.empty()) return error.detail;
  std::string detail;
  for (const FieldError& field : error.fields) {
    const auto name = field.where.starts_with("#/") ? field.where.substr(2) : field.where;
    detail += (detail.empty() ? "" : "; ") + name + " " + field.detail;
  }
  return detail;
}

void wipe_texts(json::Value& value) {
  wipe(value.text);
  for (json::Value& item : value.items) wipe_texts(item);
}

Result<std::string> HostActs::run(std::string_view name, const json::Value& with, const Progress& progress) const {
  const auto act = acts_.find(name);
  if (act == acts_.end()) {
    return Error{Code::not_found,
                 "this server does not know the command \"" + std::string(name) + "\"; is it of another version?"};
  }
  try {
    return act->second(with, progress);
  } catch (const std::exception& error) {
    return Error{Code::unavailable, error.what()};
  }
}

Performed HostActs::perform(std::string_view request, const Progress& progress) const {
  Performed done;
  auto parsed = json::parse(request);
  const json::Value* with = parsed ? parsed->find("with") : nullptr;
  if (with == nullptr) {
    done.outcome = "malformed";
    done.reply = refusal({Code::bad_request, "the request is not a command"});
    return done;
  }
  done.act = text_of(parsed->find("act"));
  done.username = text_of(with->find("username"));
  auto reply = run(done.act, *with, progress);
  wipe_texts(*parsed);
  done.outcome = reply ? "done" : std::string(info(reply.error().code).slug);
  done.reply = reply ? R"({"ok":)" + *reply + "}" : refusal(reply.error());
  if (reply) wipe(*reply);
  return done;
}

}  // namespace integrity::app
