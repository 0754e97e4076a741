#include "app/jwt_key.hpp"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace integrity::app {
namespace {

// Lower case: keys are compared without regard to case. Where the examples were seen:
//   jwt.io, its debugger's defaults past and present
//   Supabase, `supabase init` and self-hosting .env; PostgREST's tutorial and tests
//   FastAPI, Flask, Django and PyJWT documentation; Express, iron-session and NextAuth samples
//   Spring and ASP.NET tutorials (Bouali, bezkoder, javainuse, Watmore, Code Maze, C# Corner)
//   RFC 7515 app. A.1 and RFC 7517 app. A.3
//   github.com/wallarm/jwt-secrets, a collection of keys found in published code
constexpr std::string_view kExamples[] = {
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-string-secret-at-least-384-bits-long",
    "a-string-secret-at-least-512-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "reallyreallyreallyreallyverysafe",
    "complex_password_at_least_32_characters_long",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "@ncrfujxn2r5u8x/a?d(g+kbpdsgvkyp",
    "aym1sysppbydfgzld3umj1qzkobwvmkoqq-estjqlr_t-1qs0gzh75aktmn3yj0ips4hcguutwjazzr1z9caow",
    "gawggufygrwkav7ax4vkug",
    "gzh75aktmn3yj0ips4hcguutwjazzr9c",
    "n2r5u8x/a%d*g-kapdsgvkyp3s6v9y$b&e(h+mbqethwmzq4t7w!z%c*f-j@ncrf",
    "7c32d31dbdd39f2111da0b1dea59e94f3ed715fd8cdf0ca3ecf354ca1a2e3e30",
    "86bae26023208e57a5880d5ad644143c567fc57baaf5a942",
    "mvg0yapvspiyqc/qis/rv/x32efr0zojwfhfgmbszmw=",
    "ixrajdoa2fqelo7ihrsrujelhuckepepvpaepls_xaw",
    "age-ljvqslhjndqoa2_wwy9jb3ge3d8gzmfc418i6jc",
    "uubbcc8vjukgjudyvk1grtts9szp2n8k9tbiqagjz6snoyr4d",
    "db3oisj+bxe9nzdy0t8w3tcnekrf+2d/1sfnwg4hnv8tzy30itodtvwjg8abwvb1glogjuqzdcf2luqm/hccmw==",
    "xcap05h6lokvbrra/qkqlnmi7cohguaryhzyg7n5qekgjqmtbhz4szyh4fqwjyi3kjhlsxkpwvu2+bxr6ctpgq==",
    "e71829c351aa4242c2719cbfbe671c09",
    "75a730b58f5691de5522789070c319bc",
    "fe1a1915a379f3be5394b64d14794932",
    "9c3ed1aa0ba8405effdb363839caa3cc",
    "2e6a98abb5b23339ad14601d3bedc1d23847498cb18daf8cfc98c2a2095ec8f47d80053f6d4e22b8f6419407ac3083dc",
    "byym000ollmqg6vvvp1oh7xzyr7ghuw1qvuc5dcgt3snm",
    "jwtauthenticationhighsecuredpasswordvvvp1oh7xzyr",
    "c1cf4b7dc4c4175b6618de4f55ca4",
    "4c8kum4lxykwylm78skdxrzbbjdcfyfx",
    "eafzasuhuuhdgblntf07zrxyqpcukpec",
    "t1np63m4wnbg6nyhykfmc2tpcogi4nss",
    "oboofdiaihnze6kptx6wqxoerpvuy3oe",
    "4uki0uivnb3ii1yxj646fvxse3zvk4dozgz6ftbng7jo41eatl20j5f7trtwe7om",
    "grqkzlun9w59lpxebsesa8gtjnn3hyspq7ev4j6fz3fjbk994r",
    "asdfsfs34wfsdfsdfsdsd32dfsdddderqsnck34sowek5354fdgdf4",
    "yxskzmfzzmphc2zhzmfhc2rmyxnmmngfmnde1ndg0",
    "32jhkic!@#ckx!*)ggm54k2v432kcl3j48$04#fkgk",
    "yourkey-2374-offkdi940ng7:56753253-tyuw-5769-0921-kfirox29zoxv",
    "this is used to sign and verify jwt tokens, replace it with your own secret, it can be any string",
    "a random, long, sequence of characters that only the server knows",
    "any string used to sign and verify jwt tokens,  replace this string with your own secret",
    "some super secret passphrase here that you just made up",
    "the json web token secret still needs to be configured",
    "addjsonwebtokensecretherelikequiscustodietipsoscustodes",
    "longandhardtoguessvaluewithspecialcharacters",
    "supersecretkeyyoushouldnotcommittogithub",
    "loxodontaelephasmammuthuspalaeoloxodonprimelephas",
    "thistokenisnotsosecretchangeit",
    "mysupersecret_secretkey!123",
    "supersecretkey@345",
    "bezkoder",
    "javainuse",
    "keyboard cat",
    "correct horse battery staple",
    "lorem ipsum dolor sit amet",
    "shhhhh",
    "noonewilleverguess",
};

// What people build placeholders from; a key that is little more than these words is as good as
// published.
constexpr std::string_view kWords[] = {
    "a",           "access",     "admin",       "an",          "and",        "any",
    "api",         "app",        "application", "at",          "auth",       "authentication",
    "backend",     "base64",     "be",          "bit",         "bits",       "by",
    "bytes",       "change",     "changed",     "changeit",    "changeme",   "changethis",
    "character",   "characters", "code",        "company",     "config",     "custom",
    "data",        "database",   "default",     "demo",        "dev",        "development",
    "do",          "docker",     "dummy",       "encode",      "encoded",    "encryption",
    "enough",      "env",        "environment", "example",     "express",    "fake",
    "flask",       "foo",        "bar",         "foobar",      "for",        "generate",
    "generated",   "goes",       "hello",       "here",        "hmac",       "hs256",
    "hs384",       "hs512",      "id",          "immediately", "in",         "insecure",
    "integrity",   "is",         "issuer",      "it",          "json",       "jwt",
    "keep",        "key",        "least",       "length",      "local",      "localhost",
    "long",        "longer",     "master",      "me",          "min",        "minimum",
    "mongo",       "must",       "my",          "mysecret",    "need",       "needs",
    "new",         "node",       "not",         "of",          "only",       "or",
    "pass",        "passphrase", "passw0rd",    "password",    "phrase",     "placeholder",
    "please",      "private",    "prod",        "product",     "production", "project",
    "random",      "real",       "really",      "refresh",     "replace",    "s3cr3t",
    "s3cret",      "safe",       "sample",      "secret",      "secrets",    "secretkey",
    "secure",      "security",   "server",      "service",     "session",    "set",
    "share",       "shared",     "should",      "sign",        "signature",  "signing",
    "some",        "something",  "spring",      "string",      "strong",     "super",
    "supersecret", "symmetric",  "temp",        "test",        "testing",    "that",
    "the",         "this",       "to",          "todo",        "token",      "top",
    "tutorial",    "two",        "update",      "use",         "used",       "user",
    "value",       "variable",   "verify",      "very",        "web",        "webtoken",
    "will",        "with",       "world",       "xxx",         "you",        "your",
    "yoursecret",  "qwerty",     "qwertyuiop",  "asdfgh",      "asdfghjkl",  "zxcvbn",
    "zxcvbnm",     "letmein",    "deadbeef",    "cafebabe",    "1234",       "abcd",
    "256",         "512",        "32",
};

int step(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]) - static_cast<unsigned char>(text[i - 1]);
}

