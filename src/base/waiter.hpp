// Somebody who waits for an answer, as far as those who work on it have to know.
#pragma once

namespace integrity {

class Waiter {
 public:
  virtual ~Waiter() = default;
  // Whether the answer cannot arrive any more, asked of the system at this moment. From any thread.
  virtual bool gone() const noexcept = 0;
};

}  // namespace integrity
