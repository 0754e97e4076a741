#include "app/options.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "app/credential.hpp"
#include "app/jwt_key.hpp"
#include "app/option_values.hpp"
#include "app/toml.hpp"
#include "base/ascii.hpp"
#include "model/product.hpp"
#include "store/mongo/mongo_store.hpp"

namespace integrity::app {
namespace {

using enum Option::For;

// Stores the value of a parser, or returns its error text.
template <class T, class Store>
std::string take(Result<T> parsed, Store store) {
  if (!parsed.has_value()) return std::move(parsed).error().detail;
  store(std::move(*parsed));
  return {};
}

std::string take_path(std::string_view text, std::filesystem::path& out) {
  if (text.empty()) return "must not be empty";
  out = text;
  return {};
}

std::string take_folder(std::string_view text, std::filesystem::path& out) {
  std::string wrong = take_path(text, out);
  std::error_code error;
  const auto type = std::filesystem::status(out, error).type();
  if (type != std::filesystem::file_type::regular) return wrong;
  return "must be a folder, and " + out.string() + " is a file";
}

constexpr Option kOptions[] = {
    {"listen", "ADDRESS:PORT", "127.0.0.1:8080", "",
     "Where to accept connections. Port 0 means any free port. Outside loopback, --signup is required, and either "
     "--tls-cert or --insecure-http",
     server,
     [](Config& c, std::string_view text) {
       return take(parse_listen(text), [&](HostPort at) {
         c.listen_host = at.host;
         c.listen_port = at.port;
       });
     }},
    {"data", "FOLDER", "./data", "", "The folder of the database; made if it is missing", every_command,
     [](Config& c, std::string_view text) { return take_folder(text, c.data); }},
    {"keys", "FOLDER", "", "DATA/keys",
     "The folder of the key files; keep a backup of them apart from that of the database", every_command,
     [](Config& c, std::string_view text) { return take_folder(text, c.keys); }},
    {"config", "FILE", "", "DATA/integrity.toml", "A TOML file of options", every_command,
     [](Config& c, std::string_view text) { return take_path(text, c.config); }},
    {"store", "URI", "", "the SQLite file in DATA", "mongodb://… of a replica set; also MONGO_URI", every_command,
     [](Config& c, std::string_view text) -> std::string {
       if (!text.starts_with("mongodb://") && !text.starts_with("mongodb+srv://")) {
         return "must begin with mongodb://; leave it out for the SQLite file in the data folder";
       }
       c.mongo_uri = text;
       return store::mongo::no_address(c.mongo_uri);
     }},
    {"max-clock-offset", "SECONDS", "60", "",
     "Nothing is written while this clock is further than that from MongoDB's; 0: any offset", every_command,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 0, 86'400), [&](auto value) { c.max_clock_offset = std::chrono::seconds(value); });
     }},
    {"signup", "open|closed", "", "open on loopback", "Whether anybody may sign up, or only `user add` makes accounts",
     server,
     [](Config& c, std::string_view text) -> std::string {
       if (text != "open" && text != "closed") return "must be open or closed, not \"" + std::string(text) + "\"";
       c.signup = text == "open" ? Signup::open : Signup::closed;
       return {};
     }},
    {"signup-role", "ROLE", "editor", "", "Role of those who sign up: viewer, clerk or editor", new_password,
     [](Config& c, std::string_view text) {
       return take(parse_signup_role(text), [&](model::Role value) { c.signup_role = value; });
     }},
    {"session-idle", "TIME", "30m", "", "A session ends this long after its last refresh; 10m to 24h", server,
     [](Config& c, std::string_view text) {
       using namespace std::chrono;
       return take(parse_duration(text, minutes(10), hours(24)), [&](seconds value) { c.session_idle = value; });
     }},
    {"session-max", "TIME", "12h", "", "A session ends this long after it began; 10m to 7d. 10m: nothing is refreshed",
     server,
     [](Config& c, std::string_view text) {
       using namespace std::chrono;
       return take(parse_duration(text, minutes(10), days(7)), [&](seconds value) { c.session_max = value; });
     }},
    {"api-keys", "", "false", "", "Users may make keys for programs, and keys are accepted", new_key,
     [](Config& c, std::string_view text) {
       return take(parse_switch(text), [&](bool value) { c.api_keys = value; });
     }},
    {"issuer", "NAME", "Data Integrity API", "", "What an authenticator shows, and the tokens' `iss`", new_password,
     [](Config& c, std::string_view text) {
       return take(parse_issuer(text), [&](std::string value) { c.issuer = std::move(value); });
     }},
    {"audience", "NAME", "integrity", "", "The tokens' `aud`", server,
     [](Config& c, std::string_view text) {
       return take(parse_text(text, 200), [&](std::string value) { c.audience = std::move(value); });
     }},
    {"currency", "CODE", "EUR", "", "Currency of products that are sent without one (ISO 4217)", new_products,
     [](Config& c, std::string_view text) {
       return take(parse_currency(text), [&](std::string value) { c.currency = std::move(value); });
     }},
    {"bcrypt-cost", "10-16", "12", "", "Cost of a password hash; each step doubles its work", new_password,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 10, 16), [&](auto value) { c.bcrypt_cost = static_cast<int>(value); });
     }},
    {"require-version", "", "false", "", "PUT and DELETE must name the version that they change, or get 428", server,
     [](Config& c, std::string_view text) {
       return take(parse_switch(text), [&](bool value) { c.require_version = value; });
     }},
    {"sku-pattern", "REGEX", "", "[A-Za-z0-9._/-]+",
     "What the whole of a sku must match (RE2), of 1 to 64 characters; `[ -~]+` is printable ASCII", server,
     [](Config& c, std::string_view text) {
       return take(schema::Pattern::compile(text, model::product_sku.max),
                   [&](auto value) { c.texts.sku_pattern = std::move(value); });
     }},
    {"normalize-newlines", "", "false", "", "Store CR LF and CR in descriptions as LF; otherwise CR is refused", server,
     [](Config& c, std::string_view text) {
       return take(parse_switch(text), [&](bool value) { c.texts.normalize_newlines = value; });
     }},
    {"max-connections", "COUNT", "16384", "", "Open connections", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 1, 1'000'000), [&](auto value) { c.max_connections = value; });
     }},
    {"max-connections-per-address", "COUNT", "1024", "", "Open connections from one address", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 1, 1'000'000), [&](auto value) { c.max_connections_per_address = value; });
     }},
    {"login-burst", "COUNT", "30", "", "Logins at once from one address", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 1, 1'000'000),
                   [&](auto value) { c.login_burst = static_cast<std::uint32_t>(value); });
     }},
    {"login-rate", "PER-SECOND", "1", "", "Logins from one address afterwards", server,
     [](Config& c, std::string_view text) {
       return take(parse_rate(text), [&](double value) { c.login_rate = value; });
     }},
    {"signup-burst", "COUNT", "10", "", "Sign-ups at once from one address", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 1, 1'000'000),
                   [&](auto value) { c.signup_burst = static_cast<std::uint32_t>(value); });
     }},
    {"signup-rate", "PER-SECOND", "0.1", "", "Sign-ups from one address afterwards", server,
     [](Config& c, std::string_view text) {
       return take(parse_rate(text), [&](double value) { c.signup_rate = value; });
     }},
    {"trusted-proxies", "LIST", "", "none", "Addresses whose forwarded headers are believed", server,
     [](Config& c, std::string_view text) {
       return take(parse_addresses(text), [&](auto value) { c.trusted_proxies = std::move(value); });
     }},
    {"cors-origins", "LIST", "", "none", "Origins whose pages may call this server", server,
     [](Config& c, std::string_view text) {
       return take(parse_origins(text), [&](auto value) { c.cors_origins = std::move(value); });
     }},
    {"hosts", "LIST", "", "any, but on loopback without trusted proxies none",
     "Names and addresses by which clients may call this server, besides loopback names; others get 421", server,
     [](Config& c, std::string_view text) {
       return take(parse_hosts(text), [&](auto value) { c.hosts = std::move(value); });
     }},
    {"shutdown-grace", "SECONDS", "10", "", "How long requests may go on after SIGTERM before they are cut", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 0, 3600), [&](auto value) { c.shutdown_grace = std::chrono::seconds(value); });
     }},
    {"tls-cert", "FILE", "", "none, plain HTTP",
     "HTTPS with this certificate: PEM, the server's own first, then its issuers. Read again at SIGHUP and within a "
     "minute after it changes",
     server, [](Config& c, std::string_view text) { return take_path(text, c.tls_cert); }},
    {"tls-key", "FILE", "", "none, plain HTTP", "Its private key: PEM, not encrypted, not readable by others", server,
     [](Config& c, std::string_view text) { return take_path(text, c.tls_key); }},
    {"hsts", "off|host|all", "all", "",
     "With --tls-cert: tell browsers to use only HTTPS, for this host or with all its subdomains", server,
     [](Config& c, std::string_view text) -> std::string {
       using enum http::Hsts;
       for (const auto& [name, value] : {std::pair("off", off), std::pair("host", host), std::pair("all", all)}) {
         if (text != name) continue;
         c.hsts = value;
         return {};
       }
       return "must be off, host or all, not \"" + std::string(text) + "\"";
     }},
    {"backup-dir", "FOLDER", "", "none", "The server makes backups by itself, here; made if it is missing", server,
     [](Config& c, std::string_view text) { return take_folder(text, c.backup_dir); }},
    {"backup-every", "TIME", "", "24h",
     "How old the newest backup may become before the server makes another; at least 1s", server,
     [](Config& c, std::string_view text) {
       using namespace std::chrono;
       return take(parse_duration(text, seconds(1), days(366)), [&](seconds value) { c.backup_every = value; });
     }},
    {"backup-keep", "COUNT", "", "14", "How many of its backups the server keeps; the oldest are removed", server,
     [](Config& c, std::string_view text) {
       return take(parse_whole(text, 1, 1'000'000), [&](auto value) { c.backup_keep = value; });
     }},
    {"insecure-http", "", "false", "", "Plain HTTP outside loopback, behind a proxy that terminates TLS", server,
     [](Config& c, std::string_view text) {
       return take(parse_switch(text), [&](bool value) { c.insecure_http = value; });
     }},
    {"metrics-listen", "ADDRESS:PORT", "", "none",
     "Where Prometheus reads /metrics, on a listener of its own. Outside loopback, --insecure-metrics is required",
     server,
     [](Config& c, std::string_view text) {
       return take(parse_listen(text), [&](HostPort at) {
         c.metrics_host = at.host;
         c.metrics_port = at.port;
       });
     }},
    {"insecure-metrics", "", "false", "",
     "Allow metrics outside loopback, readable by every client that reaches the address", server,
     [](Config& c, std::string_view text) {
       return take(parse_switch(text), [&](bool value) { c.insecure_metrics = value; });
     }},
};

