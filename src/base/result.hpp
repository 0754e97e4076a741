// Result<T>: a value, or the Error that says why there is none. For mistakes that users can make. A failure of the
// system (no store, no memory) is an exception, caught once in the pipeline.
//
//   Result<Product> made = store.write(…);
//   INTEGRITY_TRY(auto product, current(tx, id));   // returns the error from the enclosing function
//
// The shape is std::expected's, so that C++23 makes this an alias. Unlike tl::expected it must not be ignored.
#pragma once
#include <tl/expected.hpp>
#include <utility>

#include "base/error.hpp"

namespace integrity {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT: return an Error
};

using Status = Result<void>;

#define INTEGRITY_CAT2(a, b) a##b
#define INTEGRITY_CAT(a, b) INTEGRITY_CAT2(a, b)
#define INTEGRITY_TRY(decl, ...) INTEGRITY_TRY_AS(INTEGRITY_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define INTEGRITY_TRY_AS(name, decl, ...)                \
  auto name = (__VA_ARGS__);                             \
  if (!name.has_value()) return std::move(name).error(); \
  decl = std::move(*name)
#define INTEGRITY_CHECK(...)                                                                \
  do {                                                                                      \
    if (auto check_ = (__VA_ARGS__); !check_.has_value()) return std::move(check_).error(); \
  } while (false)

}  // namespace integrity
