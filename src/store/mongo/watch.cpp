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

constexpr std::chrono::minutes kBetweenSizes{1};

// A number of any type.
std::uint64_t number_in(const Doc& reply, const char* name) {
  bson_iter_t found;
  return bson_iter_init_find(&found, reply.get(), name) ? static_cast<std::uint64_t>(bson_iter_as_int64(&found)) : 0;
}

}  // namespace

Watch::Watch(Pool& pool, const Clock& clock, Meters& meters) : pool_(pool), clock_(clock), meters_(meters) {
  check();
  measure();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Watch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, kBetweenChecks, [&] { return stop.stop_requested(); })) {
    try {
      check();
    } catch (const std::exception&) {  // reads and writes get the same error, and report it
      meters_.errors.add();
      continue;
    }
    measure();
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

// What cannot be measured, because the user may not ask for it for example, stays as it was.
void Watch::measure() noexcept try {
  Client client(pool_);
  Connection connection(client, Connection::Sees::majority);
  sessions_.set(number_in(connection.ask(Doc("count", in::sessions.text)), "n"));
  const auto now = steady_clock::now();
  if (bytes_measured_at_ != steady_clock::time_point() && now - bytes_measured_at_ < kBetweenSizes) return;
  const Doc sizes = connection.ask(Doc("dbStats", 1));
  database_bytes_.set(number_in(sizes, "storageSize") + number_in(sizes, "indexSize"));
  bytes_measured_at_ = now;
} catch (const std::exception&) {
}

void Watch::log_clock() {
  const auto ahead = pool_.standing().ahead(clock_.now());
  const auto by = std::chrono::round<std::chrono::seconds>(ahead.value_or(Millis(0)));
  const bool differs = std::chrono::abs(by) >= kClockLogged;
  if (differs && !differs_) log::event("clock.differs", {{"seconds_ahead_of_mongodb", std::to_string(by.count())}});
  differs_ = differs;
}

}  // namespace integrity::store::mongo
