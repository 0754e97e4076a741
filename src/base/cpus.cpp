#include "base/cpus.hpp"

#include <sched.h>

#include <algorithm>

namespace integrity {

std::size_t cpus_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
}

}  // namespace integrity