// Finds the text of each option and puts its value into the configuration.
class Loader {
 public:
  Loader(const Flags& flags, const Environment& environment) : flags_(flags), environment_(environment) {}

  Result<Loaded> run() {
    INTEGRITY_CHECK(read_credentials());
    // The location of the file comes first, so the file cannot set it. Only a file given by --config may set `data`.
    INTEGRITY_CHECK(place("config", named_outside("config")));
    const bool named = !out_.config.config.empty();
    if (!named) {
      INTEGRITY_CHECK(place("data", named_outside("data").value_or(fallback("data"))));
      out_.config.config = out_.config.data / "integrity.toml";
    }
    INTEGRITY_TRY(file_, read_toml(out_.config.config, named ? IfMissing::error : IfMissing::empty));
    INTEGRITY_CHECK(check_file(named));
    for (const Option& option : kOptions) INTEGRITY_CHECK(place(option.name, find(option)));
    derive();
    INTEGRITY_CHECK(read_jwt_key());
    return std::move(out_);
  }

 private:
  struct Found {
    std::string text, source;
  };

  static const Option& option_named(std::string_view name) {
    const Option* option = std::begin(kOptions);
    while (option->name != name) ++option;
    return *option;
  }
  static Found fallback(std::string_view name) { return {std::string(option_named(name).fallback), "default"}; }

