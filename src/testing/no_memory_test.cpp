// The `operator new` of all unit tests, which fails where a test wants it to.
#include "testing/no_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>

// Not inlined: GCC would take free() in the one for a mismatch with new in the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = integrity::test::NoMemory::alive > 0 ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace integrity::test {
namespace {

bool makes_a_string() {
  try {
    const std::string text(100, 'x');
    return text.size() == 100;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

TEST(NoMemory, IsOfOneThreadAndEnds) {
  bool here = true, elsewhere = false;
  std::atomic<bool> begin = false;
  std::thread other([&] {
    while (!begin) std::this_thread::yield();
    elsewhere = makes_a_string();
  });
  {
    const NoMemory no_memory;
    here = makes_a_string();
    begin = true;
    other.join();
  }
  EXPECT_FALSE(here);
  EXPECT_TRUE(elsewhere);
  EXPECT_TRUE(makes_a_string());
}

}  // namespace
}  // namespace integrity::test
