#include "http/tls.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <mutex>
#include <vector>

#include "base/free_by.hpp"

namespace integrity::http {
namespace {

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Chain = std::vector<Certificate>;
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;

constexpr const char* tls_1_2_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";  // elliptic curves only: TLS 1.3 also has finite fields
constexpr std::string_view protocol = "http/1.1";

// How many records a client may send in a row without data: of its handshake, KeyUpdates, greetings for a renegotiation,
// warnings, empty ones. OpenSSL has no limit; it reads on inside one call for as long as they come. BoringSSL and rustls
// have the same one.
constexpr unsigned records_without_data_max = 32;

constexpr std::chrono::hours ticket_key_used{12};
constexpr std::chrono::hours ticket_key_kept{24};

struct TicketKey {
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, 32> cipher{}, mac{};
  Time made{};
};

// Safe from any thread.
class TicketKeys {
 public:
  TicketKeys(const Clock& clock, Random& random) : clock_(clock), random_(random), current_(fresh()) {
    previous_ = current_;
  }
  ~TicketKeys() {
    wipe(&current_, sizeof current_);
    wipe(&previous_, sizeof previous_);
  }
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  TicketKey to_write() {
    const std::lock_guard lock(mutex_);
    change_if_due();
    return current_;
  }
  // Nothing if the ticket is of another process or too old.
  std::optional<TicketKey> to_read(const std::uint8_t* name, bool& is_current) {
    const std::lock_guard lock(mutex_);
    change_if_due();
    for (const TicketKey* key : {&current_, &previous_}) {
      is_current = key == &current_;
      if (std::equal(key->name.begin(), key->name.end(), name)) return *key;
    }
    return {};
  }

 private:
  TicketKey fresh() {
    TicketKey key;
    random_.fill(key.name);
    random_.fill(key.cipher);
    random_.fill(key.mac);
    key.made = clock_.now();
    return key;
  }
  void change_if_due() {
    const auto age = clock_.now() - current_.made;  // negative if the clock was set back
    if (age >= Millis(0) && age < ticket_key_used) return;
    const auto last = std::exchange(current_, fresh());
    previous_ = age >= Millis(0) && age < ticket_key_kept ? last : current_;
  }

  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  TicketKey current_, previous_;
};

// OpenSSL's callback. Returns 1 if the key is set; 2 if it is, and the client is to get a new ticket, because this one
// was made under the previous key; 0 if the key is unknown; -1 for a failure.
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int writes) noexcept {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  bool is_current = true;
  std::optional<TicketKey> key = writes != 0 ? keys.to_write() : keys.to_read(name, is_current);
  if (!key) return 0;
  if (writes != 0) {
    std::copy(key->name.begin(), key->name.end(), name);
    SystemRandom().fill({iv, static_cast<std::size_t>(EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()))});
  }
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  const bool set = EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
                   EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, writes) == 1;
  wipe(&*key, sizeof *key);
  if (!set) return -1;
  return is_current ? 1 : 2;
}

// `offered`: each name with its length before it (RFC 7301 §3.1).
int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned size, void* /*unused*/) noexcept {
  for (unsigned at = 0; at < size && at + 1 + offered[at] <= size; at += 1 + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != protocol) continue;
    *chosen = offered + at + 1;
    *chosen_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// ---- Reading a certificate and its key

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text != nullptr ? text : "no reason given";
}

Error unfit(const PemFile& file, const std::string& why) {
  ERR_clear_error();
  return {Code::unavailable, file.path + ": " + why};
}