// Third or later of a run such as "aaa", "345" or "cba": padding, not a secret.
bool continues_run(std::string_view text, std::size_t i) {
  return i >= 2 && std::abs(step(text, i)) <= 1 && step(text, i) == step(text, i - 1);
}

// The fewest bytes that remain when known examples, common words, separators and runs are taken
// away.
std::size_t unexplained_bytes(std::string_view text) {
  std::vector<std::size_t> fewest(text.size() + 1, text.size());
  fewest[0] = 0;
  const auto shorten = [&](std::size_t at, std::size_t end, std::size_t cost) {
    fewest[end] = std::min(fewest[end], fewest[at] + cost);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool filler = std::string_view(" -_.").find(text[i]) != std::string_view::npos;
    shorten(i, i + 1, filler || continues_run(text, i) ? 0 : 1);
    const auto take = [&](std::string_view word) {
      if (text.substr(i).starts_with(word)) shorten(i, i + word.size(), 0);
    };
    std::for_each(std::begin(kExamples), std::end(kExamples), take);
    std::for_each(std::begin(kWords), std::end(kWords), take);
  }
  return fewest.back();
}

// Repeats a block of at most half its length (and fewer bytes than a key needs), the last one
// possibly cut.
bool repeats_block(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2 && period < jwt_key_bytes_min; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

// "abcdefghijklmnopqrstuvwxyz0123456789": two thirds of all neighbours differ by one or not at all.
bool is_sequence(std::string_view text) {
  std::size_t small = 0;
  for (std::size_t i = 1; i < text.size(); ++i) small += std::abs(step(text, i)) <= 1 ? 1U : 0U;
  return small * 3 >= (text.size() - 1) * 2;
}

std::size_t distinct_bytes(std::string_view text) {
  std::bitset<256> seen;
  for (const char c : text) seen.set(static_cast<unsigned char>(c));
  return seen.count();
}

// What a key in base64 or hex stands for, where that is text: "eW91ci0yNTYt…" is no better than
// "your-256-…".
Secret decoded_text(std::string_view key) {
  std::string base64url(key);
  std::replace(base64url.begin(), base64url.end(), '+', '-');
  std::replace(base64url.begin(), base64url.end(), '/', '_');
  base64url.erase(std::min(base64url.find_last_not_of('=') + 1, base64url.size()));
  auto bytes = from_hex(ascii_lower(key));
  if (!bytes) bytes = from_base64url(base64url);
  wipe(base64url);
  const auto printable = [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
  if (!bytes || !std::all_of(bytes->begin(), bytes->end(), printable)) return {};
  return Secret(std::move(*bytes));
}

bool is_known(std::string_view key) {
  // 16 unknown bytes are left to nobody's memory: twice what tools that stretch word lists try.
  constexpr std::size_t unexplained_min = 16;
  std::string text = ascii_lower(key);
  // Django marks with this prefix the keys that its project template commits to the repository.
  const bool known = text.starts_with("django-insecure") || unexplained_bytes(text) < unexplained_min;
  wipe(text);
  return known;
}

}  // namespace

std::optional<std::string> jwt_key_weakness(const Secret& key) {
  const std::string_view text = key.reveal_text();
  if (text.size() < jwt_key_bytes_min) {
    return "is " + std::to_string(text.size()) + " bytes long; HS256 needs at least 32 (RFC 7518 §3.2)";
  }
  // Of 32 random hex digits fewer than 6 differ in one of 10^13 keys.
  if (distinct_bytes(text) < 6 || repeats_block(text) || is_sequence(text)) {
    return "is a repeated or regular pattern";
  }
  const Secret decoded = decoded_text(text);
  if (is_known(text) || (!decoded.empty() && is_known(decoded.reveal_text()))) {
    return "is an example from documentation, or made of words that such examples are made of";
  }
  return {};
}

}  // namespace integrity::app
