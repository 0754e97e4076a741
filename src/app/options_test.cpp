#include "app/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/folder.hpp"

namespace integrity::app {
namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return {};
    return found->second;
  };
}

Setting setting(const Loaded& loaded, const std::string& name) {
  for (const Setting& setting : loaded.settings) {
    if (setting.name == name) return setting;
  }
  ADD_FAILURE() << "no setting " << name;
  return {};
}

TEST(UnknownVariables, AreThoseWithoutEffect) {
  const char* const set[] = {"PATH=/bin",
                             "INTEGRITY_SIGNUP=closed",
                             "INTEGRITY_SIGN_UP=closed",
                             "INTEGRITY_=",
                             "INTEGRITY_login_rate",
                             "INTEGRITY_FROM=./a",
                             "INTEGRITY_LOGIN_RATE=5",
                             nullptr};
  EXPECT_EQ(unknown_variables(set),
            (std::vector<std::string>{"INTEGRITY_SIGN_UP", "INTEGRITY_", "INTEGRITY_login_rate"}));
}

class Options : public ::testing::Test {
 protected:
  Result<Loaded> load_with(Flags flags, Variables variables = {}, const std::string& toml = "") {
    flags.emplace("data", folder.path().string());
    if (!toml.empty()) test::write_file(folder / "integrity.toml", toml);
    return load(flags, environment(std::move(variables)));
  }
  std::string refusal(Flags flags, Variables variables = {}, const std::string& toml = "") {
    const auto loaded = load_with(std::move(flags), std::move(variables), toml);
    if (!loaded) return loaded.error().detail;
    const Status fit = check_serve(loaded->config);
    return fit ? "" : fit.error().detail;
  }

  test::TempFolder folder;
};

TEST_F(Options, HaveTheDocumentedDefaults) {
  const auto loaded = load_with({});
  ASSERT_TRUE(loaded);
  const Config& c = loaded->config;
  EXPECT_EQ(c.listen_host, "127.0.0.1");
  EXPECT_EQ(c.listen_port, 8080);
  EXPECT_EQ(c.keys, folder / "keys");
  EXPECT_EQ(c.config, folder / "integrity.toml");
  EXPECT_EQ(c.signup, Signup::open);
  EXPECT_EQ(c.issuer, "Data Integrity API");
  EXPECT_EQ(c.audience, "integrity");
  EXPECT_EQ(c.currency, "EUR");
  EXPECT_EQ(c.bcrypt_cost, 12);
  EXPECT_FALSE(c.require_version);
  EXPECT_EQ(c.max_connections, 16384U);
  EXPECT_EQ(c.max_connections_per_address, 1024U);
  EXPECT_EQ(c.login_burst, 30U);
  EXPECT_EQ(c.login_rate, 1);
  EXPECT_EQ(c.signup_burst, 10U);
  EXPECT_EQ(c.signup_rate, 0.1);
  EXPECT_TRUE(c.trusted_proxies.empty());
  EXPECT_TRUE(c.hosts.empty());
  EXPECT_FALSE(c.signup_named);
  EXPECT_TRUE(c.cors_origins.empty());
  EXPECT_EQ(c.shutdown_grace, std::chrono::seconds(10));
  EXPECT_FALSE(c.insecure_http);
  EXPECT_TRUE(c.metrics_host.empty());
  EXPECT_FALSE(c.insecure_metrics);
  EXPECT_FALSE(c.jwt_secret_key);
  EXPECT_TRUE(check_serve(c));
}

TEST_F(Options, AreTakenFromFlagThenEnvironmentThenFileThenDefault) {
  const std::string file = "login-rate = 4\nsignup-rate = 0.5\ncurrency = \"CHF\"\n";
  const auto loaded =
      load_with({{"login-rate", "2"}}, {{"INTEGRITY_LOGIN_RATE", "3"}, {"INTEGRITY_SIGNUP_RATE", "0.25"}}, file);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->config.login_rate, 2);
  EXPECT_EQ(setting(*loaded, "--login-rate").source, "flag");
  EXPECT_EQ(loaded->config.signup_rate, 0.25);
  EXPECT_EQ(setting(*loaded, "--signup-rate").source, "INTEGRITY_SIGNUP_RATE");
  EXPECT_EQ(loaded->config.currency, "CHF");
  EXPECT_EQ(setting(*loaded, "--currency").source, (folder / "integrity.toml").string());
  EXPECT_EQ(setting(*loaded, "--bcrypt-cost").text, "12");
  EXPECT_EQ(setting(*loaded, "--bcrypt-cost").source, "default");
}

