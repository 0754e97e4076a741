// While one of these lives, `operator new` of its thread throws std::bad_alloc. malloc works: so do C libraries.
#pragma once

namespace integrity::test {

class NoMemory {
 public:
  NoMemory() { ++alive; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory() { --alive; }

  static inline thread_local int alive = 0;
};

}  // namespace integrity::test
