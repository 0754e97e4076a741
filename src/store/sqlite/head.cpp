#include "store/sqlite/head.hpp"

#include <algorithm>

#include "store/sqlite/schema.hpp"

namespace integrity::store::sqlite {
namespace {

constexpr std::int64_t kFirstVersionWithMarks = 5;

// No place of this millisecond, that of the last change, is behind it: its first product got the first one, and so on.
std::int64_t last_place_at(Database& db, Time at) {
  std::int64_t place = first_place_at(at) - 1;
  for (auto row = db.query("SELECT at, op FROM changes ORDER BY number DESC"); row.next();) {
    if (row.take<Time>() < at) break;
    if (row.take<std::string>() == "product.create") ++place;
  }
  return place;
}

Head head_of_changes(Database& db) {
  Head head;
  {
    auto row = db.query("SELECT number, at FROM changes ORDER BY number DESC LIMIT 1");
    if (row.next()) {
      head.number = row.take<std::int64_t>();
      head.time = row.take<Time>();
    }
  }
  auto row = db.query("SELECT coalesce(max(place), 0) FROM products");
  row.next();
  head.place = std::max(last_place_at(db, head.time), row.take<std::int64_t>());
  return head;
}

}  // namespace

Head head_of(Database& db) {
  Head head = head_of_changes(db);
  if (auto row = db.query("SELECT time, place FROM head"); row.next()) {
    head.time = std::max(head.time, row.take<Time>());
    head.place = std::max(head.place, row.take<std::int64_t>());
  }
  return head;
}

void set_head(Database& db, const Head& head) {
  db.run("DELETE FROM head");
  const Head known = head_of_changes(db);
  if (head.number != known.number) throw std::logic_error("the head is not that of the changes");
  if (head.time <= known.time && head.place <= known.place) return;
  db.run("INSERT INTO head (one, time, place) VALUES (1, ?, ?)", head.time, head.place);
}

std::optional<Mark> mark_of(Database& db) {
  if (version_of(db) < kFirstVersionWithMarks) return {};
  auto row = db.query("SELECT role, move, other, at, complete FROM moves");
  if (!row.next()) return {};
  return Mark{.role = row.take<std::string>() == "source" ? Mark::Role::source : Mark::Role::target,
              .move = row.take<std::string>(),
              .other = row.take<std::string>(),
              .at = row.take<Time>(),
              .complete = row.take<int>() == 1};
}

void set_mark(Database& db, const std::optional<Mark>& mark) {
  if (!mark) {
    db.run("DELETE FROM moves");
    return;
  }
  db.run("INSERT OR REPLACE INTO moves (one, role, move, other, at, complete) VALUES (1, ?, ?, ?, ?, ?)",
         std::string_view(mark->role == Mark::Role::source ? "source" : "target"), mark->move, mark->other, mark->at,
         mark->complete ? 1 : 0);
}

void expect_open(Database& db) {
  const auto mark = mark_of(db);
  if (mark && mark->closed()) throw Unavailable(why_closed(*mark));
}

}  // namespace integrity::store::sqlite
