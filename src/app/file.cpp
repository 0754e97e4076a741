#include "app/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "base/new_file.hpp"

namespace integrity::app {
namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;

Status write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error(path, "cannot write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// The name of a new file is on disk only after its folder is synced.
Status sync_folder(const std::filesystem::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return file_error(folder, "cannot sync");
  return {};
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  groups.resize(static_cast<std::size_t>(std::max(::getgroups(static_cast<int>(groups.size()), groups.data()), 0)));
  groups.push_back(::getegid());
  return groups;
}

}  // namespace

Status make_folder(const std::filesystem::path& path) {
  const auto absolute = std::filesystem::absolute(path).lexically_normal();
  std::filesystem::path folder;
  for (const auto& part : absolute) {
    folder /= part;
    if (::mkdir(folder.c_str(), 0700) == 0) {
      INTEGRITY_CHECK(sync_folder(folder.parent_path()));
    } else if (errno != EEXIST) {
      const int why = errno;
      std::error_code ignored;
      // For an existing folder, the error may be EROFS or EACCES instead of EEXIST.
      if (std::filesystem::is_directory(folder, ignored)) continue;
      errno = why;
      return file_error(folder, "cannot create the folder");
    }
  }
  if (!std::filesystem::is_directory(absolute)) {
    return Error{Code::unavailable, absolute.string() + ": is not a folder"};
  }
  return {};
}

Status can_make_folder(const std::filesystem::path& path) {
  auto there = std::filesystem::absolute(path).lexically_normal();
  struct stat state {};
  while (::stat(there.c_str(), &state) != 0) {
    if (errno != ENOENT) return file_error(there, "cannot use the folder");
    there = there.parent_path();
  }
  if (!S_ISDIR(state.st_mode)) return Error{Code::unavailable, there.string() + ": is not a folder"};
  if (::access(there.c_str(), R_OK | W_OK | X_OK) != 0) return file_error(there, "cannot use the folder");
  return {};
}

std::string others_who_may(unsigned may, unsigned mode, gid_t group, const std::vector<gid_t>& own_groups) {
  if ((mode & may) != 0) return "everybody";
  const bool trusted = group == 0 || std::find(own_groups.begin(), own_groups.end(), group) != own_groups.end();
  if ((mode >> 3 & may) == 0 || trusted) return {};
  return "group " + std::to_string(group);
}

Status expect_only_ours(const std::filesystem::path& folder) {
  struct stat state {};
  if (::stat(folder.c_str(), &state) != 0) return file_error(folder, "cannot read its mode");
  const std::string who = others_who_may(02, state.st_mode, state.st_gid, own_groups());
  if (who.empty()) return {};
  return Error{Code::unavailable, folder.string() + ": " + who +
                                      " can write to it, and could replace what is in it; chmod 700, or name another"
                                      " folder"};
}

Status tighten(int fd, unsigned mode, unsigned must_not, const std::filesystem::path& path) {
  struct stat state {};
  if (::fstat(fd, &state) != 0) return file_error(path, "cannot read its mode");
  if ((state.st_mode & 07777 & ~mode) == 0) return {};
  if (::fchmod(fd, state.st_mode & mode) == 0) {
    log::event("file.tightened", {{"path", path.string()}});
    return {};
  }
  if (errno != EPERM && errno != EROFS) return file_error(path, "cannot change its mode");
  struct statvfs system {};
  if (::fstatvfs(fd, &system) == 0 && (system.f_flag & ST_RDONLY) != 0) must_not &= ~02U;
  const std::string who = others_who_may(must_not, state.st_mode, state.st_gid, own_groups());
  if (who.empty()) return {};
  return Error{Code::unavailable, path.string() + ": " + who + " can " + (must_not == 02 ? "write to it" : "read it") +
                                      ", and this process cannot change its mode; a secret that belongs to root may be "
                                      "0400, or 0440 with a group of this process"};
}

Status create_secret_file(const std::filesystem::path& path, const Secret& content) {
  INTEGRITY_TRY(NewFile file, NewFile::create(path));
  INTEGRITY_CHECK(write_all(file.file().get(), content.reveal_text(), path));
  return file.publish();
}

Result<Secret> read_secret_file(const std::filesystem::path& path) {
  INTEGRITY_TRY(const Fd fd, open_regular_file(path));
  INTEGRITY_CHECK(tighten(fd.get(), 0600, 04, path));
  return read_whole(fd, kSecretBytesMax, path);
}

Result<Secret> read_secret_as_it_is(const std::filesystem::path& path) {
  INTEGRITY_TRY(const Fd fd, open_regular_file(path));
  return read_whole(fd, kSecretBytesMax, path);
}

Result<Secret> read_whole(const Fd& fd, std::size_t size_max, const std::filesystem::path& path) {
  Bytes bytes(size_max + 1);
  std::size_t size = 0;
  for (;;) {
    const auto got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(path, "cannot read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > size_max) {
    wipe(bytes);
    return Error{Code::unavailable, path.string() + ": is too large: more than " + std::to_string(size_max / 1024) +
                                        " KiB; name the right file"};
  }
  Secret content(ByteView(bytes).first(size).empty() ? std::string_view() : as_text(ByteView(bytes).first(size)));
  wipe(bytes);
  return content;
}

}  // namespace integrity::app
