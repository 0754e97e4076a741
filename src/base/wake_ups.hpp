// Wake-ups of other threads, put off until the calling thread has finished the work at hand. On a busy core a thread that
// is woken often runs at once instead of the thread that woke it. Without this the writer was interrupted after each of
// the 256 requests that it had committed together, and the first request of many woke the writer for a group of one.
//
//   {
//     const WakeUps::Batch batch;            // on this thread
//     for (auto& job : jobs) job->done(…);   // below: WakeUps::at_end([this] { condition_.notify_one(); });
//   }                                        // the wake-ups run here
//
// A thread with an open batch must not wait for a thread that it has woken: the wake-up comes only afterwards.
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <utility>

namespace integrity {

class WakeUps {
 public:
  using Function = std::function<void()>;  // must not throw; what it captures must live until the end of the batch

  // As long as one lives, the wake-ups of its thread wait. Batches do not nest.
  class Batch {
   public:
    Batch() { current_ = this; }
    ~Batch() {
      current_ = nullptr;
      for (std::size_t i = 0; i < count_; ++i) waiting_[i]();
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    friend WakeUps;
    std::array<Function, 16> waiting_;  // a thread wakes few others: each event loop, and the writer
    std::size_t count_ = 0;
  };

  // At the end of this thread's batch; at once where there is none, or no room in it.
  static void at_end(Function wake) {
    if (current_ == nullptr || current_->count_ == current_->waiting_.size()) return wake();
    current_->waiting_[current_->count_++] = std::move(wake);
  }

 private:
  static inline thread_local Batch* current_ = nullptr;
};

}  // namespace integrity
