#include "flask/judge.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/decimal.hpp"
#include "base/printable.hpp"

namespace integrity::flask {
namespace {

constexpr std::string_view kKinds[] = {"null",   "a boolean", "an integer", "a double",    "a decimal",
                                       "a text", "binary",    "a date",     "an ObjectId", "something else"};
constexpr std::size_t kSecretBytesMax = 128;  // SHA-1 hashes a key above 64 anyway
constexpr double kPriceMax = 99999999999.9999, kStockMax = 9007199254740991.0;
constexpr std::size_t kTypedDigitsMax = 60;

constexpr std::string_view kUserMembers[] = {"_id", "name", "username", "password", "secret", "created_at"};
constexpr std::string_view kProductMembers[] = {"_id", "description", "price", "stock", "created_at"};

// Null where the member is missing or null.
const Value* find(const Row& row, std::string_view name) {
  const auto at = std::find_if(row.begin(), row.end(), [&](const auto& member) { return member.first == name; });
  return at == row.end() || std::holds_alternative<std::monostate>(at->second) ? nullptr : &at->second;
}

// Some of these servers called it `pname`.
std::string_view name_member(const Row& product) {
  return find(product, "name") == nullptr && find(product, "pname") != nullptr ? "pname" : "name";
}

// Collects everything that is wrong with a row.
class Reasons {
 public:
  void add(std::string_view member, std::string_view why) {
    if (!text_.empty()) text_ += "; ";
    text_ += std::string(member) + ' ' + std::string(why);
  }
  void add_kind(std::string_view member, const Value& value, std::string_view wanted) {
    add(member, "is " + std::string(kKinds[value.index()]) + ", not " + std::string(wanted));
  }
  bool none() const { return text_.empty(); }
  Error error() const { return {Code::invalid_value, text_}; }

 private:
  std::string text_;
};

template <class Rule>
std::optional<std::string> read_text(const Rule& rule, std::string_view member, const std::string& text,
                                     Reasons& reasons) {
  if (!count_code_points(text)) {
    reasons.add(member, printable(text, 30) + " is not UTF-8");
    return {};
  }
  std::string why;
  auto read = rule.read({.kind = json::Value::Kind::string, .text = text, .items = {}, .names = {}}, why);
  if (!read) reasons.add(member, printable(text, 30) + ' ' + why);
  return read;
}

enum class Missing : std::uint8_t { refused, none };

template <class Rule>
std::optional<std::string> take_text(const Row& row, std::string_view member, const Rule& rule, Missing missing,
                                     Reasons& reasons) {
  const Value* const value = find(row, member);
  if (value == nullptr) {
    if (missing == Missing::refused) reasons.add(member, "is missing");
    return {};
  }
  const auto* const text = std::get_if<std::string>(value);
  if (text == nullptr) {
    reasons.add_kind(member, *value, "a text");
    return {};
  }
  return read_text(rule, member, *text, reasons);
}

struct Number {
  std::string text;
  Decimal decimal;
};

// For a double, the shortest text that reads back as the same double: most likely what was typed.
std::optional<std::string> digits_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* decimal = std::get_if<Digits>(&value)) return decimal->text;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* const real = std::get_if<double>(&value);
  if (real == nullptr) return {};
  std::array<char, 32> buffer;
  return std::string(buffer.data(), std::to_chars(buffer.begin(), buffer.end(), *real).ptr);
}

std::optional<Number> take_number(const Row& row, std::string_view member, Reasons& reasons, Notes& notes) {
  const Value* const value = find(row, member);
  if (value == nullptr) {
    reasons.add(member, "is missing");
    return {};
  }
  auto digits = digits_of(*value);
  if (!digits) {
    reasons.add_kind(member, *value, "a number");
    return {};
  }
  const bool typed = std::holds_alternative<std::string>(*value);
  auto decimal = typed ? Decimal::parse_plain(*digits) : Decimal::parse_json(*digits);
  if (!decimal || (typed && digits->size() > kTypedDigitsMax)) {
    reasons.add(member, (typed ? printable(*digits, 30) : *digits) + " is not a number");
    return {};
  }
  if (typed) ++notes["products." + std::string(member) + " is a text of plain digits, and read as that number"];
  return Number{std::move(*digits), std::move(*decimal)};
}

// Why a number is refused. One outside the range of a double is too large, or so small that it has too many places.
std::string misfit(const Number& number, double max, std::string_view otherwise) {
  const std::string& text = number.text;
  std::string why = text.size() > 60 ? text.substr(0, 60) + "…" : text;
  if (text.starts_with('-')) return why + " is negative";
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool above = read.ec == std::errc::result_out_of_range ? text.find('-') == text.npos : value > max;
  return why += above ? " is too large" : otherwise;
}

Money take_price(const Row& row, Reasons& reasons, Notes& notes) {
  const auto number = take_number(row, "price", reasons, notes);
  if (!number) return {};
  const auto money = Money::from(number->decimal);
  if (!money) reasons.add("price", misfit(*number, kPriceMax, " has more than four places"));
  return money.value_or(Money{});
}

std::int64_t take_stock(const Row& row, Reasons& reasons, Notes& notes) {
  const auto number = take_number(row, "stock", reasons, notes);
  if (!number) return 0;
  const auto stock = number->decimal.scaled(0);
  if (stock && *stock >= 0 && *stock <= model::stock_max) return *stock;
  reasons.add("stock", misfit(*number, kStockMax, " is not whole"));
  return 0;
}

