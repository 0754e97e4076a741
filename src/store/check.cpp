#include "store/check.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <vector>

#include "base/checksum.hpp"
#include "base/json_document.hpp"
#include "model/change_words.hpp"
#include "store/enum_names.hpp"
#include "store/recorded.hpp"

namespace integrity::store {
namespace {

using model::RecordKind;

constexpr std::size_t kBetweenReports = 4096;  // rows
constexpr std::string_view kDelete = "product.delete";

// The last state of a record that the history has, without keeping its text.
struct State {
  std::uint16_t members = 0;  // which ones it has: an older program recorded fewer
  std::uint64_t fixed = 0;    // of those that only a change changes
  std::uint64_t moving = 0;   // of the others
};

// Of a text that is not a record: nothing has this state.
constexpr State unreadable{.members = 0, .fixed = 1, .moving = 0};

std::uint64_t checksum_of(std::string_view name, const json::Value& value) {
  return checksum(std::string(name) + '=' + json::serialize(value));
}

// The state that `text` holds. What an older program recorded otherwise (a flag in place of a name) is left out.
template <class T>
State state_in(const T* kind, std::string_view text) {
  State state;
  const auto parsed = json::parse(text);
  if (!parsed || parsed->find("id") == nullptr) return unreadable;
  std::uint16_t bit = 1;
  for (const auto& member : recorded_members(kind)) {
    const json::Value* const value = parsed->find(member.name);
    if (value != nullptr && value->kind != json::Value::Kind::boolean) {
      state.members |= bit;
      (member.moved == nullptr ? state.fixed : state.moving) += checksum_of(member.name, *value);
    }
    bit = static_cast<std::uint16_t>(bit << 1);
  }
  return state;
}
// Products were always recorded in the same form.
State state_in(const model::Product*, std::string_view text) {
  return {.members = 1, .fixed = checksum(text), .moving = 0};
}

State recorded_state(RecordKind kind, std::string_view text) {
  switch (kind) {
    case RecordKind::user:
      return state_in(static_cast<const model::User*>(nullptr), text);
    case RecordKind::session:
      return state_in(static_cast<const model::Session*>(nullptr), text);
    case RecordKind::key:
      return state_in(static_cast<const model::ApiKey*>(nullptr), text);
    case RecordKind::invitation:
      return state_in(static_cast<const model::Invitation*>(nullptr), text);
    case RecordKind::product:
      return state_in(static_cast<const model::Product*>(nullptr), text);
    case RecordKind::store:
      break;
  }
  return {};
}

// Whether a record is what its last change says, which was made at this time.
template <class T>
bool same(const T& record, const State& recorded, Time at) {
  State now;
  bool moved = false;
  std::uint16_t bit = 1;
  const auto parsed = json::parse(store::recorded(record, at));
  for (const auto& member : recorded_members(&record)) {
    if ((recorded.members & bit) != 0) {
      (member.moved == nullptr ? now.fixed : now.moving) += checksum_of(member.name, *parsed->find(member.name));
    }
    moved = moved || (member.moved != nullptr && member.moved(record));
    bit = static_cast<std::uint16_t>(bit << 1);
  }
  return now.fixed == recorded.fixed && (moved || now.moving == recorded.moving);
}
bool same(const model::Product& product, const State& recorded, Time) {
  std::string json;
  append_json(json, product);
  return checksum(json) == recorded.fixed;
}

// A record in the history. The id of a record is of one kind only where nothing is wrong.
struct Key {
  RecordKind kind;
  RecordId id;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  std::size_t operator()(const Key& key) const {
    // Mixed: ids that another program made may differ in few bits.
    return ((IdHash()(key.id) + static_cast<std::size_t>(key.kind)) * 0x9e37'79b9'7f4a'7c15U) >> 16;
  }
};
struct Entry {
  std::int64_t revision = 0;
  Time at{};                 // of the last change with a state
  State state = unreadable;  // after that change
  bool ended = false;        // the last change has no state after it
  bool seen = false;         // there is a record
};

// A part of all records: those whose hash leaves this remainder.
struct Part {
  std::size_t of = 1, remainder = 0;
  bool has(const Key& key) const { return KeyHash()(key) % of == remainder; }
};

std::string about_change(const model::Change& change) {
  return "change " + std::to_string(change.number) + " of " + about(change.kind, change.record.hex());
}

// Ids of records that others refer to, sorted.
template <class T>
class Known {
 public:
  void add(const T& value) { all_.push_back(value); }
  void sort() {
    std::sort(all_.begin(), all_.end(), [](const T& a, const T& b) { return a.id < b.id; });
  }
  const T* find(const decltype(T::id)& id) const {
    const auto at = std::lower_bound(all_.begin(), all_.end(), id, [](const T& a, const auto& b) { return a.id < b; });
    return at != all_.end() && at->id == id ? &*at : nullptr;
  }

