#include "http/connection.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "http/ascii.hpp"
#include "http/body_cut.hpp"
#include "http/exchange.hpp"
#include "http/render.hpp"

namespace integrity::http {
namespace {

// Pipelined replies are collected up to this size before they are written.
constexpr std::size_t output_bytes_max = 64 * 1024;

// Appends the next part of `source` as one chunk. The size is filled in afterwards, so that nothing is copied.
bool append_chunk(std::string& out, const BodySource& source) {
  static constexpr std::string_view kSize = "00000000\r\n";
  const auto begin = out.size();
  out += kSize;
  const bool more = source(out);
  std::array<char, 8> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), out.size() - begin - kSize.size(), 16).ptr;
  const auto digits = static_cast<std::size_t>(end - size.data());
  out.replace(begin + size.size() - digits, digits, size.data(), digits);
  if (out.size() == begin + kSize.size()) {  // an empty chunk would be the last one
    out.resize(begin);
  } else {
    out += "\r\n";
  }
  return more;
}

// A part that is made on another thread. The connection is notified even if the job is dropped.
class PendingPart {
 public:
  PendingPart(std::shared_ptr<Connection> connection, BodySource source, bool bare)
      : connection_(std::move(connection)), source_(std::move(source)), bare_(bare) {}
  PendingPart(const PendingPart&) = delete;
  PendingPart& operator=(const PendingPart&) = delete;
  ~PendingPart() { connection_->notify(std::move(made_)); }

  void make() {
    try {
      made_.more = bare_ ? source_(made_.part) : append_chunk(made_.part, source_);
      made_.source = std::move(source_);
      made_.made = true;
    } catch (const BodyCut&) {
    } catch (const std::exception& error) {
      log::fault(error.what());
    }
  }

 private:
  std::shared_ptr<Connection> connection_;
  BodySource source_;
  const bool bare_;
  PartMade made_;
};

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, Socket socket, const Address& peer, bool counted)
    : worker_(std::move(worker)),
      transport_(std::move(socket), worker_->tls()),
      peer_(peer),
      counted_(counted),
      turn_(worker_->next_turn()) {}

Connection::~Connection() {
  drop_body();
}

void Connection::start() {
  transport_.greets() ? greet() : begin();
}

void Connection::greet() {
  state_ = State::greeting;
  expire_after(worker_->limits().handshake_time_max);
  transport_.async_greet([self = shared_from_this()](Transport::Greeting greeting) {
    if (self->state_ != State::greeting) return;
    self->state_ = State::head;
    switch (greeting) {
      case Transport::Greeting::done:
        return self->begin();
      case Transport::Greeting::plain:
        self->refuse({Code::bad_request, "this port speaks HTTPS, not plain HTTP: the address begins with https://"});
        return self->advance();
      case Transport::Greeting::refused:
        self->state_ = State::closing;
        return self->advance();
      case Transport::Greeting::failed:
        return self->close();
    }
  });
}

// A refusal is written before anything is read; what the client sends meanwhile is read and discarded.
void Connection::begin() {
  expire_after(worker_->limits().header_time_max);
  if (!counted_) refuse(overloaded());
  advance();
}

void Connection::advance() {
  if (advancing_) return;
  advancing_ = true;
  try {
    go_on();
  } catch (const BodyCut&) {
    close();
  } catch (const std::exception& error) {
    log::fault(error.what(), request_id_);
    give_up();
  }
  advancing_ = false;
}

void Connection::go_on() {
  while (!writing_) {
    switch (state_) {
      case State::head:
        if (waits_for_turn_) return;
        if (take_head() == Step::went_on) break;
        if (flush()) read();
        return;
      case State::body:
        if (take_body() == Step::went_on) break;
        if (flush()) read();
        return;
      case State::waiting:
        if (flush()) deadline_ = never;
        return;
      case State::replying:
        send_reply();
        if (out_.size() >= output_bytes_max && !flush()) return;
        break;
      case State::streaming:
        if (stream_on_ && !flush()) return;
        stream_part();
        if (!flush()) return;
        if (state_ != State::streaming) break;
        // A long body for a fast reader takes turns with the requests of other connections.
        asio::post(transport_.executor(), [self = shared_from_this()] { self->advance(); });
        return;
      case State::making:
        if (flush()) deadline_ = never;
        return;
      case State::closing:
        if (flush()) linger();
        return;
      case State::greeting:
      case State::lingering:
      case State::closed:
        return;
    }
  }
}

