#include "app/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace integrity::app {
namespace {

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator each("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<std::uint64_t>(std::distance(each, {})) - 1;  // the iterator has one open itself
}

// proc(5): "starttime" is the 22nd field of stat, in ticks after the boot. The second, the name, may have blanks.
std::uint64_t started_at() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  std::uint64_t ticks = 0;
  if (!(fields >> ticks)) return 0;
  std::ifstream of_system("/proc/stat");
  std::uint64_t booted = 0;
  for (std::string word; of_system >> word;) {
    if (word == "btime" && of_system >> booted) break;
  }
  return booted + ticks / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
}

std::chrono::nanoseconds time_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

ProcessFigures ProcessFigures::now() {
  static const std::uint64_t started = app::started_at();
  ProcessFigures figures{
      .resident_bytes = app::resident_bytes(), .open_files = app::open_files(), .started_at = started};
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.open_files_max = limit.rlim_cur;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) figures.cpu = time_of(usage.ru_utime) + time_of(usage.ru_stime);
  return figures;
}

}  // namespace integrity::app