 private:
  std::vector<T> all_;
};
struct KnownUser {
  UserId id;
  model::UserState state;
  std::optional<model::Role> role;
};
struct KnownKey {
  ApiKeyId id;
};

class Check {
 public:
  Check(CheckSource& source, CheckReport& report, std::size_t records_at_once)
      : source_(source), report_(report), records_max_(records_at_once) {}

  void run() {
    source_.check_own(report_);
    read(row_kind<model::User>(), [this](const Row& row) {
      const auto& user = std::get<model::User>(row);
      users_.add({user.id, user.state, user.role});
    });
    read(row_kind<model::ApiKey>(), [this](const Row& row) { keys_.add({std::get<model::ApiKey>(row).id}); });
    users_.sort();
    keys_.sort();
    parts_ = {Part()};
    while (!parts_.empty()) {
      part_ = parts_.back();
      parts_.pop_back();
      check_part();
      first_ = false;
    }
  }

 private:
  void check_part() {
    entries_.clear();
    last_ = {};
    const bool whole = read(row_kind<model::Change>(), [this](const Row& row) { visit(row); });
    if (first_ && whole) check_watermark();
    bool records_whole = true;
    for (const RowKind kind : all_row_kinds()) {
      if (kind == row_kind<model::Change>()) continue;
      compare_ = whole;
      records_whole = read(kind, [this](const Row& row) { visit(row); }) && records_whole;
    }
    if (whole && records_whole) report_missing();
  }

  bool read(RowKind kind, const std::function<void(const Row&)>& take) {
    const std::size_t of = source_.count(kind, report_);
    std::size_t done = 0;
    report_.progress(name_of(kind), 0, of);
    return source_.read(
        kind,
        [&](const Row& row) {
          take(row);
          if (++done % kBetweenReports == 0) report_.progress(name_of(kind), done, of);
        },
        report_);
  }

  // No template and no default: a new kind of row does not compile before it has a check.
  void visit(const Row& row) {
    std::visit([this](const auto& each) { check_row(each); }, row);
  }

  void check_row(const model::Change& change) {
    if (first_) check_change(change);
    const Key key{change.kind, change.record};
    if (!part_.has(key)) return;
    if (entries_.size() >= records_max_ && !entries_.contains(key)) make_room();
    if (!part_.has(key)) return;
    Entry& entry = entries_[key];
    const std::int64_t wanted = entry.revision + 1;
    if (change.revision != wanted) {
      report_.found(about(change.kind, change.record.hex()),
                    "its history has revision " + std::to_string(change.revision) + " (change " +
                        std::to_string(change.number) + ") where revision " + std::to_string(wanted) + " belongs");
    }
    entry.revision = change.revision;
    // An engine that has the state of a product in the product's own row has none where that is gone.
    entry.ended = change.kind == RecordKind::product ? change.op == kDelete : change.after.empty();
    if (entry.ended) return;
    entry.at = change.at;
    entry.state = change.after.empty() ? unreadable : recorded_state(change.kind, change.after);
  }

  // Half of the records, for now.
  void make_room() {
    while (entries_.size() >= records_max_) {
      parts_.push_back({part_.of * 2, part_.remainder + part_.of});
      part_.of *= 2;
      std::erase_if(entries_, [this](const auto& each) { return !part_.has(each.first); });
    }
  }

