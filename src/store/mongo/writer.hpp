// The writer: one thread that runs queued jobs as a group, in one transaction. See README.md.
#pragma once
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "store/mongo/error_map.hpp"
#include "store/mongo/write_tx.hpp"
#include "store/write_queue.hpp"

namespace integrity::store::mongo {

class Writer {
 public:
  struct Options {
    std::size_t queue_max;
    std::chrono::milliseconds time_limit;
    bool run_writes_twice;
  };
  Writer(Pool& pool, const Clock& clock, const model::ProductText& text, Options options, Meters& meters);
  ~Writer();  // after all queued jobs have their answers

  void submit(std::unique_ptr<Job> job) { queue_.submit(std::move(job)); }
  std::size_t waiting() { return queue_.waiting(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // Jobs of the group that are committed together.
  struct Part {
    std::size_t begin, end;
  };
  enum class Outcome : std::uint8_t {
    committed,
    stopped,   // at the job `stopped_at_`, which must leave no trace but has written
    broken,    // by one of the jobs; which one is not known
    too_much,  // for one transaction
    unknown,   // whether it was committed
  };

  enum class Ran : std::uint8_t { stays, left_nothing, to_be_undone };

  void loop();
  void write_group() noexcept;
  void write_parts();
  Outcome write(Part& part, SteadyTime deadline);
  void begin(Part part);
  void rehearse(Part part);
  Outcome attempt(Part& part, SteadyTime deadline);
  Ran run(std::size_t index);
  Outcome commit(std::size_t writes, SteadyTime deadline);
  void back_off(const Trouble& trouble);
  void answer(std::size_t end) noexcept;  // the jobs up to this one, with their own answers
  void fail(std::size_t end, const Error& error) noexcept;
  void give_up(const Error& error) noexcept;  // on all that have no answer

  const Options options_;
  Meters& meters_;
  SystemRandom random_;
  MongoWriteTx tx_;

  // Of the writer's thread.
  WriteQueue::Group group_;
  std::vector<Status> answers_;
  std::size_t answered_ = 0;  // jobs at the beginning of the group
  std::size_t stopped_at_ = 0;

  WriteQueue queue_;
  std::thread thread_;
};

}  // namespace integrity::store::mongo