// ---- Reading a request

Connection::Step Connection::take_head() {
  // Empty lines before a request are ignored (RFC 9112 §2.2), and do not extend the time limit.
  if (!head_begun_ && arrived().starts_with("\r\n")) begin_ += 2;
  if (arrived().empty() || (!head_begun_ && arrived() == "\r")) return Step::needs_bytes;
  if (!head_begun_) {
    head_begun_ = true;
    expire_after(worker_->limits().header_time_max);
  }
  const auto found = scan_.search(arrived());
  const auto size = found == HeadScan::Found::complete ? scan_.size() : arrived().size();
  if (size > worker_->limits().header_bytes_max) {
    refuse({Code::headers_too_large, "request line and headers are larger than this server reads"});
    return Step::went_on;
  }
  // A TLS greeting, for example, may never bring the end of a line, so the first byte decides.
  const bool http = token_characters[static_cast<unsigned char>(arrived().front())];
  if (found == HeadScan::Found::broken || !http) {
    refuse({Code::bad_request, "this is not HTTP/1.1: lines end in CRLF"});
    return Step::went_on;
  }
  if (found == HeadScan::Found::more) return Step::needs_bytes;
  make_room(size + room_after_head);
  auto head = parse_head(arrived().substr(0, size), worker_->limits().header_fields_max);
  begin_ += size;
  if (head.has_value()) {
    begin_request(std::move(*head));
  } else {
    refuse(std::move(head).error());
  }
  return Step::went_on;
}

void Connection::begin_request(Head head) {
  body_begin_ = begin_;
  framing_ = head.framing;
  head_only_ = head.request.method == Method::head;
  request_id_ = worker_->next_request_id();
  head.request.peer = peer_;
  head.request.request_id = request_id_;
  head.request.begun = head_came_ = arrival();
  method_ = head.request.method;
  body_length_ = framing_.chunked ? std::nullopt : std::optional(head.request.content_length.value_or(0));
  exchange_ = std::make_shared<PendingExchange>(shared_from_this(), std::move(head.request));
  admit();
}

