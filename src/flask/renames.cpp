#include "flask/renames.hpp"

#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "base/printable.hpp"
#include "flask/judge.hpp"

namespace integrity::flask {
namespace {

constexpr std::string_view kBlanks = " \t\r";

Error wrong(const std::string& at, const std::string& why) {
  return {Code::invalid_value, at + ": " + why};
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.front() == '#') return words;
    words.emplace_back(line.substr(0, line.find_first_of(kBlanks)));
    line.remove_prefix(words.back().size());
  }
}

using Positions = std::map<std::string, std::vector<std::size_t>>;

// Users by name and by _id.
struct Index {
  explicit Index(std::span<const Row> users) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      if (const auto name = text_of(users[i], "username")) by_name[*name].push_back(i);
      if (const auto id = id_of(users[i])) by_id[id->hex()].push_back(i);
    }
  }
  std::vector<std::size_t> meant(const std::string& from) const {
    for (const auto* index : {&by_id, &by_name}) {  // a name that is another user's _id means that user
      if (const auto found = index->find(from); found != index->end()) return found->second;
    }
    return {};
  }

  Positions by_name, by_id;
};

Status check_name(const Rename& rename) {
  std::string why;
  const json::Value name{.kind = json::Value::Kind::string, .text = rename.to, .items = {}, .names = {}};
  if (model::username_rule.read(name, why)) return {};
  return wrong(rename.at, "the new name " + printable(rename.to) + " " + why);
}

}  // namespace

std::string name_key(std::string_view username) {
  return ascii_lower(username);
}

Result<std::vector<Rename>> parse_renames(std::string_view text, const std::string& file) {
  std::vector<Rename> renames;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark, as some editors write
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto words = words_of(line);
    if (words.empty()) continue;
    const std::string at = file + ":" + std::to_string(number);
    if (words.size() != 2) return wrong(at, "must be two words: the old username (or _id) and the new one");
    renames.push_back({at, std::move(words[0]), std::move(words[1])});
    INTEGRITY_CHECK(check_name(renames.back()));
  }
  return renames;
}

Result<NewNames> apply_renames(const std::vector<Rename>& renames, std::span<const Row> users) {
  const Index index(users);
  NewNames out;
  std::set<std::string> taken;
  for (const Rename& rename : renames) {
    const auto users_meant = index.meant(rename.from);
    if (users_meant.empty()) return wrong(rename.at, "there is no user " + printable(rename.from));
    if (users_meant.size() > 1) {
      return wrong(rename.at, "several users are named " + printable(rename.from) + "; name the one by its _id");
    }
    if (!out.emplace(users_meant.front(), rename.to).second) {
      return wrong(rename.at, printable(rename.from) + " has a new name already");
    }
    if (!taken.insert(name_key(rename.to)).second) {
      return wrong(rename.at, "the new name " + printable(rename.to) + " is given twice");
    }
  }
  std::set<std::string> others;
  for (const auto& [name, whose] : index.by_name) {
    for (const std::size_t i : whose) {
      if (!out.contains(i)) others.insert(name_key(name));
    }
  }
  for (const Rename& rename : renames) {
    if (!others.contains(name_key(rename.to))) continue;
    return wrong(rename.at, "the new name " + printable(rename.to) + " is that of another user");
  }
  return out;
}

}  // namespace integrity::flask
