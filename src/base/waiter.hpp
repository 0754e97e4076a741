// The client that waits for a response, as the code that works on it sees it.
#pragma once

namespace integrity {

class Waiter {
 public:
  virtual ~Waiter() = default;
  // True if the response can no longer arrive; asks the kernel at each call. Safe from any thread.
  virtual bool gone() const noexcept = 0;
};

}  // namespace integrity
