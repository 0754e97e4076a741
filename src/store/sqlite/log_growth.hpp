// How the log of a database grows while a reader of one state keeps it from starting over.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace integrity::store::sqlite {

inline constexpr std::uint64_t log_growth_max = std::uint64_t{4} << 30;  // then the reader gives up

class LogGrowth {
 public:
  explicit LogGrowth(const std::filesystem::path& file) : log_(file.string() + "-wal"), before_(size()) {}
  std::uint64_t bytes() const {
    const auto now = size();
    return now > before_ ? now - before_ : 0;
  }

 private:
  std::uint64_t size() const {
    std::error_code error;
    const auto size = std::filesystem::file_size(log_, error);
    return error ? 0 : size;
  }

  const std::filesystem::path log_;
  const std::uint64_t before_;
};

}  // namespace integrity::store::sqlite
