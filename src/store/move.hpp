// All that a store keeps, moved into another one of any engine. See docs/migrate.md and docs/adr/0011.
//
// The source is sealed and stays so. Killed at any moment, a move that is asked for again goes on where it was.
#pragma once
#include "base/random.hpp"
#include "base/result.hpp"
#include "store/bulk.hpp"

namespace integrity::store {

// Told how a move gets on.
class MoveWatcher {
 public:
  virtual ~MoveWatcher() = default;
  virtual void sealing() = 0;  // whatever goes wrong from here on, the source may be sealed
  virtual void sealed(const MigrationState& source, bool before) = 0;  // from here on the source takes no other work
  virtual void copied(RowKind kind, std::size_t rows, std::size_t of) = 0;
};

// Neither side may be in use by another process, unless its engine sees to that itself. An error changed nothing: the
// target is not empty, or one of them belongs to another move. An exception may be one in the middle.
struct Moved {
  MigrationState source;
  bool before = false;  // it was finished already
};
Result<Moved> move(Bulk& source, Bulk& target, Time now, Random& random, MoveWatcher& watcher);

// Opens a sealed source again. One whose move was finished only if `finished_too`: what was written to the other store
// since is not here. Gives the mark that was taken away.
Result<MigrationState> unseal(Bulk& source, bool finished_too);

}  // namespace integrity::store
