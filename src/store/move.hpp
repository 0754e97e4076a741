// The migration of everything from one store to another, of any engine. See docs/migrate.md and docs/adr/0011.
//
// The source is sealed and stays so. A migration may be killed at any time: the next call continues it.
#pragma once
#include "base/random.hpp"
#include "base/result.hpp"
#include "store/bulk.hpp"

namespace integrity::store {

// Is called as a migration makes progress.
class MoveWatcher {
 public:
  virtual ~MoveWatcher() = default;
  virtual void sealing() = 0;  // from now on the source may be sealed, whatever fails
  // From now on the source does no other work. `before`: it was sealed before this call.
  virtual void sealed(const MigrationState& source, bool before) = 0;
  virtual void copied(RowKind kind, std::size_t rows, std::size_t of) = 0;
};

// Neither side may be in use by another process, unless its engine takes care of that itself. An error means that
// nothing was changed: the target is not empty, or one of the stores belongs to another migration. An exception may
// come in the middle of the work.
struct Moved {
  MigrationState source;
  bool before = false;  // the migration was complete before this call
};
Result<Moved> move(Bulk& source, Bulk& target, Time now, Random& random, MoveWatcher& watcher);

// Copies the rows of a kind after those that the target has. Throws where the target does not have all of them in the
// end. `copied` is called after each commit.
void copy_rows(RowSource& source, Bulk& target, RowKind kind,
               const std::function<void(std::size_t rows, std::size_t of)>& copied);

// Opens a sealed source again, and returns the state that it had. After a complete migration only if `finished_too`:
// what was written to the other store since then is not here.
Result<MigrationState> unseal(Bulk& source, bool finished_too);

}  // namespace integrity::store
