#pragma once
#include <cstddef>

namespace integrity {

// CPUs that this process may use: fewer than the machine has under taskset or in a container with a CPU set.
std::size_t cpus_allowed();

}  // namespace integrity