TEST_F(Options, AreAllShownWithTheirSource) {
  const auto loaded = load_with({});
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->settings.size(), all_options().size() + 1);  // and JWT_SECRET_KEY
  for (const Setting& setting : loaded->settings) {
    EXPECT_FALSE(setting.text.empty()) << setting.name;
    EXPECT_FALSE(setting.source.empty()) << setting.name;
  }
}

TEST_F(Options, MayHaveTheirOwnTypeInTheFile) {
  const auto loaded = load_with({}, {},
                                "require-version = true\nbcrypt-cost = 10\ntrusted-proxies = [\"10.0.0.7\", \"::1\"]\n"
                                "hosts = [\"Shop.example\", \"[2001:db8::7]\"]\n");
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_TRUE(loaded->config.require_version);
  EXPECT_EQ(loaded->config.bcrypt_cost, 10);
  EXPECT_EQ(loaded->config.trusted_proxies, (std::vector<std::string>{"10.0.0.7", "::1"}));
  EXPECT_EQ(loaded->config.hosts, (std::vector<std::string>{"shop.example", "2001:db8::7"}));
}

TEST_F(Options, OfAFileGivenByConfigMaySetTheDataFolder) {
  test::write_file(folder / "mine.toml", "data = \"" + (folder / "elsewhere").string() + "\"\n");
  const auto loaded = load({{"config", (folder / "mine.toml").string()}}, environment({}));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->config.data, folder / "elsewhere");
  EXPECT_EQ(loaded->config.keys, folder / "elsewhere" / "keys");
}

TEST_F(Options, AreNeverSetByAnEmptyVariable) {
  for (const Option& option : all_options()) {
    const std::string variable = environment_name(option.name);
    const auto loaded = load({}, environment({{variable, ""}}));
    ASSERT_FALSE(loaded) << variable;
    EXPECT_EQ(loaded.error().detail,
              variable + " (--" + std::string(option.name) + "): is empty; unset it, or give it a value");
  }
  EXPECT_EQ(refusal({}, {{"MONGO_URI", ""}}).find("MONGO_URI (--store): is empty"), 0U);
  EXPECT_EQ(refusal({{"cors-origins", ""}, {"trusted-proxies", ""}}), "") << "as a flag, an empty list is one";
}

TEST_F(Options, TakeOriginsAsBrowsersSendThem) {
  const auto loaded =
      load_with({{"cors-origins",
                  "https://a.example:443,http://b.example:80, http://[::1]:80,https://c.example:80,http://d:443"}});
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->config.cors_origins,
            (std::vector<std::string>{"https://a.example", "http://b.example", "http://[::1]", "https://c.example:80",
                                      "http://d:443"}));
}

struct Bad {
  const char* option;
  const char* text;
};

