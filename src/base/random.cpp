#include "base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

namespace integrity {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  for (std::size_t done = 0; done < out.size();) {
    // 256 bytes at most: then getrandom never returns short and is not interrupted (getrandom(2)).
    const std::size_t part = std::min<std::size_t>(out.size() - done, 256);
    if (::getrandom(out.data() + done, part, 0) != static_cast<ssize_t>(part)) std::abort();
    done += part;
  }
}

}  // namespace integrity