// When the bytes that were read last had arrived. The kernel is asked only where that can differ from now.
std::chrono::steady_clock::time_point Connection::arrival() {
  const auto now = std::chrono::steady_clock::now();
  if (!worker_->was_held()) return now;
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool told = ::getsockopt(transport_.descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  return told ? now - std::chrono::milliseconds(info.tcpi_last_data_recv) : now;
}

void Connection::admit() {
  state_ = State::waiting;
  admitted_ = false;
  const auto exchange = std::move(exchange_);
  try {
    worker_->application().admit(exchange);
  } catch (const std::exception& error) {
    fault(*exchange, error);
  }
}

void Connection::on_admitted(Admitted admitted) {
  if (state_ != State::waiting) return;  // the client is gone, or has its reply
  admitted_ = true;
  exchange_ = std::move(admitted.exchange);
  body_bytes_max_ = admitted.body_bytes_max;
  if (!exchange_->request().has_body) return serve();
  if (body_length_.value_or(0) > body_bytes_max_) {
    return refuse({Code::payload_too_large, "the body is larger than this address takes"});
  }
  state_ = State::body;
  chunks_ = {};
  body_received_ = 0;
  body_begun_ = CoarseClock::now();
  turn_ = worker_->next_turn();
  set_body_deadline();
  if (framing_.expects_continue && arrived().empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

// If the whole refused body has arrived, it is skipped, and the connection stays open.
bool Connection::skip_arrived_body() {
  if (!body_length_ || *body_length_ > arrived().size()) return false;
  begin_ += *body_length_;
  return true;
}

Connection::Step Connection::take_body() {
  const Request& request = exchange_->request();
  // Nearly always the whole body came with its head; then it is not copied.
  if (!framing_.chunked && body_.empty() && arrived().size() >= *request.content_length) {
    exchange_->edit().body = arrived().substr(0, *request.content_length);
    begin_ += *request.content_length;
    serve();
    return Step::went_on;
  }
  body_received_ += arrived().size();
  const auto complete = append_body();
  if (!complete.has_value()) {
    refuse(complete.error());
    return Step::went_on;
  }
  if (begin_ == end_) begin_ = end_ = body_begin_;
  if (!*complete) {
    set_body_deadline();
    return Step::needs_bytes;
  }
  exchange_->edit().body = body_;
  exchange_->edit().begun = arrival();
  serve();
  return Step::went_on;
}

Result<bool> Connection::append_body() {
  if (framing_.chunked) {
    INTEGRITY_TRY(const auto used, chunks_.feed(arrived(), body_, body_bytes_max_));
    begin_ += used;
    INTEGRITY_CHECK(count_body());
    return chunks_.done();
  }
  const auto length = *exchange_->request().content_length;
  const auto part = arrived().substr(0, length - body_.size());
  body_ += part;
  begin_ += part.size();
  INTEGRITY_CHECK(count_body());
  return body_.size() == length;
}

Status Connection::count_body() {
  if (body_.size() <= small_body_bytes + body_counted_) return {};
  const auto more = body_.size() - small_body_bytes - body_counted_;
  INTEGRITY_CHECK(worker_->bodies().take(sender(), more));
  body_counted_ += more;
  return {};
}

const Sender& Connection::sender() {
  if (!sender_) sender_ = worker_->application().sender(*exchange_);
  return *sender_;
}

void Connection::drop_body() {
  shrink(body_);
  if (!sender_) return;
  worker_->bodies().give_back(*sender_, body_counted_);
  body_counted_ = 0;
  sender_.reset();
}

// A body may neither stop for longer than `body_idle_max` nor be slower on average than `body_bytes_per_second_min`.
void Connection::set_body_deadline() {
  const auto& limits = worker_->limits();
  const auto earned = std::chrono::milliseconds(body_received_ * 1000 / limits.body_bytes_per_second_min);
  deadline_ = std::min(CoarseClock::now(), body_begun_ + earned) + limits.body_idle_max;
}

// ---- Answering

void Connection::serve() {
  state_ = State::waiting;
  deadline_ = never;
  const auto exchange = std::move(exchange_);
  try {
    worker_->application().serve(exchange);
  } catch (const std::exception& error) {
    fault(*exchange, error);
  }
}

// The application threw: this request gets 500, others are not affected.
void Connection::fault(PendingExchange& exchange, const std::exception& error) {
  log::fault(error.what(), request_id_);
  if (state_ == State::waiting && exchange.withdraw()) {
    on_event(Answered{{}, std::move(exchange.headers), exchange.operation});
  }
}

void Connection::notify(Event event) noexcept try {
  if (Worker::current() == worker_.get()) {
    on_event(std::move(event));
  } else {
    worker_->submit({shared_from_this(), std::move(event)});
  }
} catch (const std::exception& error) {
  log::fault(error.what());
  lose();  // not `give_up`: `advance` may be running
}

void Connection::on_event(Event event) {
  if (auto* admitted = std::get_if<Admitted>(&event)) {
    on_admitted(std::move(*admitted));
  } else if (auto* answered = std::get_if<Answered>(&event)) {
    on_answered(std::move(*answered));
  } else {
    on_part(std::get<PartMade>(std::move(event)));
  }
  advance();
}

void Connection::on_answered(Answered answered) {
  if (state_ != State::waiting) return;  // the client is gone
  if (!admitted_) body_unread_ = !skip_arrived_body();
  if (!answered.reply) answered.reply = refusal({Code::internal, "the request was not answered"});
  reply_ = std::move(answered.reply);
  carried_ = std::move(answered.carried);
  operation_ = answered.operation;
  state_ = State::replying;
}

void Connection::refuse(Error error) {
  carried_.clear();
  if (exchange_ && exchange_->withdraw()) carried_ = std::move(exchange_->headers);
  operation_ = exchange_ ? exchange_->operation : 0;
  if (!exchange_) {  // the head could not be parsed: there is no request
    method_ = Method::other;
    head_came_ = std::chrono::steady_clock::now();
    request_id_ = worker_->next_request_id();
    framing_ = {};
    head_only_ = false;
  }
  exchange_.reset();
  reply_ = refusal(error);
  body_unread_ = true;
  state_ = State::replying;
}

Reply Connection::refusal(const Error& error) {
  try {
    return worker_->application().refuse(error, request_id_);
  } catch (const std::exception& fault) {
    log::fault(fault.what(), request_id_);
    Reply reply;
    reply.status = 500;
    reply.close = true;
    return reply;
  }
}

void Connection::send_reply() {
  Reply reply = std::move(*reply_);
  reply_.reset();
  std::move(carried_.begin(), carried_.end(), std::back_inserter(reply.headers));
  carried_.clear();
  worker_->traffic().add_request(operation_, method_, reply.status, reply.problem,
                                 std::chrono::steady_clock::now() - head_came_);
  const bool content = has_content(reply.status) && !head_only_;
  const bool unknown_length = reply.stream && framing_.http_1_0;
  const bool keep_alive =
      framing_.keep_alive && !reply.close && !body_unread_ && !unknown_length && !worker_->stopping();
  framing_.keep_alive = keep_alive;
  render_head(out_, reply,
              {.date = worker_->date(),
               .request_id = request_id_,
               .http_1_0 = framing_.http_1_0,
               .keep_alive = keep_alive,
               .of_transport = transport_.header()});
  if (content && reply.stream) {
    stream_ = std::move(reply.stream);
    stream_on_ = std::move(reply.stream_on);
    state_ = State::streaming;
    return;
  }
  if (content) out_ += reply.body;
  end_reply();
}

void Connection::stream_part() {
  if (stream_on_) {
    state_ = State::making;
    const auto part = std::make_shared<PendingPart>(shared_from_this(), std::exchange(stream_, {}), framing_.http_1_0);
    return stream_on_([part] { part->make(); });
  }
  expire_after(worker_->limits().write_stall_max);
  // If it throws, the connection ends without the last chunk, so the client sees that the body is incomplete.
  if (framing_.http_1_0 ? stream_(out_) : append_chunk(out_, stream_)) return;
  end_stream();
}

void Connection::on_part(PartMade made) {
  if (state_ != State::making) return;  // the client is gone
  if (!made.made) return close();
  out_ += made.part;
  stream_ = std::move(made.source);
  state_ = State::streaming;
  if (!made.more) end_stream();
}

void Connection::end_stream() {
  if (!framing_.http_1_0) out_ += "0\r\n\r\n";
  stream_ = {};
  stream_on_ = {};
  end_reply();
}

void Connection::end_reply() {
  drop_body();
  if (!framing_.keep_alive) {
    state_ = State::closing;
    return;
  }
  state_ = State::head;
  scan_ = {};
  head_begun_ = false;
  turn_ = worker_->next_turn();
  expire_after(worker_->limits().keep_alive_max);
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else {
    wait_for_turn();
  }
}

// Of pipelined requests one is served in each turn: a client that sends a hundred at once must not stop the others for
// as long as all of them take.
void Connection::wait_for_turn() {
  waits_for_turn_ = true;
  asio::post(transport_.executor(), [self = shared_from_this()] {
    self->waits_for_turn_ = false;
    self->advance();
    if (self->worker_->stopping()) self->close_if_idle();  // it was no request, only an empty line
  });
}

}  // namespace integrity::http