TEST_F(Options, WithABadValueAreNamed) {
  const Bad cases[] = {
      {"listen", "8080"},
      {"listen", "127.0.0.1"},
      {"listen", "127.0.0.1:65536"},
      {"listen", "example.org:80"},
      {"listen", "::1:80"},
      {"listen", "[127.0.0.1]:80"},
      {"listen", ":8080"},
      {"listen", "127.0.0.1:-1"},
      {"listen", "127.0.0.1:"},
      {"data", ""},
      {"keys", ""},
      {"signup", "yes"},
      {"signup", ""},
      {"store", "sqlite"},
      {"issuer", ""},
      {"issuer", "a\nb"},
      {"issuer", "Shop: one"},
      {"issuer", "\xff"},
      {"audience", "  "},
      {"currency", "euro"},
      {"currency", "eur"},
      {"bcrypt-cost", "9"},
      {"bcrypt-cost", "17"},
      {"bcrypt-cost", "12.0"},
      {"bcrypt-cost", "twelve"},
      {"require-version", "yes"},
      {"sku-pattern", ""},
      {"sku-pattern", "[a-z"},
      {"sku-pattern", "\\d+"},
      {"normalize-newlines", "LF"},
      {"max-connections", "0"},
      {"max-connections", "-1"},
      {"login-burst", "0"},
      {"login-burst", "4294967296"},
      {"login-rate", "0"},
      {"login-rate", "-1"},
      {"login-rate", "inf"},
      {"login-rate", "nan"},
      {"login-rate", "1/s"},
      {"trusted-proxies", "proxy.example"},
      {"trusted-proxies", "10.0.0.7,,10.0.0.8"},
      {"cors-origins", "https://a.example/x"},
      {"cors-origins", "*"},
      {"hosts", "https://shop.example"},
      {"hosts", "shop.example:443"},
      {"hosts", "a,,b"},
      {"hosts", "[shop.example]"},
      {"shutdown-grace", "10 s"},
      {"hsts", "on"},
      {"tls-cert", ""},
      {"insecure-http", "1"},
  };
  for (const Bad& c : cases) {
    const std::string flag = "--" + std::string(c.option), variable = environment_name(c.option);
    Flags flags{{"data", folder.path().string()}};
    flags[c.option] = c.text;
    const auto by_flag = load(flags, environment({}));
    ASSERT_FALSE(by_flag) << flag << " " << c.text;
    EXPECT_EQ(by_flag.error().detail.find(flag + ": "), 0U) << by_flag.error().detail;
    const auto by_variable = load({}, environment({{variable, c.text}}));
    ASSERT_FALSE(by_variable) << variable << " " << c.text;
    EXPECT_EQ(by_variable.error().detail.find(variable), 0U) << by_variable.error().detail;
  }
}

TEST_F(Options, OfTheFileMustBeKnownAndOfTheirType) {
  const std::string file = (folder / "integrity.toml").string();
  struct {
    const char *toml, *complaint;
  } const cases[] = {
      {"singup = \"closed\"", ": unknown option singup"},
      {"[server]\nlisten = \"127.0.0.1:1\"", ":1: tables are not used here"},
      {"signup = true", ": signup: must be open or closed"},
      {"listen = 8080", ": listen: must be an address and a port"},
      {"issuer = 1979-05-27", ":1: issuer must be a text"},
      {"signup = \"open\"\nsignup = \"closed\"", ":2: "},
      {"signup = ", ":1: "},
      {"issuer = \"a\" b", ":1: something follows the value of issuer"},
      {"issuer = \"\\x\"", ":1: the text of issuer holds"},
      {"\nissuer = \"\"\"\na\"\"\"", ":2: "},
      {"trusted-proxies = [1]", ":1: trusted-proxies must be a list of texts"},
      {"trusted-proxies = [\n'::1'", ":2: the list of trusted-proxies has no end"},
      {"trusted-proxies = ['::1,::2']", ":1: an element of trusted-proxies holds a comma"},
      {"issuer = \"a\\u0000\"", ":1: the text of issuer holds"},
      {"data = \"x\"", ": data cannot be set in this file"},
      {"config = \"x\"", ": config cannot be set in this file"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(refusal({}, {}, c.toml).find(file + c.complaint), 0U) << refusal({}, {}, c.toml);
  }
}

TEST_F(Options, OfAMalformedFileAreRefused) {
  const std::string file = (folder / "integrity.toml").string();
  using namespace std::string_literals;
  for (const auto& text : {"["s, "[\n"s, "[=]"s, "[ #"s, "[["s, "[[=]]"s, "[\b b = 0"s, "[\0"s, "a = ["s, "\0"s,
                           "a = 1\n\0\nb = 2"s, "# \0"s, "a = \"\0\""s, "[é]"s, "é = 1"s, "issuer = é"s,
                           "issuer = \"\" é"s, "issuer = 'a\\' \xef\xb3\xbf"s, "issuer = \"\"\"a\"\"\"\"\"é"s}) {
    EXPECT_EQ(refusal({}, {}, text).find(file), 0U) << text;
  }
  EXPECT_EQ(refusal({}, {}, "# é\n\nissuer = é").find(file + ":3: "), 0U);
  EXPECT_EQ(refusal({}, {}, "\n\0"s).find(file + ":2: "), 0U);
}

TEST_F(Options, OfTheFileMayContainAnyCharacters) {
  for (const char* text :
       {"\xef\xbb\xbfissuer = \"é\\\"é\" # é", "issuer = 'é\"\\é'\r\n", "# é\ntrusted-proxies = [ # é\n'::1',\n]\n"}) {
    EXPECT_EQ(refusal({}, {}, text), "") << text;
  }
}

TEST_F(Options, FileGivenByConfigMustExist) {
  const auto missing = (folder / "none.toml").string();
  EXPECT_EQ(refusal({{"config", missing}}).find(missing + ": cannot be read"), 0U);
  EXPECT_EQ(refusal({{"config", folder.path().string()}}).find(folder.path().string() + ": cannot be read"), 0U);
}

TEST_F(Options, SayWhatIsMissingOutsideLoopback) {
  for (const char* address : {"0.0.0.0:8080", "[::]:8080", "192.0.2.7:0", "[::ffff:192.0.2.7]:80"}) {
    const auto both = refusal({{"listen", address}});
    EXPECT_NE(both.find("--signup"), std::string::npos) << both;
    EXPECT_NE(both.find("--insecure-http"), std::string::npos) << both;
    const auto tls = refusal({{"listen", address}, {"signup", "closed"}});
    EXPECT_EQ(tls.find("--signup"), std::string::npos) << tls;
    EXPECT_NE(tls.find("--insecure-http"), std::string::npos) << tls;
    EXPECT_EQ(refusal({{"listen", address}, {"signup", "closed"}, {"insecure-http", "true"}}), "");
    EXPECT_EQ(refusal({{"listen", address}, {"signup", "closed"}, {"tls-cert", "c"}, {"tls-key", "k"}}), "");
  }
  for (const char* address : {"127.0.0.1:0", "127.9.8.7:80", "[::1]:8080", "localhost:8080"}) {
    EXPECT_EQ(refusal({{"listen", address}}), "") << address;
  }
}

TEST_F(Options, TakeACertificateOnlyWithItsKey) {
  EXPECT_EQ(refusal({{"tls-cert", "c"}}).find("--tls-cert also needs --tls-key"), 0U);
  EXPECT_EQ(refusal({{"tls-key", "k"}}).find("--tls-key also needs --tls-cert"), 0U);
  EXPECT_EQ(load_with({})->config.hsts, http::Hsts::all);
  EXPECT_FALSE(load_with({})->config.tls());
  const auto loaded = load_with({{"hsts", "host"}}, {}, "tls-cert = \"c\"\ntls-key = \"k\"\n");
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->config.tls_cert, "c");
  EXPECT_EQ(loaded->config.tls_key, "k");
  EXPECT_EQ(loaded->config.hsts, http::Hsts::host);
}