Time made_at(const RecordId& id) {
  std::int64_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds = seconds << 8 | id.bytes[i];
  return from_millis(seconds * 1000);
}

// Nothing where it is not a date between 1970 and `now`.
std::optional<Time> read_created_at(const Row& row, Time now) {
  const Value* const value = find(row, "created_at");
  const auto* const time = value == nullptr ? nullptr : std::get_if<Time>(value);
  if (time == nullptr || to_millis(*time) < 0 || *time > now) return {};
  return *time;
}

Time take_created_at(const Row& row, const RecordId& id, Time now) {
  return read_created_at(row, now).value_or(std::min(made_at(id), now));
}

RecordId take_id(const Row& row, Reasons& reasons) {
  const auto id = id_of(row);
  if (!id) reasons.add("_id", "is not an ObjectId");
  return id.value_or(RecordId{});
}

// The value is never shown: in some of these databases it is the password itself.
std::string take_password_hash(const Row& row, auth::Prehash prehash, Reasons& reasons) {
  const Value* const value = find(row, "password");
  if (value == nullptr) {
    reasons.add("password", "is missing");
    return {};
  }
  std::string_view text;
  if (const auto* written = std::get_if<std::string>(value)) text = *written;
  if (const auto* bytes = std::get_if<Bytes>(value)) text = as_text(*bytes);
  auto hash = auth::foreign_hash(text, prehash);
  if (!hash) reasons.add("password", "is not a bcrypt hash ($2a$, $2b$ or $2y$ of cost 4 to 16)");
  return hash.value_or("");
}

// Fills `secret`, or returns why the authenticator's secret cannot be kept.
std::string take_secret(const Row& row, Secret& secret) {
  const Value* const value = find(row, "secret");
  if (value == nullptr) return "secret is missing";
  const auto* const text = std::get_if<std::string>(value);
  auto read = text == nullptr ? std::nullopt : read_base32(*text);
  if (!read) return "secret is not base32";
  const auto size = read->reveal().size();
  if (size < secret_bytes_min || size > kSecretBytesMax) {
    return "secret has " + std::to_string(size) + " bytes, not " + std::to_string(secret_bytes_min) + " to " +
           std::to_string(kSecretBytesMax);
  }
  secret = std::move(*read);
  return {};
}

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<RecordId> id_of(const Row& row) {
  const Value* const value = find(row, "_id");
  const auto* const id = value == nullptr ? nullptr : std::get_if<RecordId>(value);
  return id == nullptr ? std::nullopt : std::optional(*id);
}

std::optional<std::string> text_of(const Row& row, std::string_view name) {
  const Value* const value = find(row, name);
  const auto* const text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

bool is_read(std::string_view name) {
  return is_read_of_user(name) || is_among(kProductMembers, name) || name == "pname";
}

bool is_read_of_user(std::string_view name) {
  return is_among(kUserMembers, name);
}

bool is_read_of_product(const Row& row, std::string_view name) {
  return is_among(kProductMembers, name) || name == name_member(row);
}

std::optional<Secret> read_base32(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (const auto rest = text.size() % 8; rest == 1 || rest == 3 || rest == 6)
    return {};  // no number of bytes has this length
  Bytes bytes;
  std::uint32_t bits = 0, held = 0;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = c >= '2' && c <= '7';
    if (!upper && !lower && !digit) return {};
    bits = bits << 5 | static_cast<std::uint32_t>(upper ? c - 'A' : lower ? c - 'a' : c - '2' + 26);
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
    bits &= (1U << held) - 1;
  }
  return Secret(std::move(bytes));
}

Result<Person> judge_user(const Row& row, const std::optional<std::string>& renamed, Factors factors, Time now,
                          auth::Prehash prehash) {
  Reasons reasons;
  Person person;
  const RecordId id = take_id(row, reasons);
  person.user.id = UserId{id.bytes};
  person.user.username =
      renamed ? *renamed : take_text(row, "username", model::username_rule, Missing::refused, reasons).value_or("");
  if (text_of(row, "name") != "") {
    person.user.name = take_text(row, "name", model::person_name_rule, Missing::none, reasons);
  }
  person.user.password_hash = take_password_hash(row, prehash, reasons);
  person.user.created_at = take_created_at(row, id, now);
  if (factors == Factors::keep) person.why_enrols = take_secret(row, person.secret);
  if (!reasons.none()) return reasons.error();
  return person;
}

Result<model::Product> judge_product(const Row& row, const std::string& currency, Time now, Notes& notes) {
  Reasons reasons;
  model::Product product;
  const RecordId id = take_id(row, reasons);
  product.id = ProductId{id.bytes};
  product.name = take_text(row, name_member(row), model::product_name, Missing::refused, reasons).value_or("");
  product.description = take_text(row, "description", model::product_description, Missing::none, reasons);
  product.price = take_price(row, reasons, notes);
  product.stock = take_stock(row, reasons, notes);
  product.currency = currency;
  product.created_at = product.updated_at = take_created_at(row, id, now);
  if (!reasons.none()) return reasons.error();
  if (!read_created_at(row, now))
    ++notes["products.created_at is missing or not a date between 1970 and now, so the time in the _id is used"];
  return product;
}

}  // namespace integrity::flask
