#include "app/migrate_command.hpp"

#include <iomanip>
#include <iostream>

#include "app/data_folder.hpp"
#include "app/option_values.hpp"
#include "app/restore_command.hpp"
#include "base/random.hpp"
#include "catalog/words.hpp"
#include "store/mongo/mongo_store.hpp"
#include "store/move.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kRowsOfALine = 10'000;

Error wrong(std::string detail) {
  return {Code::invalid_value, std::move(detail)};
}

Result<StoreAddress> address_of(const char* option, const std::string& text) {
  auto address = parse_store_address(text);
  if (!address) return wrong(std::string(option) + ": " + address.error().detail);
  return address;
}

// A store and, where it is a folder, the folder's lock.
struct Side {
  std::optional<DataFolder> folder;
  std::unique_ptr<store::Bulk> bulk;
};

bool has_database(const StoreAddress& address) {
  return !address.mongo_uri.empty() || std::filesystem::exists(DataFolder::database_in(address.folder));
}

Result<Side> open_side(const StoreAddress& address) {
  Side side;
  if (!address.mongo_uri.empty()) {
    side.bulk = store::mongo::open_mongo_bulk(address.mongo_uri, catalog::product_text);
    return side;
  }
  INTEGRITY_TRY(side.folder, DataFolder::open(address.folder));
  INTEGRITY_CHECK(expect_no_part_of_a_restore(address.folder));
  side.bulk = store::sqlite::open_sqlite_bulk(side.folder->database(), catalog::product_text);
  return side;
}

Result<Side> open_source(const StoreAddress& address) {
  if (has_database(address)) return open_side(address);
  return Error{Code::not_found, address.folder.string() + ": there is no database here"};
}

class Progress final : public store::MoveWatcher {
 public:
  // What an error message adds about the source. Empty if the source is unchanged.
  std::string_view about_the_source() const { return about_the_source_; }

 private:
  void sealing() override {
    about_the_source_ =
        "\nThe source may be sealed. Once the cause is removed, run the same command again: it continues where it was";
  }
  void sealed(const store::MigrationState& source, bool before) override {
    about_the_source_ =
        "\nThe source stays sealed. Once the cause is removed, run the same command again: it continues where it was";
    std::cerr << (before ? "going on with the migration that began at " : "the source is sealed: ")
              << to_rfc3339(source.at) << std::endl;
  }
  void copied(store::RowKind kind, std::size_t rows, std::size_t of) override {
    const Line line{kind, rows == of, rows / kRowsOfALine};
    if (line == last_ || (!line.end && line.tens == (line.kind == last_.kind ? last_.tens : 0))) return;
    last_ = line;
    std::cerr << store::name_of(kind) << ": " << rows << " of " << of << std::endl;
  }

  struct Line {
    store::RowKind kind{};
    bool end = false;
    std::size_t tens = 0;  // of thousands of rows

    bool operator==(const Line&) const = default;
  };
  std::string_view about_the_source_;
  Line last_;
};

// Prints how to start the target with the keys of the source.
void print_how_to_start(const MoveWanted& wanted, const std::string& address) {
  const bool to_mongo = !wanted.to->mongo_uri.empty();
  const bool with_user = wanted.to->mongo_uri.find('@') != std::string::npos;
  const std::string store = with_user ? hide_uri_secrets(wanted.to->mongo_uri) : address;
  const auto default_keys = wanted.from.folder / "keys";
  const bool there = wanted.from.mongo_uri.empty() && std::filesystem::exists(default_keys);
  const std::string keys = there ? default_keys.string() : "KEYS";
  std::cout << "Key files are not copied: start the server with those that were used until now"
            << (keys == "KEYS" ? " (KEYS stands for their folder)" : "") << ":\n  integrity serve "
            << (to_mongo ? "--store '" + store + "'" : "--data '" + wanted.to->folder.string() + "'") << " --keys '"
            << keys << "'" << std::endl;
  if (to_mongo && !with_user && wanted.to->mongo_uri.find('?') != std::string::npos) {
    std::cout << "(and with the options after the `?` of the address, if it needs them)" << std::endl;
  }
}