  void check_change(const model::Change& change) {
    const std::int64_t wanted = last_.number + 1;
    if (change.number != wanted) {
      const bool one = change.number == wanted + 1;
      report_.found(
          "change " + std::to_string(wanted),
          one ? "is missing in the history"
              : "is missing in the history, and so is every change up to number " + std::to_string(change.number - 1));
    }
    last_.number = change.number;
    if (change.at < last_.time) report_.found(about_change(change), "is of an earlier time than the change before it");
    last_.time = std::max(last_.time, change.at);
    if (!model::is_change_word(change.op))
      report_.found(about_change(change), "has the unknown operation " + change.op);
    const auto& by = change.attribution;
    if (by.actor)
      expect_user(
          *by.actor, [&] { return about_change(change); }, "its actor");
    if (by.key && keys_.find(*by.key) == nullptr) {
      report_.found(about_change(change), "was made with key " + by.key->hex() + ", and there is no such key");
    }
    if (change.account)
      expect_user(
          *change.account, [&] { return about_change(change); }, "its account");
    const bool own = !change.account || record_id(*change.account) == change.record;
    if (change.kind == RecordKind::user && !own) {
      report_.found(about_change(change), "is in the history of another account, " + change.account->hex());
    }
  }

  void check_watermark() {
    const auto known = source_.watermark(report_);
    if (!known) return;
    const Watermark& watermark = *known;
    if (watermark.number > last_.number) {
      report_.found(
          "change " + std::to_string(last_.number + 1),
          "is missing at the end of the history: there were changes up to number " + std::to_string(watermark.number));
    }
    if (watermark.number < last_.number) {
      report_.found("change " + std::to_string(last_.number),
                    "is newer than the store's last change number, " + std::to_string(watermark.number));
    }
    if (watermark.time < last_.time) {
      report_.found("change " + std::to_string(last_.number), "is of a later time than the store has ever seen");
    }
    sequence_max_ = watermark.sequence;
  }

  void check_row(const model::User& user) {
    const auto name = [&] { return about(RecordKind::user, user.id.hex()); };
    const bool pending = user.state == model::UserState::pending;
    if (first_) {
      if (pending != (user.version == 0)) report_.found(name(), "its version does not fit its state");
      if (pending != user.pending_until.has_value()) report_.found(name(), "only a pending account expires");
      if (user.has_factor() && (user.totp_secret.empty() || pending)) {
        report_.found(name(), "has a confirmed authenticator and no secret for it, or is pending");
      }
      if (user.reset && user.reset->by) expect_user(*user.reset->by, name, "the one who reset it");
    }
    if (!pending) return compare(RecordKind::user, user.id, user, user.version);
    if (const auto found = entries_.find({RecordKind::user, record_id(user.id)}); found != entries_.end()) {
      found->second.seen = true;
      report_.found(name(), "is pending and has a history");
    }
  }

  void check_row(const model::SessionRecord& row) {
    const model::Session& session = row.session;
    const auto name = [&] { return about(RecordKind::session, session.id.hex()); };
    if (first_) {
      const KnownUser* const owner = expect_user(session.user, name, "its owner");
      if (owner != nullptr && owner->state != model::UserState::active) {
        report_.found(name(), "its account " + session.user.hex() + " is not active");
      } else if (owner != nullptr && session.role != owner->role.value_or(model::Role::editor)) {
        report_.found(name(), "has the role " + std::string(name_of(session.role)) + ", its account another one");
      }
    }
    compare(RecordKind::session, session.id, session, 1);
  }

  void check_row(const model::ApiKey& key) {
    const auto name = [&] { return about(RecordKind::key, key.id.hex()); };
    if (first_) {
      const KnownUser* const owner = expect_user(key.user, name, "its owner");
      std::optional<model::Role> role;
      if (owner != nullptr && owner->state == model::UserState::active) {
        role = owner->role.value_or(model::Role::editor);
      }
      if (owner != nullptr && !key.revoked_at && key.role != role) {
        report_.found(name(), "does not have the role of its account");
      }
    }
    compare(RecordKind::key, key.id, key, key.revoked_at ? 2 : 1);
  }

  void check_row(const model::Invitation& invitation) {
    const auto name = [&] { return about(RecordKind::invitation, invitation.id.hex()); };
    if (first_ && invitation.created_by) expect_user(*invitation.created_by, name, "the one who invited");
    compare(RecordKind::invitation, invitation.id, invitation, 1);
  }

