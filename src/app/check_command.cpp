#include "app/check_command.hpp"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "app/data_folder.hpp"
#include "app/host.hpp"
#include "app/host_call.hpp"
#include "app/key_check.hpp"
#include "base/printable.hpp"
#include "catalog/words.hpp"
#include "store/mongo/check.hpp"
#include "store/sqlite/check.hpp"

namespace integrity::app {
namespace {

using std::chrono::steady_clock;

class Printed final : public store::CheckReport {
 public:
  ~Printed() override { hide_progress(); }

  void found(std::string_view about, std::string_view what) override {
    hide_progress();
    std::cout << about << ": " << what << std::endl;
    ++findings_;
  }

  // Only where somebody looks, and only after a second.
  void progress(std::string_view what, std::size_t done, std::size_t of) override {
    const auto now = steady_clock::now();
    if (!terminal_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    std::cerr << kLineStart << "checking " << what;
    if (of > 0) {
      std::cerr << ' ' << done * 100 / of << " %";
    } else if (done > 0) {
      std::cerr << ' ' << done;
    }
    std::cerr << std::flush;
    shown_ = true;
  }

  std::size_t findings() const { return findings_; }

 private:
  static constexpr const char* kLineStart = "\r\033[K";  // and the line is empty

  void hide_progress() {
    if (std::exchange(shown_, false)) std::cerr << kLineStart << std::flush;
  }

  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  steady_clock::time_point next_ = steady_clock::now() + std::chrono::seconds(1);
  bool shown_ = false;
  std::size_t findings_ = 0;
};

std::unique_ptr<store::CheckSource> open_source(const Config& config) {
  if (!config.mongo_uri.empty()) return store::mongo::open_mongo_check(config.mongo_uri, catalog::product_text);
  return store::sqlite::open_sqlite_check(DataFolder::database_in(config.data), catalog::product_text);
}

// How many findings are in the files of the keys: those say what to do themselves. Error: what could not be read.
Result<std::size_t> check_all(const Config& config, Printed& printed) {
  INTEGRITY_CHECK(expect_database(config));
  try {
    const auto source = open_source(config);
    store::check(*source, printed);
    return check_keys(config, *source, printed);
  } catch (const std::exception& error) {
    return Error{Code::unavailable, error.what()};
  }
}

}  // namespace

int check_command(const Config& config) {
  std::size_t findings = 0;
  const auto in_keys = [&] {
    Printed printed;
    auto done = check_all(config, printed);
    findings = printed.findings();
    return done;
  }();
  if (!in_keys) {
    std::cerr << "integrity: not everything could be checked: " << visible(in_keys.error().detail) << std::endl;
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
  if (findings == *in_keys) {
    std::cerr << "the files of the keys, none in " << shown_store(config) << std::endl;
    return 1;
  }
  std::cerr << shown_store(config)
            << "; stop the server, keep a copy of the store as it is, and restore the last backup" << std::endl;
  return 1;
}

}  // namespace integrity::app