void print_counts(store::Bulk& source) {
  for (const store::RowKind kind : store::all_row_kinds()) {
    std::cout << "  " << std::left << std::setw(18) << store::name_of(kind) << source.count(kind) << '\n';
  }
}

Status move_all(const MoveWanted& wanted, Progress& progress) {
  INTEGRITY_TRY(const Side source, open_source(wanted.from));
  INTEGRITY_TRY(const Side target, open_side(*wanted.to));
  SystemRandom random;
  INTEGRITY_TRY(const store::Moved moved,
                store::move(*source.bulk, *target.bulk, SystemClock().now(), random, progress));
  std::cout << (moved.before ? "This migration was finished before: " : "Moved: ") << "everything that was in "
            << source.bulk->address() << " is in " << target.bulk->address() << ".\n";
  print_counts(*source.bulk);
  print_how_to_start(wanted, target.bulk->address());
  return {};
}

Status unseal(const MoveWanted& wanted) {
  INTEGRITY_TRY(const Side source, open_source(wanted.from));
  INTEGRITY_TRY(const store::MigrationState state, store::unseal(*source.bulk, wanted.finished_too));
  std::cout
      << source.bulk->address() << " is open again.\nDO NOT USE " << state.other
      << " ANY MORE, nor anything that was copied there: remove it. If both stores are used from here on, they give\n"
         "the same numbers and one-time codes to different things, and can never be merged again."
      << std::endl;
  return {};
}

}  // namespace

Result<StoreAddress> parse_store_address(const std::string& text) {
  if (text.starts_with("mongodb://") || text.starts_with("mongodb+srv://")) {
    const std::string why = store::mongo::no_address(text);
    return why.empty() ? Result<StoreAddress>(StoreAddress{{}, text}) : wrong(why);
  }
  std::string_view path = text;
  for (const std::string_view scheme : {"sqlite://", "sqlite:", "file://", "file:"}) {
    if (!path.starts_with(scheme)) continue;
    path.remove_prefix(scheme.size());
    break;
  }
  if (path.empty() || path.find("://") != std::string_view::npos) {
    return wrong("must be a data folder or mongodb://…, not \"" + hide_uri_secrets(text) + "\"");
  }
  std::filesystem::path folder(path);
  std::error_code error;
  if (folder.filename() == DataFolder::database_in("").filename()) {
    folder = folder.parent_path();
  } else if (std::filesystem::is_regular_file(folder, error)) {
    return wrong(folder.string() + " is a file; name the data folder");
  }
  folder = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), error);
  if (error) return wrong(std::string(path) + ": " + error.message());
  if (!folder.has_filename()) folder = folder.parent_path();  // "data/"
  return StoreAddress{folder, {}};
}

Result<MoveWanted> read_move(const MigrateOptions& options) {
  MoveWanted wanted;
  wanted.finished_too = options.finished_too;
  INTEGRITY_TRY(wanted.from, address_of("--from", options.from));
  if (options.unseal) {
    if (!options.to.empty()) return wrong("--to (or INTEGRITY_TO): --unseal takes only --from");
    return wanted;
  }
  if (options.finished_too) return wrong("--finished-too: only with --unseal");
  if (options.to.empty()) return wrong("--to: is missing: the store to move everything to");
  INTEGRITY_TRY(wanted.to, address_of("--to", options.to));
  if (wanted.from == *wanted.to) return wrong("--to: is the same store as --from");
  return wanted;
}

Status migrate_command(const MoveWanted& wanted) {
  Progress progress;
  try {
    return wanted.to ? move_all(wanted, progress) : unseal(wanted);
  } catch (const std::exception& error) {
    return Error{Code::unavailable, error.what() + std::string(progress.about_the_source())};
  }
}

}  // namespace integrity::app