  void check_row(const SequencedProduct& row) {
    const model::Product& product = row.product;
    if (first_) {
      const bool in_order = row.sequence >= first_sequence_at(product.created_at) &&
                            row.sequence < first_sequence_after(product.created_at);
      if (!in_order || row.sequence > sequence_max_) {
        report_.found(about(RecordKind::product, product.id.hex()),
                      "its sequence number " + std::to_string(row.sequence) + " does not fit its creation time");
      }
    }
    compare(RecordKind::product, product.id, product, product.version);
  }

  void check_row(const FactorCountersOf& row) { expect_owner("code counters", row.user); }
  void check_row(const RecoveryCodesOf& row) { expect_owner("recovery codes", row.user); }
  void check_row(const model::Challenge& row) { expect_owner("challenge", row.user); }
  void check_row(const StoredResponseOf& row) { expect_owner("stored response", row.user); }
  void check_row(const KeyFingerprint&) {}  // compared with the key files by the program

  void expect_owner(std::string_view what, const UserId& user) {
    if (!first_ || users_.find(user) != nullptr) return;
    report_.found(std::string(what) + " of " + about(RecordKind::user, user.hex()), "there is no such account");
  }
  template <class Name>
  const KnownUser* expect_user(const UserId& user, const Name& name, std::string_view as) {
    const KnownUser* const found = users_.find(user);
    if (found == nullptr) {
      report_.found(name(), "names account " + user.hex() + " as " + std::string(as) + ", which does not exist");
    }
    return found;
  }

  template <class Tag, class T>
  void compare(RecordKind kind, const Id<Tag>& id, const T& record, std::int64_t revision) {
    const Key key{kind, record_id(id)};
    if (!compare_ || !part_.has(key)) return;
    const auto name = [&] { return about(kind, id.hex()); };
    const auto found = entries_.find(key);
    if (found == entries_.end()) return report_.found(name(), "has no change in the history");
    Entry& entry = found->second;
    entry.seen = true;
    const bool may_end = kind == RecordKind::key;  // a revoked key stays
    if (entry.ended && !may_end) return report_.found(name(), "exists, although its last change removed it");
    if (revision != entry.revision) {
      return report_.found(name(), "is at version " + std::to_string(revision) +
                                       ", and its history ends with version " + std::to_string(entry.revision));
    }
    if (!same(record, entry.state, entry.at)) report_.found(name(), "is not what its last change says");
  }

  // Sessions and invitations that are over are removed without a change.
  void report_missing() {
    for (const auto& [key, entry] : entries_) {
      const bool stays = key.kind == RecordKind::user || key.kind == RecordKind::key;
      const bool gone = stays ? !entry.seen : key.kind == RecordKind::product && !entry.seen && !entry.ended;
      if (gone) report_.found(about(key.kind, key.id.hex()), "is missing: it has a history that does not end");
    }
  }

  CheckSource& source_;
  CheckReport& report_;
  const std::size_t records_max_;
  Known<KnownUser> users_;
  Known<KnownKey> keys_;
  std::vector<Part> parts_;  // still to be checked
  Part part_;
  bool first_ = true;    // what does not belong to a part is checked with the first one
  bool compare_ = true;  // false: the history could not be read to its end
  std::int64_t sequence_max_ = std::numeric_limits<std::int64_t>::max();
  Watermark last_;  // of the changes that were read
  std::unordered_map<Key, Entry, KeyHash> entries_;
};

}  // namespace

void check(CheckSource& source, CheckReport& report, std::size_t records_at_once) {
  Check(source, report, records_at_once).run();
}

std::string about(RecordKind kind, std::string_view hex) {
  return std::string(name_of(kind)) + ' ' + std::string(hex);
}

std::string about(RowKind kind, std::string_view key) {
  if (kind == row_kind<model::User>()) return about(RecordKind::user, key);
  if (kind == row_kind<model::SessionRecord>()) return about(RecordKind::session, key);
  if (kind == row_kind<model::ApiKey>()) return about(RecordKind::key, key);
  if (kind == row_kind<model::Invitation>()) return about(RecordKind::invitation, key);
  if (kind == row_kind<SequencedProduct>()) return about(RecordKind::product, key);
  return std::string(name_of(kind)) + ' ' + std::string(key);
}

}  // namespace integrity::store