Bio open(const PemFile& file) {
  const auto text = file.content.reveal_text();
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool holds(const PemFile& file, std::string_view label) {
  return file.content.reveal_text().find(label) != std::string_view::npos;
}

Result<Chain> read_chain(const PemFile& file) {
  if (!holds(file, "CERTIFICATE-----")) {
    return unfit(file, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  }
  const Bio bio = open(file);
  Chain chain;
  while (bio) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    chain.push_back(std::move(next));
  }
  if (chain.empty() || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return unfit(file, "certificate " + std::to_string(chain.size() + 1) + " in it is damaged");
  }
  ERR_clear_error();
  return chain;
}

// Called for an encrypted key. Nobody can be asked for the password, so reading the key fails.
int no_password(char* /*text*/, int /*size*/, int /*writes*/, void* asked) noexcept {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<Key> read_key(const PemFile& file) {
  if (!holds(file, "PRIVATE KEY-----")) {
    return unfit(file, "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)");
  }
  const Bio bio = open(file);
  bool asked = false;
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &asked) : nullptr);
  if (key) return key;
  if (asked) {
    return unfit(file, "is encrypted, and nobody can be asked for its password; decrypt it with `openssl pkey -in " +
                           file.path + " -out NEW`, mode 0600");
  }
  return unfit(file, "is damaged, or a kind of key that OpenSSL does not know");
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return Time(std::chrono::seconds(::timegm(&parts)));
}

Status check_time(const PemFile& file, const X509* certificate, Time now) {
  const auto begin = time_of(X509_get0_notBefore(certificate));
  const auto end = time_of(X509_get0_notAfter(certificate));
  if (!begin || !end) return unfit(file, "has a time of validity that cannot be read");
  if (now < *begin) {
    return unfit(file, "is not valid before " + to_rfc3339(*begin) + "; wait, or set this machine's clock");
  }
  if (now >= *end) return unfit(file, "ran out at " + to_rfc3339(*end) + "; put a new certificate there");
  return {};
}

Status check_order(const PemFile& file, const Chain& chain) {
  for (std::size_t i = 1; i < chain.size(); ++i) {
    X509* const issuer = chain[i].get();
    if (X509_NAME_cmp(X509_get_issuer_name(chain[i - 1].get()), X509_get_subject_name(issuer)) == 0 &&
        X509_verify(chain[i - 1].get(), X509_get0_pubkey(issuer)) == 1) {
      continue;
    }
    return unfit(file, "the chain is in the wrong order: certificate " + std::to_string(i + 1) +
                           " in it did not issue the one before; the server's own comes first, then its issuer");
  }
  return {};
}

// Only the last of these calls of OpenSSL can fail for a reason other than a lack of memory.
Result<Context> make_context(const PemFile& certificate_file, const Chain& chain, EVP_PKEY* key, TicketKeys& tickets) {
  Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const made = context.get();
  if (made == nullptr || SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(made, tls_1_2_suites) != 1 || SSL_CTX_set1_groups_list(made, groups) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(made, use_ticket_key) != 1) {
    return Error{Code::unavailable, "TLS cannot be set up: " + reason()};
  }
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                             SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(made, 1);  // one call of the kernel for a record, not two
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(made, static_cast<long>(std::chrono::seconds(ticket_key_kept).count()));
  SSL_CTX_set_app_data(made, &tickets);
  SSL_CTX_set_alpn_select_cb(made, choose_protocol, nullptr);
  STACK_OF(X509)* const others = sk_X509_new_null();
  for (std::size_t i = 1; others != nullptr && i < chain.size(); ++i) sk_X509_push(others, chain[i].get());
  const bool taken = SSL_CTX_use_cert_and_key(made, chain.front().get(), key, others, 1) == 1;
  sk_X509_free(others);
  if (!taken) return unfit(certificate_file, "OpenSSL refuses it: " + reason());
  return context;
}

// ---- One connection