  std::optional<Found> named_outside(std::string_view name) const {
    if (const auto flag = flags_.find(std::string(name)); flag != flags_.end()) return Found{flag->second, "flag"};
    const std::string variable = environment_name(name);
    if (auto text = environment_(variable)) return Found{std::move(*text), variable};
    if (name != "store") return {};
    if (auto text = environment_("MONGO_URI")) return Found{std::move(*text), "MONGO_URI"};
    if (mongo_credential_) return Found{std::string(mongo_credential_->reveal_text()), "credential MONGO_URI"};
    return {};
  }

  // A credential stands in for the variable of its name, which comes first.
  Status read_credentials() {
    const auto folder = environment_("CREDENTIALS_DIRECTORY");
    if (!folder || folder->empty()) return {};
    INTEGRITY_TRY(jwt_credential_, read_credential(*folder, "JWT_SECRET_KEY"));
    INTEGRITY_TRY(mongo_credential_, read_credential(*folder, "MONGO_URI"));
    return {};
  }

  std::optional<Found> find(const Option& option) const {
    if (auto found = named_outside(option.name)) return found;
    if (auto line = file_.find(std::string(option.name)); line != file_.end()) {
      return Found{line->second, out_.config.config.string()};
    }
    if (option.fallback.empty()) return {};
    return fallback(option.name);
  }

