// The files of --tls-cert and --tls-key: reads them at the start, at SIGHUP, and when they have changed.
//
//   TlsFiles files(cert, key, tls, clock);
//   INTEGRITY_CHECK(files.load());       // at the start: an error ends the server
//   files.look();                        // once a minute: reads them if they changed, or were unfit
//   files.reload();                      // at SIGHUP: reads them anyway
//
// Logs `tls.loaded`; `tls.refused` once for each state of the files that is unfit, while the previous certificate stays
// in use; and `tls.expires` once a day during the last 14 days of the certificate.
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/config.hpp"
#include "app/periodic.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "http/tls.hpp"

namespace integrity::app {

class TlsFiles {
 public:
  TlsFiles(std::filesystem::path certificate, std::filesystem::path key, http::Tls& tls, const Clock& clock)
      : certificate_(std::move(certificate)), key_(std::move(key)), tls_(tls), clock_(clock) {}

  // All are safe from any thread.
  Status load();
  void look();
  void reload();

 private:
  Status take();
  void warn_if_ending();
  void try_to_take();

  const std::filesystem::path certificate_, key_;
  http::Tls& tls_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string in_use_;   // the state of the files (inode, size, time, …) when the certificate in use was read
  std::string refused_;  // the state of the files that were refused last and the reason; empty after a success
  std::optional<Time> warned_;
};

// Everything that HTTPS needs in `serve`.
struct Https {
  // Null without --tls-cert. An error says what is wrong with the files.
  static Result<std::unique_ptr<Https>> open(const Config& config);
  explicit Https(const Config& config);

  SystemClock clock;
  SystemRandom random;
  http::Tls tls;
  TlsFiles files;
  std::optional<Periodic> watch;
};

}  // namespace integrity::app
