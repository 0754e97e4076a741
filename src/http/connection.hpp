// One client's connection: reads requests, asks the application, writes replies, keeps the limits.
// Private to this folder; lives on one worker's thread, except that its exchanges may be answered
// from anywhere.
//
//        ┌───────────── keep-alive, pipelined ─────────────┐
//   head ─► body ─► waiting ─► replying ─► (streaming) ────┴─► closing ─► lingering ─► closed
//     └───────┴────── refused ───┘            └─► making: a part, on another thread
//
// Nothing is read while an exchange is open: what a client sends ahead waits in the kernel, so
// memory is bounded and the views of a Request stay valid. Each step goes as far as it can without
// waiting (`advance`); a reply is written at once by a plain non-blocking send, and only what the
// kernel does not take is waited for.
#pragma once
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/asio.hpp"
#include "http/chunked.hpp"
#include "http/head.hpp"
#include "http/worker.hpp"

namespace integrity::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Worker> worker, Socket socket, const Address& peer, bool counted);
  ~Connection();

  void start();
  void turn_away(Error why);      // instead of `start`
  void tell(Word word) noexcept;  // from any thread
  bool gone() noexcept;           // from any thread: whether the client has closed its side, asked of the kernel
  void lose() { lost_ = true; }   // from any thread: what it was to be told could not be, for want of memory
  bool lost() const { return lost_; }
  void give_up() noexcept;  // with an answer that needs no memory, where one can still be given
  void close() noexcept;
  void close_if_idle();
  void on_deadline();
  CoarseClock::time_point deadline() const { return deadline_; }
  const Address& peer() const { return peer_; }
  bool counted() const { return counted_; }  // by the gate
  bool waits_for_request() const { return state_ == State::head && !writing_; }
  bool idle() const { return waits_for_request() && !head_begun_; }
  // In the order in which they are closed where room is needed; what is being answered is not.
  enum class Use : std::uint8_t { idle, head, body_of_stranger, body_of_known, answering };
  Use use();
  bool older_than(const Connection& other) const { return body_begun_ < other.body_begun_; }  // by their bodies
  Worker& worker() { return *worker_; }

  std::size_t place = 0;  // the worker's: where it keeps this connection

 private:
  enum class State : std::uint8_t {
    head,
    body,
    waiting,
    replying,
    streaming,
    making,
    closing,
    lingering,
    closed,
  };
  static constexpr auto never = CoarseClock::time_point::max();
  // An open request keeps this much free behind its head, so that its body can arrive without
  // moving the head, which the application has views of.
  static constexpr std::size_t room_behind_head = 2048;
  static constexpr std::size_t small_body_bytes = 16 * 1024;

  enum class Step : std::uint8_t { went_on, needs_bytes };

  void hear(Word word);
  void advance();
  void go_on();
  Step take_head();
  void begin_request(Head head);
  void admit();
  void go_on_with(Admitted admitted);
  void answer_with(Answered answered);
  void send_part(PartMade made);
  Step take_body();
  Result<bool> append_body();
  Status count_body();
  const Sender& sender();
  void drop_body();
  void serve();
  void fault(PendingExchange& exchange, const std::exception& error);
  void send_reply();
  void stream_part();
  void end_stream();
  void end_reply();
  void refuse(Error error);
  Reply refusal(const Error& error);
  bool skip_arrived_body();
  void set_body_deadline();

  static void shrink(std::string& text);  // empties it, and gives back what is much
  bool flush();
  void linger();
  void read();
  void make_room(std::size_t wanted);
  void on_read(error_code error, std::size_t count);
  void on_written(error_code error, std::size_t count);
  std::string_view arrived() const { return {in_.data() + begin_, end_ - begin_}; }
  void expire_after(std::chrono::milliseconds time) { deadline_ = CoarseClock::now() + time; }

  const std::shared_ptr<Worker> worker_;  // before the socket: it owns the context
  Socket socket_;
  std::mutex socket_mutex_;  // to close the socket, and to ask about it from another thread
  const Address peer_;
  const bool counted_;
  std::atomic<bool> lost_ = false;
  State state_ = State::head;
  CoarseClock::time_point deadline_{};
  bool advancing_ = false;
  bool reading_ = false;
  bool writing_ = false;

  // Input. The head of the open request ends at body_begin_; arrived but unused bytes are [begin_,
  // end_).
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t body_begin_ = 0;

  // The open request.
  HeadScan scan_;
  bool head_begun_ = false;
  bool head_only_ = false;
  Framing framing_;
  bool admitted_ = false;
  std::optional<std::uint64_t> body_length_;  // nothing for a chunked body
  bool body_unread_ = false;                  // the next bytes are no request: the connection has to end
  std::string request_id_;
  std::shared_ptr<PendingExchange> exchange_;  // only until it is handed to the application
  ChunkedDecoder chunks_;
  std::string body_;
  std::size_t body_bytes_max_ = 0;
  std::size_t body_received_ = 0;
  std::optional<Sender> sender_;  // whose the body is, once that was asked,
  std::size_t body_counted_ = 0;  // and how much was taken of the memory for such bodies
  CoarseClock::time_point body_begun_{};

  // Output.
  std::optional<Reply> reply_;
  Headers carried_;
  BodySource stream_;
  std::function<void(std::function<void()> job)> stream_on_;
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t lingered_ = 0;
};

}  // namespace integrity::http