  Status place(std::string_view name, const std::optional<Found>& found) {
    if (!found) return {};
    if (found->text.empty() && is_variable(found->source)) {
      return complaint(name, found->source, "is empty; unset it, or give it a value");
    }
    const std::string wrong = option_named(name).set(out_.config, found->text);
    if (!wrong.empty()) return complaint(name, found->source, wrong);
    sources_[std::string(name)] = *found;
    return {};
  }

  // One rule for all options: an empty variable is a mistake, such as one that was set from another that is not set. If
  // it was ignored, the server could start with the wrong store, or open to more people than intended.
  static bool is_variable(const std::string& source) {
    return source.starts_with("INTEGRITY_") || source.ends_with("MONGO_URI");
  }

  static Error complaint(std::string_view name, const std::string& source, const std::string& wrong) {
    const std::string flag = "--" + std::string(name);
    if (source == "flag") return {Code::invalid_value, flag + ": " + wrong};
    if (!is_variable(source)) {
      return {Code::invalid_value, source + ": " + std::string(name) + ": " + wrong};
    }
    return {Code::invalid_value, source + " (" + flag + "): " + wrong};
  }

  Status check_file(bool named) const {
    const std::string path = out_.config.config.string();
    for (const auto& [name, text] : file_) {
      bool known = name != "config" && (named || name != "data");
      if (known) {
        known = false;
        for (const Option& option : kOptions) known = known || option.name == name;
      } else {
        return Error{Code::invalid_value,
                     path + ": " + name + " cannot be set in this file, because the file is found by it"};
      }
      if (!known) return Error{Code::invalid_value, path + ": unknown option " + name};
    }
    return {};
  }

  void derive() {
    Config& c = out_.config;
    if (c.keys.empty()) c.keys = c.data / "keys";
    c.signup_named = c.signup.has_value();
    if (!c.signup && c.on_loopback()) c.signup = Signup::open;
    for (const Option& option : kOptions) out_.settings.push_back(setting(option));
  }

  Setting setting(const Option& option) const {
    Setting out{"--" + std::string(option.name), std::string(option.derived), "default"};
    if (const auto found = sources_.find(std::string(option.name)); found != sources_.end()) {
      out.text = option.name == "store" ? hide_uri_secrets(found->second.text) : found->second.text;
      out.source = found->second.source;
      return out;
    }
    const Config& c = out_.config;
    if (option.name == "keys") out.text = c.keys.string();
    if (option.name == "config") out.text = c.config.string();
    if (option.name == "store") out.text = "the SQLite file in " + c.data.string();
    if (option.name == "signup") out.text = c.signup ? "open" : "not named";
    return out;
  }

