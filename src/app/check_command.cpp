#include "app/check_command.hpp"

#include <iostream>
#include <map>

#include "app/data_folder.hpp"
#include "app/host.hpp"
#include "app/host_call.hpp"
#include "app/key_check.hpp"
#include "app/progress_line.hpp"
#include "app/secret_check.hpp"
#include "base/printable.hpp"
#include "catalog/words.hpp"
#include "store/mongo/check.hpp"
#include "store/sqlite/check.hpp"

namespace integrity::app {
namespace {

class Printed final : public store::CheckReport {
 public:
  // At most a thousand lines for each kind: a damaged database may have millions of findings.
  void found(std::string_view about, std::string_view what) override {
    ++findings_;
    // "product", "recovery", "file": there are few of them.
    if (++of_kind_[std::string(about.substr(0, about.find(' ')))] > kShownOfAKind) return;
    line_.hide();
    std::cout << visible_line(about) << ": " << visible_line(what) << std::endl;  // with texts of a damaged file
  }
  // Of what was found and not shown.
  void end() {
    line_.hide();
    for (const auto& [kind, count] : of_kind_) {
      if (count > kShownOfAKind) std::cout << kind << ": " << count - kShownOfAKind << " more findings" << std::endl;
    }
  }
  void progress(std::string_view what, std::size_t done, std::size_t of) override {
    line_.show("checking " + progress_text(what, done, of));
  }

  std::size_t findings() const { return findings_; }

 private:
  static constexpr std::size_t kShownOfAKind = 1000;

  ProgressLine line_;
  std::map<std::string, std::size_t> of_kind_;
  std::size_t findings_ = 0;
};

std::unique_ptr<store::CheckSource> open_source(const Config& config) {
  if (!config.mongo_uri.empty()) return store::mongo::open_mongo_check(config.mongo_uri, catalog::product_text);
  return store::sqlite::open_sqlite_check(DataFolder::database_in(config.data), catalog::product_text);
}

// How many findings say themselves what to do.
struct Advised {
  std::size_t in_key_files = 0, in_secrets = 0;
};

// Error: what could not be read.
Result<Advised> check_all(const Config& config, Printed& printed) {
  INTEGRITY_CHECK(expect_database(config));
  try {
    const auto source = open_source(config);
    store::check(*source, printed);
    const std::size_t in_secrets = check_secrets(config, *source, printed);
    INTEGRITY_TRY(const std::size_t in_key_files, check_keys(config, *source, printed));
    return Advised{.in_key_files = in_key_files, .in_secrets = in_secrets};
  } catch (const std::exception& error) {
    return Error{Code::unavailable, error.what()};
  }
}

}  // namespace

int check_command(const Config& config) {
  std::size_t findings = 0;
  const auto advised = [&] {
    Printed printed;
    auto done = check_all(config, printed);
    printed.end();
    findings = printed.findings();
    return done;
  }();
  if (!advised) {
    std::cerr << "integrity: not everything could be checked: " << visible(advised.error().detail) << std::endl;
    return 2;
  }
  if (!std::cout) {
    std::cerr << "integrity: the findings could not be written to stdout" << std::endl;
    return 2;
  }
  if (findings == 0) {
    std::cerr << "no findings in " << shown_store(config) << std::endl;
    return 0;
  }
  std::cerr << "integrity: " << findings << (findings == 1 ? " finding in " : " findings in ");
  if (findings == advised->in_key_files) {
    std::cerr << "the files of the keys, none in " << shown_store(config) << std::endl;
    return 1;
  }
  if (findings == advised->in_key_files + advised->in_secrets) {
    std::cerr << shown_store(config) << "; each says what to do" << std::endl;
    return 1;
  }
  std::cerr << shown_store(config)
            << "; stop the server, keep a copy of the store as it is, and restore the last backup" << std::endl;
  return 1;
}

}  // namespace integrity::app