TEST_F(Options, MetricsOutsideLoopbackMustBeWanted) {
  const auto refused = refusal({{"metrics-listen", "192.0.2.7:9464"}});
  EXPECT_NE(refused.find("--metrics-listen 192.0.2.7"), std::string::npos) << refused;
  EXPECT_NE(refused.find("--insecure-metrics"), std::string::npos) << refused;
  EXPECT_EQ(refused.find('\n'), std::string::npos) << refused;
  EXPECT_EQ(refusal({{"metrics-listen", "192.0.2.7:9464"}, {"insecure-metrics", "true"}}), "");
  EXPECT_EQ(refusal({{"metrics-listen", "127.0.0.1:9464"}}), "");
  const auto loaded = load_with({{"metrics-listen", "localhost:9464"}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.metrics_host, "127.0.0.1");
  EXPECT_EQ(loaded->config.metrics_port, 9464);
}

TEST_F(Options, NeverShowSecrets) {
  const std::string key = "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG";
  const auto loaded =
      load_with({}, {{"JWT_SECRET_KEY", key},
                     {"MONGO_URI", "mongodb://ada:p@ss/w?rd@db.example/shop?tlsCertificateKeyFilePassword=hush"}});
  ASSERT_TRUE(loaded) << loaded.error().detail;
  ASSERT_TRUE(loaded->config.jwt_secret_key);
  EXPECT_EQ(loaded->config.jwt_secret_key->reveal_text(), key);
  EXPECT_EQ(setting(*loaded, "JWT_SECRET_KEY").text, "set");
  EXPECT_EQ(setting(*loaded, "--store").text, "mongodb://ada:****@db.example/shop?****");
  EXPECT_EQ(setting(*loaded, "--store").source, "MONGO_URI");
  EXPECT_EQ(setting(*load_with({}), "JWT_SECRET_KEY").text, "not set");
}

TEST_F(Options, RefuseAKnownJwtKeyWithoutRepeatingIt) {
  const std::string why = refusal({}, {{"JWT_SECRET_KEY", "your_secret_key_your_secret_key_1"}});
  EXPECT_EQ(why.find("JWT_SECRET_KEY is "), 0U) << why;
  EXPECT_EQ(why.find("your_secret_key"), std::string::npos) << why;
  EXPECT_NE(refusal({}, {{"JWT_SECRET_KEY", ""}}).find("0 bytes"), std::string::npos);
  const std::string key = "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG";
  EXPECT_EQ(load_with({}, {{"JWT_SECRET_KEY", key + "\n"}})->config.jwt_secret_key->reveal_text(), key);
  for (const std::string end : {"\r\n", "\n\n", "\nsecond"}) {
    const auto broken = refusal({}, {{"JWT_SECRET_KEY", key + end}});
    EXPECT_EQ(broken.find("JWT_SECRET_KEY: has "), 0U) << broken;
    EXPECT_EQ(broken.find(key), std::string::npos);
  }
}

TEST_F(Options, TakeSecretsFromCredentials) {
  const test::TempFolder secrets;
  const std::string key = "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG", uri = "mongodb://ada:hush@db.example/shop";
  test::write_file(secrets / "JWT_SECRET_KEY", key + "\n");
  test::write_file(secrets / "MONGO_URI", uri);
  const Variables place = {{"CREDENTIALS_DIRECTORY", secrets.path().string()}};
  const auto loaded = load_with({}, place);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->config.jwt_secret_key->reveal_text(), key) << "without the line feed";
  EXPECT_EQ(loaded->config.mongo_uri, uri);
  EXPECT_EQ(setting(*loaded, "--store").text, "mongodb://ada:****@db.example/shop");
  EXPECT_EQ(setting(*loaded, "--store").source, "credential MONGO_URI");
  EXPECT_EQ(setting(*loaded, "JWT_SECRET_KEY").source, "credential");

  Variables both = place;
  both["MONGO_URI"] = "mongodb://other/shop";
  both["JWT_SECRET_KEY"] = key + "2";
  EXPECT_EQ(load_with({}, both)->config.mongo_uri, "mongodb://other/shop") << "the variable comes first";
  EXPECT_EQ(load_with({}, both)->config.jwt_secret_key->reveal_text(), key + "2");
  EXPECT_FALSE(load_with({}, {{"CREDENTIALS_DIRECTORY", (folder / "none").string()}})->config.jwt_secret_key);
}

