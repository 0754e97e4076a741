#include "store/move.hpp"

#include "base/bytes.hpp"

namespace integrity::store {
namespace {

// Bounded in bytes too: on MongoDB each word of a product is an index entry, and all of a transaction stays in the
// server's cache.
constexpr std::size_t kRowsOfACommit = 1000, kBytesOfACommit = std::size_t{256} << 10;

struct BytesAbout {
  std::size_t operator()(const PlacedProduct& row) const { return model::bytes_about(row.product); }
  std::size_t operator()(const model::Change& row) const { return row.after.size(); }
  std::size_t operator()(const KeptAnswerOf& row) const { return row.answer.body.size(); }
  template <class Short>
  std::size_t operator()(const Short&) const {
    return 0;
  }
};

using enum MigrationState::Role;

Error refused(std::string why) {
  return {Code::unavailable, std::move(why)};
}

// Two marks of one move, one on each side.
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
    target_.set_migration_state(
        of_target_);  // what a run before this one was about to write has been written, or never will be
    watcher_.sealed(*of_source_, sealed_before_);
    for (const RowKind kind : all_row_kinds()) copy(kind);
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
    if (source_.empty()) return refused(source_.address() + ": there is nothing in it that could be moved");
    if (of_target_ && of_target_->closed() && !comes_from_source()) {
      if (of_target_->role == source) return refused(target_.address() + ": " + why_closed(*of_target_));
      return refused(target_.address() + ": holds a part of another move, from " + of_target_->other +
                     ". Name another target, or remove that one's database first");
    }
    if (const auto foreign = target_.foreign()) {
      return refused(target_.address() + ": holds " + *foreign +
                     ", which is not this program's. Name a target that holds nothing else");
    }
    return target_.empty() ? Status() : not_empty();
  }

  // Sealed for a target that has been emptied since.
  bool goes_to_target() const {
    return source_is_sealed() && !of_source_->complete && of_source_->other == target_.address();
  }
  // The target was taken, but the source not sealed, or opened again: good as long as nothing is in it.
  bool comes_from_source() const {
    return of_target_->role == target && of_target_->other == source_.address() && !source_is_sealed() &&
           target_.empty();
  }

  // The target is taken before the source is sealed: whoever finds it in use by somebody else has changed nothing.
  Status begin(Time now, Random& random) {
    sealed_before_ = source_is_sealed();
    const std::string name = sealed_before_ ? of_source_->move : to_hex(random.bytes(8));
    of_target_ = MigrationState{.role = target, .move = name, .other = source_.address(), .at = now};
    target_.set_migration_state(of_target_);
    if (!target_.empty()) {  // somebody was quicker
      target_.set_migration_state({});
      return not_empty();
    }
    if (sealed_before_) return {};
    of_source_ = MigrationState{.role = source, .move = name, .other = target_.address(), .at = now};
    watcher_.sealing();
    source_.set_migration_state(of_source_);
    return {};
  }

  Error not_empty() { return refused(target_.address() + ": is not empty; a move needs a store that was never used"); }

  void copy(RowKind kind) {
    const std::size_t of = source_.count(kind);
    std::size_t rows = target_.count(kind);
    std::vector<Row> waiting;
    std::size_t bytes = 0;
    const auto write = [&] {
      target_.write(waiting);
      rows += waiting.size();
      waiting.clear();
      bytes = 0;
      watcher_.copied(kind, rows, of);
    };
    source_.read(kind, rows, [&](Row row) {
      bytes += std::visit(BytesAbout(), row);
      waiting.push_back(std::move(row));
      if (waiting.size() == kRowsOfACommit || bytes >= kBytesOfACommit) write();
    });
    if (!waiting.empty()) write();
    if (rows != of || target_.count(kind) != of) {
      throw std::runtime_error(std::string(name_of(kind)) + ": the source has " + std::to_string(of) +
                               " and the target has " + std::to_string(target_.count(kind)) +
                               "; somebody else works on one of them");
    }
    watcher_.copied(kind, rows, of);
  }

  // The source first: as long as it can be opened by accident, the target cannot.
  Moved finished(bool before) {
    for (auto [side, mark] : {std::pair(&source_, &of_source_), std::pair(&target_, &of_target_)}) {
      if ((*mark)->complete) continue;
      (*mark)->complete = true;
      side->set_migration_state(*mark);
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

Result<Moved> move(Bulk& source, Bulk& target, Time now, Random& random, MoveWatcher& watcher) {
  return Move(source, target, watcher).run(now, random);
}

Result<MigrationState> unseal(Bulk& source, bool finished_too) {
  const auto mark = source.migration_state();
  if (!mark || mark->role != MigrationState::Role::source) return refused(source.address() + ": is not sealed");
  if (mark->complete && !finished_too) {
    return refused(source.address() + ": all that was in it was moved to " + mark->other +
                   ", and what was written there since is not here. To take everything back, move it from there into"
                   " an empty store. To go on from here as it was, and lose that: --unseal --finished-too");
  }
  source.set_migration_state({});
  return *mark;
}

}  // namespace integrity::store
