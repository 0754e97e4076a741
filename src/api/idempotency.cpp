#include "api/idempotency.hpp"

#include <algorithm>
#include <stdexcept>

#include "api/operation.hpp"
#include "base/ascii.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "http/idempotency_key.hpp"
#include "model/lifetime.hpp"

namespace integrity::api {
namespace {

constexpr std::string_view kJson = "application/json";

// The headers that are stored with a response. A reply does not own the names of its headers, so they are static text.
constexpr std::array<std::string_view, 2> kStoredHeaders{"Location", "ETag"};

std::string_view static_name(std::string_view name) {
  const auto found = std::find(kStoredHeaders.begin(), kStoredHeaders.end(), name);
  if (found == kStoredHeaders.end()) throw std::logic_error("a stored response has the header " + std::string(name));
  return *found;
}

std::string to_text(const http::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text.append(static_name(name)).append(": ").append(value).append("\r\n");
  return text;
}

http::Headers from_text(std::string_view text) {
  http::Headers headers;
  while (!text.empty()) {
    auto value = take_until(text, '\r');
    const auto name = take_until(value, ':');
    headers.emplace_back(static_name(name), trim(value));
    text.remove_prefix(1);  // the line feed
  }
  return headers;
}

model::StoredResponse to_stored(const http::Reply& reply, const model::Digest& request, Time now) {
  if (reply.stream || reply.content_type != kJson) throw std::logic_error("only a JSON document can be stored");
  return {.request = request,
          .status = reply.status,
          .headers = to_text(reply.headers),
          .body = reply.body,
          .expires_at = now + model::stored_response_life};
}

http::Reply replayed(model::StoredResponse stored) {
  http::Reply reply;
  reply.status = stored.status;
  reply.content_type = kJson;
  reply.headers = from_text(stored.headers);
  reply.body = std::move(stored.body);
  reply.with("Idempotency-Replayed", "true");
  return reply;
}

}  // namespace

std::optional<RunningKeys::Claim> RunningKeys::claim(const UserId& user, const model::ResponseKey& key) {
  const Key wanted{user, key};
  const std::lock_guard lock(mutex_);
  if (!keys_.insert(wanted).second) return {};
  return std::optional<Claim>(std::in_place, *this, wanted);
}

void RunningKeys::release(const Key& key) {
  const std::lock_guard lock(mutex_);
  keys_.erase(key);
}

Result<std::optional<std::string>> idempotency_key(const http::Request& request) {
  const auto header = request.header("idempotency-key");
  if (!header) return std::optional<std::string>{};
  if (request.count("idempotency-key") != 1) return Error{Code::bad_request, "send one Idempotency-Key, not several"};
  INTEGRITY_TRY(auto key, http::parse_idempotency_key(*header));
  return std::optional(std::move(key));
}

KeyedRequest keyed(std::string_view operation, const std::vector<std::string>& parameters, const UserId& user,
                   const std::string& key, std::string_view body) {
  KeyedRequest keyed{.user = user, .key = {}, .body = crypto::sha256(as_bytes(body))};
  std::string named;
  const auto add = [&named](std::string_view part) {
    named.append(std::to_string(part.size())).append(":").append(part);
  };
  add(operation);
  for (const auto& parameter : parameters) add(parameter);
  add(key);
  const auto digest = crypto::sha256(as_bytes(named));
  std::copy_n(digest.begin(), keyed.key.size(), keyed.key.begin());
  return keyed;
}

store::WriteFunction<http::Reply> once(const KeyedRequest& request, Time now,
                                       store::WriteFunction<http::Reply> change) {
  return [request, now, change = std::move(change)](store::WriteTx& tx) -> Result<http::Reply> {
    if (auto stored = tx.stored_response(request.user, request.key)) {
      if (stored->request == request.body) return replayed(std::move(*stored));
      return Error{Code::idempotency_key_reused, "another body was sent under this Idempotency-Key; use a new key"};
    }
    // Before the change: an error after a write makes the whole group run again.
    INTEGRITY_CHECK(tx.room_for_response(request.user, stored_responses_max));
    INTEGRITY_TRY(auto reply, change(tx));
    INTEGRITY_CHECK(
        tx.store_response(request.user, request.key, to_stored(reply, request.body, now), stored_responses_max));
    return reply;
  };
}

void write_once(std::shared_ptr<http::Exchange> exchange, const std::string& key,
                store::WriteFunction<http::Reply> change) {
  const Call& call = call_of(*exchange);
  Services& services = call.context.services;
  const auto request = keyed(call.operation.name, call.context.parameters,
                             std::get<auth::Principal>(call.caller).user(), key, call.context.request.body);
  auto claim = services.running_keys.claim(request.user, request.key);
  if (!claim) {
    return respond(*exchange, Error{.code = Code::idempotency_in_progress,
                                    .detail = "the request with this Idempotency-Key is still running",
                                    .retry_after = std::chrono::seconds(1)});
  }
  auto origin = origin_of(exchange);
  auto completion = [exchange = std::move(exchange), claim = std::move(claim)](Result<http::Reply> result) mutable {
    claim.reset();  // before the response, since the client may send the request again as soon as it has it
    guarded(*exchange, [&] {
      if (!result) return respond(*exchange, result.error());
      respond(*exchange, std::move(*result));
    });
  };
  services.store.submit(store::make_job<http::Reply>(
      std::move(origin), once(request, services.clock.now(), std::move(change)), std::move(completion)));
}

void sweep_stored_responses(store::Store& store) {
  constexpr std::size_t kBatch = 500;
  for (bool more = true; more;) {
    const auto removed =
        store.write([](store::WriteTx& tx) -> Result<std::size_t> { return tx.remove_expired_responses(kBatch); });
    if (!removed) log::event("sweep.failed", {{"cause", removed.error().cause}});
    more = removed.has_value() && *removed >= kBatch;
  }
}

}  // namespace integrity::api
