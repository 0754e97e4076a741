#include "app/tls_files.hpp"

#include <sys/stat.h>

#include "app/file.hpp"
#include "base/log.hpp"

namespace integrity::app {
namespace {

constexpr std::chrono::hours warned_before{14 * 24};
constexpr std::chrono::hours warned_every{24};
constexpr std::size_t file_bytes_max = 1024 * 1024;

// Another text after every change of the file, also after a rename over it or a change of a symbolic link to it.
std::string state_of(const std::filesystem::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return "missing;";
  std::string state;
  for (const auto number :
       {static_cast<std::int64_t>(file.st_dev), static_cast<std::int64_t>(file.st_ino),
        static_cast<std::int64_t>(file.st_size), static_cast<std::int64_t>(file.st_mode),
        static_cast<std::int64_t>(file.st_mtim.tv_sec), static_cast<std::int64_t>(file.st_mtim.tv_nsec),
        static_cast<std::int64_t>(file.st_ctim.tv_sec), static_cast<std::int64_t>(file.st_ctim.tv_nsec)}) {
    state += std::to_string(number) + ";";
  }
  return state;
}

// The mode is only checked, not changed: the program that renews the certificate owns the file.
Status check_mode(const Fd& fd, const std::filesystem::path& path) {
  struct stat file {};
  if (::fstat(fd.get(), &file) != 0) return file_error(path, "cannot read its mode");
  if ((file.st_mode & 04) == 0) return {};
  return Error{Code::unavailable, path.string() + ": others can read this key; take that away with `chmod o-r " +
                                      path.string() + "`, and think about a new key"};
}

}  // namespace

Status TlsFiles::take() {
  INTEGRITY_TRY(const Fd certificate_fd, open_regular_file(certificate_));
  INTEGRITY_TRY(const Fd key_fd, open_regular_file(key_));
  INTEGRITY_CHECK(check_mode(key_fd, key_));
  INTEGRITY_TRY(Secret certificate, read_whole(certificate_fd, file_bytes_max, certificate_));
  INTEGRITY_TRY(Secret key, read_whole(key_fd, file_bytes_max, key_));
  return tls_.use({certificate_.string(), std::move(certificate)}, {key_.string(), std::move(key)});
}

Status TlsFiles::load() {
  const std::lock_guard lock(mutex_);
  in_use_ = state_of(certificate_) + state_of(key_);
  INTEGRITY_CHECK(take());
  warn_if_ending();
  return {};
}

void TlsFiles::look() {
  const std::lock_guard lock(mutex_);
  if (!refused_.empty() || state_of(certificate_) + state_of(key_) != in_use_) try_to_take();
  warn_if_ending();
}

void TlsFiles::reload() {
  const std::lock_guard lock(mutex_);
  try_to_take();
  warn_if_ending();
}

void TlsFiles::try_to_take() {
  // Before they are read: if they change meanwhile, the next look finds another state.
  std::string state = state_of(certificate_) + state_of(key_);
  const Status taken = take();
  if (taken) {
    in_use_ = std::move(state);
    refused_.clear();
    const auto end = to_rfc3339(tls_.not_after().value_or(Time()));
    return log::event("tls.loaded", {{"path", certificate_.string()}, {"not_after", end}});
  }
  state += taken.error().detail;
  if (state == refused_) return;
  log::event("tls.refused", {{"cause", taken.error().detail}});
  refused_ = std::move(state);
}

void TlsFiles::warn_if_ending() {
  const auto now = clock_.now();
  const auto end = tls_.not_after().value_or(Time::max());
  if (end - now >= warned_before || (warned_ && now - *warned_ < warned_every)) return;
  warned_ = now;
  const auto days = std::chrono::floor<std::chrono::hours>(end - now).count() / 24;
  const auto text = to_rfc3339(end), left = std::to_string(days);
  log::event("tls.expires", {{"path", certificate_.string()}, {"not_after", text}, {"days", left}});
}

Https::Https(const Config& config)
    : tls(clock, random, config.hsts), files(config.tls_cert, config.tls_key, tls, clock) {}

Result<std::unique_ptr<Https>> Https::open(const Config& config) {
  std::unique_ptr<Https> https;
  if (!config.tls()) return https;
  https = std::make_unique<Https>(config);
  INTEGRITY_CHECK(https->files.load());
  https->watch.emplace(std::chrono::minutes(1), [files = &https->files] { files->look(); });
  return https;
}

}  // namespace integrity::app