  Status read_jwt_key() {
    auto text = environment_("JWT_SECRET_KEY");
    std::string source = "default";
    if (text) {
      source = "environment";
      auto key = one_line(*text, "JWT_SECRET_KEY");
      wipe(*text);
      if (!key) return std::move(key).error();
      out_.config.jwt_secret_key = std::move(*key);
    } else if (jwt_credential_) {
      source = "credential";
      out_.config.jwt_secret_key = std::move(jwt_credential_);
    }
    out_.settings.push_back({"JWT_SECRET_KEY", source == "default" ? "not set" : "set", source});
    return {};
  }

  const Flags& flags_;
  const Environment& environment_;
  std::optional<Secret> jwt_credential_, mongo_credential_;
  TomlOptions file_;
  std::map<std::string, Found> sources_;
  Loaded out_;
};

}  // namespace

bool Config::on_loopback() const {
  return is_loopback(listen_host);
}

std::span<const Option> all_options() {
  return kOptions;
}

std::string environment_name(std::string_view option) {
  std::string name = "INTEGRITY_";
  for (const char c : option) name += c == '-' ? '_' : ascii_upper(c);
  return name;
}

std::optional<std::string> system_environment(const std::string& name) {
  char* const value = ::secure_getenv(name.c_str());
  if (value == nullptr) return {};
  std::string text = value;
  if (name == "JWT_SECRET_KEY") {
    wipe(value, std::strlen(value));
    ::unsetenv(name.c_str());
  }
  return text;
}

Result<Loaded> load(const Flags& flags, const Environment& environment) {
  return Loader(flags, environment).run();
}

std::vector<std::string> unknown_variables(const char* const* environment) {
  static constexpr std::string_view ours = "INTEGRITY_";
  std::vector<std::string> unknown;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::string_view name = entry.substr(0, entry.find('='));
    const auto is_it = [&](const Option& option) { return environment_name(option.name) == name; };
    const bool of_migration = name == "INTEGRITY_FROM" || name == "INTEGRITY_TO";  // of migrate and import-flask
    if (name.starts_with(ours) && !of_migration && std::none_of(std::begin(kOptions), std::end(kOptions), is_it)) {
      unknown.emplace_back(name);
    }
  }
  return unknown;
}

Status check_serve(const Config& config) {
  if (config.jwt_secret_key) {
    if (const auto why = jwt_key_weakness(*config.jwt_secret_key)) {
      return Error{Code::invalid_value, "JWT_SECRET_KEY " + *why +
                                            ". Make one with `openssl rand -base64 48`, or unset it: then tokens are "
                                            "signed with ES256 and a key of their own"};
    }
  }
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    const bool no_key = config.tls_key.empty();
    return Error{Code::invalid_value, std::string(no_key ? "--tls-cert" : "--tls-key") + " also needs --tls-" +
                                          (no_key ? "key: the private key of the certificate"
                                                  : "cert: the certificate of that key, with its issuers")};
  }
  if (config.backup_dir.empty() && (config.backup_every || config.backup_keep)) {
    return Error{Code::invalid_value, std::string(config.backup_every ? "--backup-every" : "--backup-keep") +
                                          ": has no effect without --backup-dir, the folder for backups"};
  }
  if (!config.metrics_host.empty() && !is_loopback(config.metrics_host) && !config.insecure_metrics) {
    return Error{Code::invalid_value, "--metrics-listen " + config.metrics_host +
                                          " is outside loopback and needs --insecure-metrics: whoever can reach that "
                                          "address can read the metrics; they are neither encrypted nor protected"};
  }
  if (config.on_loopback()) return {};
  std::string missing;
  if (!config.signup) missing += "\n  --signup open|closed: whether anybody may sign up";
  if (!config.tls() && !config.insecure_http) {
    missing +=
        "\n  --tls-cert and --tls-key: to speak HTTPS; or --insecure-http: a proxy in front of it terminates TLS";
  }
  if (missing.empty()) return {};
  return Error{Code::invalid_value, "--listen " + config.listen_host + " is outside loopback and needs:" + missing};
}

}  // namespace integrity::app
