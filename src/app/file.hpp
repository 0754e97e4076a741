// Folders and small secret files: what std::filesystem does not offer, such as modes and durability.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/file_error.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace integrity::app {

// Makes the folder, 0700, and its parents. A folder that exists is left as it is.
Status make_folder(const std::filesystem::path& path);

// Whether making the folder and files in it would succeed, as far as that can be known without making any.
Status can_make_folder(const std::filesystem::path& path);

// Who besides the owner and root has access to a file; empty: nobody. `may` is the access in question, as bits of
// "others": 04 to read, 02 to write. A group is trusted if it is root's or one of this process's: this is how
// Kubernetes (0440, root and fsGroup) and systemd (LoadCredential) give a secret to a service.
std::string others_who_may(unsigned may, unsigned mode, gid_t group, const std::vector<gid_t>& own_groups);

// Error: others may write to the folder, and could replace what is in it.
Status expect_only_ours(const std::filesystem::path& folder);

// Reduces the mode to at most `mode`, and logs it if that was needed. If the mode cannot be changed (a mounted secret
// is read-only and belongs to root), this is an error if others really have the access in `must_not`: 04 to read, 02 to
// write. Nobody can write to a file system that is mounted read-only.
Status tighten(int fd, unsigned mode, unsigned must_not, const std::filesystem::path& path);

// The file appears complete or not at all, with mode 0600, and is on disk when this returns. An existing file is never
// replaced.
Status create_secret_file(const std::filesystem::path& path, const Secret& content);
// Error: it has more than `size_max` bytes. `path` is for the error.
Result<Secret> read_whole(const Fd& fd, std::size_t size_max, const std::filesystem::path& path);
// Error: more than 64 KiB. Tightened to 0600, or refused where others can read it. Symbolic links are followed.
Result<Secret> read_secret_file(const std::filesystem::path& path);
// The same, whatever its mode is, which is left alone.
Result<Secret> read_secret_as_it_is(const std::filesystem::path& path);

}  // namespace integrity::app
