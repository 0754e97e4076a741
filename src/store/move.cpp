#include "store/move.hpp"

#include "base/bytes.hpp"

namespace integrity::store {
namespace {

// Bounded in bytes too: on MongoDB each word of a product is an index entry, and a whole transaction stays in the
// server's cache.
constexpr std::size_t kRowsOfACommit = 1000, kBytesOfACommit = std::size_t{256} << 10;

struct BytesAbout {
  std::size_t operator()(const SequencedProduct& row) const { return model::bytes_about(row.product); }
  std::size_t operator()(const model::Change& row) const { return row.after.size(); }
  std::size_t operator()(const StoredResponseOf& row) const { return row.response.body.size(); }
  template <class Short>
  std::size_t operator()(const Short&) const {
    return 0;
  }
};

using enum MigrationState::Role;

Error refused(std::string why) {
  return {Code::unavailable, std::move(why)};
}

// Whether these are the states of the two sides of one migration.
bool belong_together(const std::optional<MigrationState>& source, const std::optional<MigrationState>& target) {
  return source && target && source->role == MigrationState::Role::source &&
         target->role == MigrationState::Role::target && source->move == target->move;
}

class Move {
 public:
  Move(Bulk& source, Bulk& target, MoveWatcher& watcher) : source_(source), target_(target), watcher_(watcher) {}

  Result<Moved> run(Time now, Random& random) {
    of_source_ = source_.migration_state();
    of_target_ = target_.migration_state();
    const bool under_way = belong_together(of_source_, of_target_);
    if (!under_way) INTEGRITY_CHECK(may_begin());
    if (source_is_sealed()) watcher_.sealing();
    source_.prepare();
    target_.prepare();
    if (under_way && of_target_->complete) return finished(true);
    if (!under_way) INTEGRITY_CHECK(begin(now, random));
    // Set again, so that no write of an earlier run can still be committed.
    target_.set_migration_state(of_target_);
    watcher_.sealed(*of_source_, sealed_before_);
    for (const RowKind kind : all_row_kinds()) {
      copy_rows(source_, target_, kind, [&](std::size_t rows, std::size_t of) { watcher_.copied(kind, rows, of); });
    }
    target_.set_watermark(source_.watermark());
    return finished(false);
  }

 private:
  bool source_is_sealed() const { return of_source_ && of_source_->role == source; }

  Status may_begin() {
    if (source_.address() == target_.address()) return refused("that is one store and not two: " + source_.address());
    if (of_source_ && of_source_->closed() && !goes_to_target()) {
      return refused(source_.address() + ": " + why_closed(*of_source_));
    }
    if (source_.empty()) return refused(source_.address() + ": there is nothing in it to move");
    if (of_target_ && of_target_->closed() && !comes_from_source()) {
      if (of_target_->role == source) return refused(target_.address() + ": " + why_closed(*of_target_));
      return refused(target_.address() + ": holds a part of another migration, from " + of_target_->other +
                     ". Name another target, or remove this database first");
    }
    if (const auto foreign = target_.foreign()) {
      return refused(target_.address() + ": holds " + *foreign +
                     ", which is not this program's. Name a target that holds nothing else");
    }
    return target_.empty() ? Status() : not_empty();
  }

  // The source is sealed for this target, which has been emptied since then.
  bool goes_to_target() const {
    return source_is_sealed() && !of_source_->complete && of_source_->other == target_.address();
  }
  // The target has the state of a migration from this source, which was never sealed or has been unsealed. Fine while
  // the target is empty.
  bool comes_from_source() const {
    return of_target_->role == target && of_target_->other == source_.address() && !source_is_sealed() &&
           target_.empty();
  }

  // The target gets its state before the source: where another migration uses the target, nothing has changed.
  Status begin(Time now, Random& random) {
    sealed_before_ = source_is_sealed();
    const std::string name = sealed_before_ ? of_source_->move : to_hex(random.bytes(8));
    of_target_ = MigrationState{.role = target, .move = name, .other = source_.address(), .at = now};
    target_.set_migration_state(of_target_);
    if (!target_.empty()) {  // another program has just written to it
      target_.set_migration_state({});
      return not_empty();
    }
    if (sealed_before_) return {};
    of_source_ = MigrationState{.role = source, .move = name, .other = target_.address(), .at = now};
    watcher_.sealing();
    source_.set_migration_state(of_source_);
    return {};
  }

  Error not_empty() {
    return refused(target_.address() + ": is not empty; a migration needs a store that was never used");
  }

  // The source first: the target must not open while the source still could.
  Moved finished(bool before) {
    for (auto [side, state] : {std::pair(&source_, &of_source_), std::pair(&target_, &of_target_)}) {
      if ((*state)->complete) continue;
      (*state)->complete = true;
      side->set_migration_state(*state);
    }
    return {*of_source_, before};
  }

  Bulk& source_;
  Bulk& target_;
  MoveWatcher& watcher_;
  std::optional<MigrationState> of_source_, of_target_;
  bool sealed_before_ = true;
};

}  // namespace

void copy_rows(RowSource& source, Bulk& target, RowKind kind,
               const std::function<void(std::size_t rows, std::size_t of)>& copied) {
  const std::size_t of = source.count(kind);
  std::size_t rows = target.count(kind);
  std::vector<Row> waiting;
  std::size_t bytes = 0;
  const auto write = [&] {
    target.write(waiting);
    rows += waiting.size();
    waiting.clear();
    bytes = 0;
    copied(rows, of);
  };
  source.read(kind, rows, [&](Row row) {
    bytes += std::visit(BytesAbout(), row);
    waiting.push_back(std::move(row));
    if (waiting.size() == kRowsOfACommit || bytes >= kBytesOfACommit) write();
  });
  if (!waiting.empty()) write();
  if (rows != of || target.count(kind) != of) {
    throw std::runtime_error(std::string(name_of(kind)) + ": the source has " + std::to_string(of) +
                             " and the target has " + std::to_string(target.count(kind)) +
                             "; another program writes to one of them");
  }
  copied(rows, of);
}

Result<Moved> move(Bulk& source, Bulk& target, Time now, Random& random, MoveWatcher& watcher) {
  return Move(source, target, watcher).run(now, random);
}

Result<MigrationState> unseal(Bulk& source, bool finished_too) {
  const auto state = source.migration_state();
  if (!state || state->role != MigrationState::Role::source) return refused(source.address() + ": is not sealed");
  if (state->complete && !finished_too) {
    return refused(source.address() + ": everything in it was moved to " + state->other +
                   ", and what was written there since is not here. To take everything back, move it from there into"
                   " an empty store. To continue here with the old state, and lose that: --unseal --finished-too");
  }
  source.set_migration_state({});
  return *state;
}

}  // namespace integrity::store