class Session final : public TlsSession {
 public:
  explicit Session(Ssl ssl) : ssl_(std::move(ssl)) {
    SSL_set_msg_callback(ssl_.get(), see);
    SSL_set_msg_callback_arg(ssl_.get(), this);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Outcome shake_hands() override {
    ERR_clear_error();
    const int result = SSL_accept(ssl_.get());
    if (result == 1) records_ = 0;
    return result == 1 ? Outcome::done : outcome(result);
  }
  Moved read(std::span<char> into) override {
    ERR_clear_error();
    Moved moved;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &moved.bytes);
    moved.outcome = result == 1 ? Outcome::done : outcome(result);
    if (result == 1) records_ = 0;
    return moved;
  }
  Moved write(std::string_view bytes) override {
    ERR_clear_error();
    Moved moved;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &moved.bytes);
    moved.outcome = result == 1 ? Outcome::done : outcome(result);
    return moved;
  }
  bool buffered() const override { return SSL_has_pending(ssl_.get()) == 1; }
  void end() noexcept override {
    if (failed_ || SSL_is_init_finished(ssl_.get()) != 1) return;  // OpenSSL forbids it then
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }

 private:
  // OpenSSL's callback, for the header of each record among other things.
  static void see(int writes, int /*version*/, int what, const void* /*bytes*/, std::size_t /*size*/, SSL* /*ssl*/,
                  void* session) noexcept {
    if (writes == 0 && what == SSL3_RT_HEADER) static_cast<Session*>(session)->count_record();
  }
  // Called before OpenSSL decrypts the record: the one after the last that is allowed may be data. Then OpenSSL takes no
  // more records: to it, the client has ended the connection.
  void count_record() {
    if (++records_ <= records_without_data_max + 1) return;
    SSL_set_shutdown(ssl_.get(), SSL_RECEIVED_SHUTDOWN);
    failed_ = true;
  }
  Outcome outcome(int result) {
    if (failed_) return Outcome::failed;
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return Outcome::wants_read;
      case SSL_ERROR_WANT_WRITE:
        return Outcome::wants_write;
      case SSL_ERROR_ZERO_RETURN:
        return Outcome::ended;
      default:
        failed_ = true;
        return Outcome::failed;
    }
  }

  Ssl ssl_;
  unsigned records_ = 0;  // since the handshake, or the last one that was data
  bool failed_ = false;
};

}  // namespace

struct Tls::Impl {
  const Clock& clock;
  const Hsts hsts;
  TicketKeys tickets;
  mutable std::mutex mutex;
  // For new connections. A connection keeps the context that it began with.
  Context context;
  std::optional<Time> not_after;
};

Tls::Tls(const Clock& clock, Random& random, Hsts hsts)
    : impl_(new Impl{
          .clock = clock, .hsts = hsts, .tickets = {clock, random}, .mutex = {}, .context = {}, .not_after = {}}) {}

Tls::~Tls() = default;

Status Tls::use(const PemFile& certificate, const PemFile& key) {
  INTEGRITY_TRY(const Chain chain, read_chain(certificate));
  INTEGRITY_TRY(const Key private_key, read_key(key));
  INTEGRITY_CHECK(check_order(certificate, chain));
  if (X509_check_private_key(chain.front().get(), private_key.get()) != 1) {
    return unfit(key, "does not fit the certificate in " + certificate.path);
  }
  INTEGRITY_CHECK(check_time(certificate, chain.front().get(), impl_->clock.now()));
  INTEGRITY_TRY(Context context, make_context(certificate, chain, private_key.get(), impl_->tickets));
  const std::lock_guard lock(impl_->mutex);
  impl_->context = std::move(context);
  impl_->not_after = time_of(X509_get0_notAfter(chain.front().get()));
  return {};
}

std::optional<Time> Tls::not_after() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->not_after;
}

std::string_view Tls::header() const {
  switch (impl_->hsts) {
    case Hsts::off:
      return {};
    case Hsts::host:
      return "Strict-Transport-Security: max-age=31536000\r\n";
    case Hsts::all:
      break;
  }
  return "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
}

std::unique_ptr<TlsSession> Tls::accept(int descriptor) noexcept try {
  Ssl ssl;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->context) ssl.reset(SSL_new(impl_->context.get()));
  }
  if (!ssl || SSL_set_fd(ssl.get(), descriptor) != 1) return {};
  return std::make_unique<Session>(std::move(ssl));
} catch (const std::exception&) {
  return {};
}

}  // namespace integrity::http
