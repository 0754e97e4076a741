#include "app/backup_command.hpp"

#include <sys/stat.h>

#include <chrono>
#include <iostream>

#include "app/data_folder.hpp"
#include "app/host.hpp"
#include "app/host_call.hpp"
#include "app/progress_line.hpp"
#include "schema/object.hpp"

namespace integrity::app {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTellPause{100};
constexpr std::chrono::minutes kSilenceMax{10};  // a slow disk may take long to sync what it was given

struct BackupView {
  std::string path, bytes, last_change, taken_at, sha256;
};
auto fields(const BackupView*) {
  const schema::Opaque any{.max = 4096};
  return std::tuple{
      schema::required("path", &BackupView::path, any), schema::required("bytes", &BackupView::bytes, any),
      schema::required("last_change", &BackupView::last_change, any),
      schema::required("taken_at", &BackupView::taken_at, any), schema::required("sha256", &BackupView::sha256, any)};
}

struct Step {
  std::string text;
};
auto fields(const Step*) {
  return std::tuple{schema::required("text", &Step::text, schema::Opaque{})};
}

template <class T>
std::string json_of(const T& object) {
  std::string out;
  schema::write(out, object);
  return out;
}

BackupView view_of(const Backup& backup) {
  return {backup.path, std::to_string(backup.bytes), std::to_string(backup.last_change), to_rfc3339(backup.taken_at),
          backup.sha256};
}

// The server writes the file, so the place must be one that its user may write to.
Error of_the_server(Error error) {
  for (const char* why : {"Permission denied", "Read-only file system", "No such file or directory"}) {
    if (error.detail.find(why) == std::string::npos) continue;
    error.detail +=
        ". The running server writes it, as its user: name a folder that the server may write to, or stop it";
    break;
  }
  return error;
}

// A service may have a /tmp of its own, and so may a container.
Status expect_to_see(const std::filesystem::path& file, const BackupView& made) {
  struct stat state {};
  if (::lstat(file.c_str(), &state) == 0 && std::to_string(state.st_size) == made.bytes) return {};
  return Error{Code::unavailable,
               file.string() +
                   ": the server wrote it into a folder that this command does not see (its own /tmp): name a folder"
                   " that both see"};
}

Result<BackupView> backup(const Config& config, const std::filesystem::path& file) {
  ProgressLine line;
  if (config.mongo_uri.empty()) {
    const auto show = [&](std::string_view object) {
      if (const auto told = json::parse(object)) line.show(text_in(*told, "text"));
      return true;
    };
    const auto reply = control_call(DataFolder::control_in(config.data),
                                    request_for("backup", {{"file", file.string()}}), show, kSilenceMax);
    if (reply) {
      const auto made = ok_of(*reply);
      if (!made) return of_the_server(made.error());
      INTEGRITY_TRY(auto view, schema::read<BackupView>(*made));
      INTEGRITY_CHECK(expect_to_see(file, view));
      return view;
    }
  }
  const SystemClock clock;
  INTEGRITY_TRY(NewFile place, place_for_backup(config, file));
  INTEGRITY_TRY(const auto made, make_backup(
                                     config, file, place, clock,
                                     [&](std::string_view what, auto done, auto of) {
                                       line.show(progress_text(what, done, of));
                                       return true;
                                     },
                                     false));
  return view_of(made);
}

}  // namespace

Watch watch_of(const Progress& progress) {
  return [&progress, next = steady_clock::time_point()](std::string_view what, std::uint64_t done,
                                                        std::uint64_t of) mutable {
    const auto now = steady_clock::now();
    if (now < next || !progress) return true;
    next = now + kTellPause;
    return progress(json_of(Step{progress_text(what, done, of)}));
  };
}

std::string written(const Backup& backup) {
  return json_of(view_of(backup));
}

Status backup_command(const CommandLine& line, const Config& config) {
  std::error_code error;
  const auto file = std::filesystem::absolute(line.name, error);
  if (error) return Error{Code::invalid_value, line.name + ": " + error.message()};
  INTEGRITY_CHECK(expect_database(config));
  INTEGRITY_TRY(const auto made, backup(config, file));
  std::cout << "backup: " << made.path << "\nbytes: " << made.bytes << "\nlast change: " << made.last_change
            << "\ntaken at: " << made.taken_at << "\nsha256: " << made.sha256 << std::endl;
  return {};
}

}  // namespace integrity::app