TEST_F(Options, NameACredentialThatTheyRefuse) {
  const test::TempFolder secrets;
  const Variables place = {{"CREDENTIALS_DIRECTORY", secrets.path().string()}};
  const auto refused = [&](const std::string& name, const std::string& text) {
    test::write_file(secrets / name, text);
    const std::string why = refusal({}, place);
    std::filesystem::remove(secrets / name);
    return why;
  };
  EXPECT_EQ(refused("MONGO_URI", "\n").find((secrets / "MONGO_URI").string() + ": is empty"), 0U);
  EXPECT_EQ(refused("MONGO_URI", "mysql://h").find("credential MONGO_URI (--store): must begin"), 0U);
  EXPECT_EQ(refused("JWT_SECRET_KEY", "your_secret_key_your_secret_key_1\n").find("JWT_SECRET_KEY is "), 0U);
  using namespace std::string_literals;
  for (const std::string name : {"MONGO_URI", "JWT_SECRET_KEY"}) {
    const std::string value = name == "MONGO_URI" ? "mongodb://h/shop" : "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG";
    const auto at = (secrets / name).string();
    EXPECT_EQ(refused(name, value + "\n"), "");
    EXPECT_EQ(refused(name, value + "\r\n").find(at + ": has a carriage return"), 0U);
    EXPECT_EQ(refused(name, value + "\n\n").find(at + ": has more than one line"), 0U);
    EXPECT_EQ(refused(name, value + "\nsecond\n").find(at + ": has more than one line"), 0U);
    EXPECT_EQ(refused(name, value + "\0x"s).find(at + ": has a zero byte"), 0U);
  }
  std::filesystem::create_directory(secrets / "MONGO_URI");
  EXPECT_EQ(refusal({}, place).find((secrets / "MONGO_URI").string() + ": is a folder; name a file"), 0U);
}

}  // namespace
}  // namespace integrity::app
