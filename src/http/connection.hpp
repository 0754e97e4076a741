// One client's connection: reads requests, hands them to the Application, writes the replies, enforces the limits.
// Private to this folder. It is a state machine that runs on the thread of one worker:
//
//    ┌────────────────────── keep-alive ──────────────────┐
//    ▼                                                    │
//   head ─► waiting ─► body ─► waiting ─► replying ─► (streaming ◄─► making) ─► closing ─► lingering ─► closed
//           (admit)            (serve)
//
//   greeting   with TLS only, before `head`: the handshake.
//   head       reads the head of a request.
//   waiting    the application has the exchange: first to `admit` its head, then to `serve` the whole request. The first
//              step may end with a reply; a request without a body skips `body`.
//   body       reads the body of an admitted request.
//   replying   writes the head of the reply, and its body if that is in memory.
//   streaming  writes a body that comes in parts (`BodySource`); one part is in memory at a time.
//   making     the next part is made on another thread (`Reply::stream_on`).
//   closing    writes what is left, and then ends its side of the connection.
//   lingering  discards what the client still sends, so that the client can read the reply (RFC 9112 §9.6).
//   closed     the worker has dropped the connection.
//
// What the server refuses itself (`refuse`) goes from `head`, `waiting` or `body` to `replying`.
//
// `advance` runs from state to state until something has to be waited for: bytes, the socket's buffer, the application.
// Pipelined requests take turns with the other connections of the worker.
// A reply is written by a non-blocking send; only bytes that the kernel does not take at once are waited for.
//
// While an exchange is open, nothing is read: pipelined requests wait in the kernel. That limits the memory, and keeps
// the views of the Request valid.
//
// The application replies from any thread: `notify` brings the event to the worker's thread. If there is no memory for
// that, the connection is marked (`lose`), and the worker's tick ends it with a reply that needs none.
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
#include "http/transport.hpp"
#include "http/worker.hpp"

namespace integrity::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Worker> worker, Socket socket, const Address& peer, bool counted);
  ~Connection();

  void start();                       // one that is not `counted` is told that there are too many, and ended
  void notify(Event event) noexcept;  // from any thread
  bool gone() noexcept;               // from any thread: true if the client has closed its side, says the kernel
  void lose() { lost_ = true; }       // from any thread: an event could not be delivered, for want of memory
  bool lost() const { return lost_; }
  void give_up() noexcept;  // closes; before that sends a 503 that needs no memory, if a reply is still due
  void close() noexcept;
  void close_if_idle();
  void trim();  // while idle: frees buffers that are larger than most requests need
  void on_deadline();
  CoarseClock::time_point deadline() const { return deadline_; }
  const Address& peer() const { return peer_; }
  bool counted() const { return counted_; }  // by the gate
  bool waits_for_request() const { return state_ == State::head && !writing_ && !waits_for_turn_; }
  bool idle() const { return waits_for_request() && !head_begun_; }
  // In the order in which they are closed where room is needed; what is being answered is not. `not_reading`: the client
  // has taken nothing of its response for a second.
  enum class Use : std::uint8_t { idle, head, not_reading, body_of_stranger, body_of_known, answering };
  Use use();
  bool older_than(const Connection& other) const { return turn_ < other.turn_; }  // for a request or its body
  Worker& worker() { return *worker_; }

  std::size_t index = 0;  // used by the worker: its position there

 private:
  enum class State : std::uint8_t {
    greeting,
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
  // Bytes kept free after the head of an open request, so that its body can arrive without moving the head, of which
  // the application has views.
  static constexpr std::size_t room_after_head = 2048;
  static constexpr std::size_t small_body_bytes = 16 * 1024;
  static constexpr std::chrono::seconds not_reading_after{1};

  enum class Step : std::uint8_t { went_on, needs_bytes };

  void greet();
  void begin();
  void on_event(Event event);
  void advance();
  void go_on();
  Step take_head();
  void begin_request(Head head);
  std::chrono::steady_clock::time_point arrival();
  void admit();
  void on_admitted(Admitted admitted);
  void on_answered(Answered answered);
  void on_part(PartMade made);
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
  void wait_for_turn();
  void refuse(Error error);
  Reply refusal(const Error& error);
  bool skip_arrived_body();
  void set_body_deadline();

  static void shrink(std::string& text);  // empties it, and frees a large buffer
  bool flush();
  void linger();
  void read();
  void make_room(std::size_t wanted);
  void on_read(error_code error, std::size_t count);
  void on_written(error_code error, std::size_t count);
  std::string_view arrived() const { return {in_.data() + begin_, end_ - begin_}; }
  void expire_after(std::chrono::milliseconds time) { deadline_ = CoarseClock::now() + time; }

  const std::shared_ptr<Worker> worker_;  // before the transport: it owns the context
  Transport transport_;
  std::mutex transport_mutex_;  // for closing it, and for `gone`
  const Address peer_;
  const bool counted_;
  std::atomic<bool> lost_ = false;
  State state_ = State::head;
  CoarseClock::time_point deadline_{};
  bool advancing_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool waits_for_turn_ = false;  // to go on with what has arrived already; earlier replies may still be in out_

  // Input. The head of the open request ends at body_begin_; arrived but unused bytes are [begin_, end_).
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
  bool body_unread_ = false;                  // the next bytes are not a request: the connection has to end
  std::string request_id_;
  // For the counts. Where the head could not be read, only the operation 0.
  std::size_t operation_ = 0;
  Method method_ = Method::other;
  std::chrono::steady_clock::time_point head_came_{};
  std::shared_ptr<PendingExchange> exchange_;  // only until it is handed to the application
  ChunkedDecoder chunks_;
  std::string body_;
  std::size_t body_bytes_max_ = 0;
  std::size_t body_received_ = 0;
  std::optional<Sender> sender_;  // set when first needed: who is charged for the body,
  std::size_t body_counted_ = 0;  // and for how many bytes of the memory for large bodies
  CoarseClock::time_point body_begun_{};
  std::uint64_t turn_;  // when it began to wait for a request, or for the body of one

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
