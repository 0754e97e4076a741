#pragma once
#include <cstddef>

namespace integrity {

// How many this process may run on, which may be fewer than the machine has (taskset, a container's set).
std::size_t cpus_allowed();

}  // namespace integrity
