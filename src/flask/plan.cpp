#include "flask/plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/printable.hpp"

namespace integrity::flask {
namespace {

constexpr std::size_t kLeftOutMax = 50;  // names in a list; each row may have members of its own

std::string shown_id(const Row& row) {
  if (const auto id = id_of(row)) return id->hex();
  const auto text = text_of(row, "_id");
  return text ? printable(*text) : "(no ObjectId)";
}

std::string shown_name(const Row& row, std::string_view member) {
  const auto name = text_of(row, member);
  return name ? printable(*name) : "(no name)";
}

bool fits(const Row& user) {
  const json::Value name{
      .kind = json::Value::Kind::string, .text = text_of(user, "username").value_or(""), .items = {}, .names = {}};
  std::string why;
  return model::username_rule.read(name, why).has_value();
}

// A name that does not fit, with the characters that are not allowed replaced.
std::string stem_of(const Row& user) {
  std::string name = text_of(user, "username").value_or("");
  for (char& c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         model::username_rule.also.find(c) != std::string_view::npos;
    if (!allowed) c = '-';
  }
  name.erase(0, name.find_first_not_of('-'));
  name = name.substr(0, model::username_rule.max - 8);  // room for a number
  name.erase(name.find_last_not_of('-') + 1);
  return name.empty() ? "user" : name;
}

// A word that stands for this row, and no other, in a file of renames.
std::string word_for(const Row& row, const std::set<std::string>& twice) {
  const auto name = text_of(row, "username");
  const bool plain = name && !name->empty() && name->front() != '#' && name->size() <= 60 && !twice.contains(*name) &&
                     !RecordId::parse(*name) &&  // it may be the _id of another row
                     std::all_of(name->begin(), name->end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (plain) return *name;
  const auto id = id_of(row);
  return id ? id->hex() : "";
}

class Planner {
 public:
  Planner(const Found& found, const NewNames& new_names, PlanRules rules) : found_(found), new_names_(new_names) {
    plan_.where = found.where;
    plan_.others = found.others;
    now_ = rules.now;
    plan_.factors = rules.factors;
    plan_.prehash = rules.prehash;
    plan_.currency = std::move(rules.currency);
  }

  Plan run() {
    for (std::size_t i = 0; i < found_.users.size(); ++i) take_user(i);
    explain_losers();
    for (const Row& row : found_.products) take_product(row);
    std::sort(plan_.products.begin(), plan_.products.end(),
              [](const auto& a, const auto& b) { return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id); });
    suggest();
    return std::move(plan_);
  }

 private:
  void take_user(std::size_t position) {
    const Row& row = found_.users[position];
    for (const auto& [name, value] : row) {
      if (!is_read_of_user(name)) ++plan_.left_out["users." + name];
    }
    const auto renamed = new_names_.find(position);
    auto judged = judge_user(row, renamed == new_names_.end() ? std::nullopt : std::optional(renamed->second),
                             plan_.factors, now_, plan_.prehash);
    if (!judged) {
      if (renamed == new_names_.end() && !fits(row)) to_rename_.push_back(&row);
      const std::string name = renamed == new_names_.end() ? text_of(row, "username").value_or("") : renamed->second;
      losers_.emplace_back(plan_.refused_users.size(), name_key(name));
      refuse_user(row, judged.error().detail);
      return;
    }
    const auto [holder, is_first] = names_.emplace(name_key(judged->user.username), judged->user.id);
    if (is_first) {
      plan_.people.push_back(std::move(*judged));
    } else {
      to_rename_.push_back(&row);
      refuse_user(row, "username is that of " + holder->second.hex() + " except for upper and lower case");
    }
  }

  // Says in a refused row that a younger one got its name, because correcting the row does not change that.
  void explain_losers() {
    for (const auto& [position, name] : losers_) {
      const auto holder = names_.find(name);
      if (holder == names_.end()) continue;
      plan_.refused_users[position].why += "; the username goes to " + holder->second.hex();
    }
  }

  void refuse_user(const Row& row, std::string why) {
    plan_.refused_users.push_back({shown_id(row), shown_name(row, "username"), std::move(why)});
  }

  void take_product(const Row& row) {
    for (const auto& [name, value] : row) {
      if (!is_read_of_product(row, name)) ++plan_.left_out["products." + name];
    }
    auto judged = judge_product(row, plan_.currency, now_, plan_.notes);
    if (judged) {
      plan_.products.push_back(std::move(*judged));
    } else {
      const bool named = text_of(row, "name").has_value();
      plan_.refused_products.push_back(
          {shown_id(row), shown_name(row, named ? "name" : "pname"), std::move(judged.error().detail)});
    }
  }

  void suggest() {
    std::set<std::string> once, twice;
    for (const Row& row : found_.users) {
      if (const auto name = text_of(row, "username"); name && !once.insert(*name).second) twice.insert(*name);
      if (const auto name = text_of(row, "username")) used_.insert(name_key(*name));
    }
    for (const auto& [position, name] : new_names_) used_.insert(name_key(name));
    for (const Row* row : to_rename_) {
      auto word = word_for(*row, twice);
      if (!word.empty()) plan_.suggestions.push_back({{}, std::move(word), free_name(*row)});
    }
  }

  // With a number added where it is too short or taken.
  std::string free_name(const Row& row) {
    const std::string stem = stem_of(row);
    int& number = numbers_.try_emplace(name_key(stem), 1).first->second;
    std::string name = stem;
    while (name.size() < model::username_rule.min || !used_.insert(name_key(name)).second) {
      name = stem + '-' + std::to_string(++number);
    }
    return name;
  }

  const Found& found_;
  const NewNames& new_names_;
  Plan plan_;
  Time now_{};
  std::map<std::string, UserId> names_;
  std::vector<std::pair<std::size_t, std::string>> losers_;  // in refused_users, with the key of their names
  std::set<std::string> used_;
  std::map<std::string, int> numbers_;  // the last one added to each stem
  std::vector<const Row*> to_rename_;
};

std::string counted(std::size_t count, std::size_t of, const char* what) {
  return std::string(what) + ": " + std::to_string(count) + " of " + std::to_string(of) +
         (count == 1 ? " comes over" : " come over");
}

std::string stay_behind(const std::vector<Refused>& refused) {
  if (refused.empty()) return {};
  return "  " + std::to_string(refused.size()) + (refused.size() == 1 ? " does" : " do") + " not come over:\n" +
         listed(refused);
}

std::string days() {
  return std::to_string(std::chrono::duration_cast<std::chrono::hours>(enrolment_life).count() / 24) + " days";
}

std::string about_users(const Plan& plan) {
  std::string out = counted(plan.people.size(), plan.people.size() + plan.refused_users.size(), "users") + '\n';
  std::vector<Refused> enrolling;
  std::size_t keeping = 0;
  for (const Person& person : plan.people) {
    if (!person.secret.empty()) ++keeping;
    if (!person.why_enrols.empty()) {
      enrolling.push_back({person.user.id.hex(), printable(person.user.username), person.why_enrols});
    }
  }
  if (!plan.people.empty()) {
    out += "  all with the password they have, short ones too; their next login hashes it as this server does\n";
    out += plan.prehash == auth::Prehash::sha256_hex
               ? "  --prehashed sha256-hex: what the old server gave to bcrypt was the SHA-256 of a password, in hex\n"
               : "  taken as bcrypt of the password itself. If the old server set BCRYPT_HANDLE_LONG_PASSWORDS of\n"
                 "    Flask-Bcrypt, nobody could log in like this: --prehashed sha256-hex\n";
  }
  if (keeping > 0) out += "  " + std::to_string(keeping) + " with the authenticator they have\n";
  if (const auto others = plan.people.size() - keeping; others > 0) {
    out += "  " + std::to_string(others) + " with none: a login within " + days() + " of the import enrols one" +
           (enrolling.empty() ? "\n" : ":\n") + listed(enrolling);
  }
  return out + stay_behind(plan.refused_users);
}

std::string about_products(const Plan& plan) {
  return counted(plan.products.size(), plan.products.size() + plan.refused_products.size(), "products") +
         ", with prices in " + plan.currency + '\n' + stay_behind(plan.refused_products);
}

// The name of a member may hold any characters.
std::string shown_member(const std::string& name) {
  const auto quoted = printable(name);
  return quoted == '"' + name + '"' ? name : quoted;
}

std::string not_brought(const Notes& all, const char* what, const char* kind) {
  if (all.empty()) return {};
  std::string out = what;
  std::size_t listed_count = 0;
  for (const auto& [name, count] : all) {
    if (listed_count == kLeftOutMax) {
      out += ", and " + std::to_string(all.size() - kLeftOutMax) + " other " + kind;
      break;
    }
    out += (listed_count++ == 0 ? " " : ", ") + shown_member(name) + " (" + std::to_string(count) + ")";
  }
  return out + '\n';
}

std::string about_members(const Plan& plan) {
  std::string out;
  for (const auto& [what, count] : plan.notes) out += what + " (" + std::to_string(count) + ")\n";
  return out + not_brought(plan.left_out, "not brought over:", "members") +
         not_brought(plan.others, "collections not brought over, and their documents:", "collections");
}

std::string about_names(const Plan& plan) {
  if (plan.suggestions.empty()) return {};
  std::string out = "\nA file that --rename names can give users another name. For those above, perhaps:\n";
  for (const Rename& each : plan.suggestions) out += "  " + each.from + ' ' + each.to + '\n';
  return out;
}

std::string about_factors(const Plan& plan) {
  const bool keep = plan.factors == Factors::keep;
  return std::string("\nSecond factors: the old server showed every secret to anyone who asked for its QR code.\n") +
         "  --factors keep" + (keep ? " (as here)" : "") +
         ": authenticators go on working, and so does every copy of their secrets that somebody\n"
         "    took then: only the password protects these accounts, until POST /me/totp or `user reset-2fa`.\n"
         "  --factors reenrol" +
         (keep ? "" : " (as here)") +
         ": the safe choice. No secret comes over; anybody with the password enrols an authenticator\n    within " +
         days() + ".\nEither way, nobody gets a session without a second factor.\n";
}

}  // namespace

Plan make_plan(const Found& found, const NewNames& new_names, PlanRules rules) {
  return Planner(found, new_names, std::move(rules)).run();
}

std::string listed(const std::vector<Refused>& refused) {
  std::string out;
  for (const auto& [id, name, why] : refused) out += "    " + id + ' ' + name + ": " + why + '\n';
  return out;
}

std::string report(const Plan& plan) {
  return "The old database " + plan.where + "\n\n" + about_users(plan) + about_products(plan) + about_members(plan) +
         about_names(plan) + about_factors(plan);
}

}  // namespace integrity::flask
