#include "store/mongo/watch.hpp"

#include "base/log.hpp"
#include "store/mongo/codec.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenChecks{2};

// After a slower answer it is too uncertain when the primary read its clock.
constexpr std::chrono::seconds kAnswerMax{5};

// Codes last 30 s, and the times in the database are those of the node that is furthest ahead.
constexpr std::chrono::seconds kClockLogged{5};

}  // namespace

Watch::Watch(Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {
  check();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Watch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, kBetweenChecks, [&] { return stop.stop_requested(); })) {
    try {
      check();
    } catch (const std::exception&) {  // reads and writes get the same error, and report it
    }
  }
}

void Watch::check() {
  Client client(pool_);
  Connection connection(client, Connection::Sees::majority);
  connection.limit_reads(Connection::request_time_max);
  Array pipeline;
  pipeline.add(Doc("$match", Doc("_id", "head"))).add(Doc("$project", Doc("mark", 1, "clock", "$$NOW")));
  const auto asked = steady_clock::now();
  Cursor found = connection.aggregate(in::meta, pipeline);
  if (!found.next()) return;  // without its head document nothing is written anyway
  const auto took = steady_clock::now() - asked;
  const auto state = found.view().take<std::optional<Doc>>("mark");
  const auto moved = state ? std::optional(take_migration_state(View(*state))) : std::nullopt;
  const bool gone = moved && moved->role == MigrationState::Role::source && moved->complete;
  pool_.standing().set_moved(gone ? std::optional(why_closed(*moved)) : std::nullopt);
  if (took > kAnswerMax) return;
  pool_.standing().set_database_clock(found.view().take<Time>("clock"), asked + took / 2);
  log_clock();
}

void Watch::log_clock() {
  const auto ahead = pool_.standing().ahead(clock_.now());
  const auto by = std::chrono::round<std::chrono::seconds>(ahead.value_or(Millis(0)));
  const bool differs = std::chrono::abs(by) >= kClockLogged;
  if (differs && !differs_) log::event("clock.differs", {{"seconds_ahead_of_mongodb", std::to_string(by.count())}});
  differs_ = differs;
}

}  // namespace integrity::store::mongo
