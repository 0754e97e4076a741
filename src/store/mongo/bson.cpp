#include "store/mongo/bson.hpp"

#include <algorithm>

#include "store/mongo/error_map.hpp"

namespace integrity::store::mongo {
namespace {

// IEEE 754 decimal128 as in BSON: 113 bits of coefficient, above them the exponent with a bias of 6176.
constexpr std::uint64_t kFourPlaces = std::uint64_t{6176 - Money::places} << 49;

int length(std::string_view text) {
  return static_cast<int>(text.size());
}

void expect(bool appended) {
  if (!appended) throw Broken("a document is larger than BSON can hold");
}

std::string id_of(const std::uint8_t* document, std::size_t size) {
  bson_t whole;
  bson_iter_t at;
  if (!bson_init_static(&whole, document, size) || !bson_iter_init_find(&at, &whole, "_id")) return {};
  switch (bson_iter_type(&at)) {
    case BSON_TYPE_UTF8:
      return bson_iter_utf8(&at, nullptr);
    case BSON_TYPE_INT64:
      return std::to_string(bson_iter_int64(&at));
    case BSON_TYPE_OID:
      return to_hex({bson_iter_oid(&at)->bytes, sizeof(bson_oid_t)});
    case BSON_TYPE_BINARY: {
      bson_subtype_t subtype{};
      std::uint32_t length = 0;
      const std::uint8_t* data = nullptr;
      bson_iter_binary(&at, &subtype, &length, &data);
      return to_hex({data, length});
    }
    default:
      return {};
  }
}

[[noreturn]] void unexpected(const bson_iter_t& at) {
  throw Unreadable(id_of(at.raw, at.len), std::string("unexpected value of ") + bson_iter_key(&at));
}

void expect_type(const bson_iter_t& at, bson_type_t type) {
  if (bson_iter_type(&at) != type) unexpected(at);
}

// A document or an array is a length and its members.
Doc copy_of_part(const bson_iter_t& at) {
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_type_t type = bson_iter_type(&at);
  type == BSON_TYPE_ARRAY ? bson_iter_array(&at, &size, &data) : bson_iter_document(&at, &size, &data);
  bson_t part;
  if (!bson_init_static(&part, data, size)) unexpected(at);
  return Doc::copy_of(&part);
}

}  // namespace

std::string id_of(const bson_t* document) {
  return id_of(bson_get_data(document), document->len);
}

Doc Doc::from_json(std::string_view json) {
  bson_error_t error;
  bson_t* const bson =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  if (bson == nullptr) throw Broken(error.message);
  return Doc(bson);
}

void Doc::append(std::string_view name, std::int64_t value) {
  expect(bson_append_int64(get(), name.data(), length(name), value));
}
void Doc::append(std::string_view name, int value) {
  expect(bson_append_int32(get(), name.data(), length(name), value));
}
void Doc::append_bool(std::string_view name, bool value) {
  expect(bson_append_bool(get(), name.data(), length(name), value));
}
void Doc::append(std::string_view name, std::string_view value) {
  // A null pointer would be appended as null.
  expect(bson_append_utf8(get(), name.data(), length(name), value.empty() ? "" : value.data(), length(value)));
}
void Doc::append(std::string_view name, ByteView value) {
  expect(bson_append_binary(get(), name.data(), length(name), BSON_SUBTYPE_BINARY, value.data(),
                            static_cast<std::uint32_t>(value.size())));
}
void Doc::append(std::string_view name, Time value) {
  expect(bson_append_date_time(get(), name.data(), length(name), to_millis(value)));
}
void Doc::append(std::string_view name, Money value) {
  const bson_decimal128_t decimal{.low = static_cast<std::uint64_t>(value.units), .high = kFourPlaces};
  expect(bson_append_decimal128(get(), name.data(), length(name), &decimal));
}
void Doc::append(std::string_view name, const std::vector<std::string>& value) {
  Array items;
  for (const auto& each : value) items.add(each);
  append(name, items);
}
void Doc::append(std::string_view name, BeginsWith value) {
  std::string pattern = "^";
  for (const char c : value.text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c & 0x80) != 0;
    if (!plain) pattern += '\\';
    pattern += c;
  }
  expect(bson_append_regex_w_len(get(), name.data(), length(name), pattern.data(), length(pattern), ""));
}
void Doc::append(std::string_view name, Lowest) {
  expect(bson_append_minkey(get(), name.data(), length(name)));
}
void Doc::append(std::string_view name, Highest) {
  expect(bson_append_maxkey(get(), name.data(), length(name)));
}
void Doc::append(std::string_view name, const Doc& value) {
  expect(bson_append_document(get(), name.data(), length(name), value.get()));
}
void Doc::append(std::string_view name, const Array& value) {
  expect(bson_append_array(get(), name.data(), length(name), value.get()));
}
void Doc::append_id(std::string_view name, const std::array<std::uint8_t, 12>& bytes) {
  bson_oid_t oid;
  bson_oid_init_from_data(&oid, bytes.data());
  expect(bson_append_oid(get(), name.data(), length(name), &oid));
}

bool View::has(Name name) const {
  bson_iter_t at;
  return bson_iter_init_find_w_len(&at, bson_, name.text.data(), length(name.text)) &&
         bson_iter_type(&at) != BSON_TYPE_NULL;
}

bson_iter_t View::at(Name name) const {
  bson_iter_t at;
  if (!bson_iter_init_find_w_len(&at, bson_, name.text.data(), length(name.text))) {
    throw Unreadable(id_of(bson_get_data(bson_), bson_->len), "no " + std::string(name.text));
  }
  return at;
}

void View::read(const bson_iter_t& at, std::int64_t& value) {
  if (bson_iter_type(&at) == BSON_TYPE_INT32) {
    value = bson_iter_int32(&at);
    return;
  }
  expect_type(at, BSON_TYPE_INT64);
  value = bson_iter_int64(&at);
}
void View::read(const bson_iter_t& at, int& value) {
  expect_type(at, BSON_TYPE_INT32);
  value = bson_iter_int32(&at);
}
void View::read(const bson_iter_t& at, bool& value) {
  expect_type(at, BSON_TYPE_BOOL);
  value = bson_iter_bool(&at);
}
void View::read(const bson_iter_t& at, std::string& value) {
  expect_type(at, BSON_TYPE_UTF8);
  std::uint32_t size = 0;
  const char* const text = bson_iter_utf8(&at, &size);
  value.assign(text, size);
}
void View::read(const bson_iter_t& at, Time& value) {
  expect_type(at, BSON_TYPE_DATE_TIME);
  value = from_millis(bson_iter_date_time(&at));
  if (value < earliest_time || value > latest_time) unexpected(at);
}
void View::read(const bson_iter_t& at, model::Scopes& value) {
  std::vector<std::string> names;
  read(at, names);
  value = {};
  for (const auto& name : names) {
    const auto scope = model::scope_named(name);
    if (!scope) unexpected(at);
    value.add(*scope);
  }
}
// Another program may have written the same amount with fewer digits or with more.
void View::read(const bson_iter_t& at, Money& value) {
  expect_type(at, BSON_TYPE_DECIMAL128);
  bson_decimal128_t decimal;
  bson_iter_decimal128(&at, &decimal);
  if (decimal.high == kFourPlaces && decimal.low <= static_cast<std::uint64_t>(Money::max)) {
    value.units = static_cast<std::int64_t>(decimal.low);
    return;
  }
  std::array<char, BSON_DECIMAL128_STRING> text;
  bson_decimal128_to_string(&decimal, text.data());
  const auto parsed = Decimal::parse_json(text.data());
  const auto money = parsed ? Money::from(*parsed) : std::nullopt;
  if (!money) unexpected(at);
  value = *money;
}
void View::read(const bson_iter_t& at, Doc& value) {
  expect_type(at, BSON_TYPE_DOCUMENT);
  value = copy_of_part(at);
}
void View::read(const bson_iter_t& at, Array& value) {
  expect_type(at, BSON_TYPE_ARRAY);
  value.doc_ = copy_of_part(at);
}

bson_iter_t View::items(const bson_iter_t& at) {
  expect_type(at, BSON_TYPE_ARRAY);
  bson_iter_t item;
  if (!bson_iter_recurse(&at, &item)) unexpected(at);
  return item;
}

void View::unexpected_value(const bson_iter_t& at) {
  unexpected(at);
}

ByteView View::binary(const bson_iter_t& at) {
  expect_type(at, BSON_TYPE_BINARY);
  bson_subtype_t subtype{};
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&at, &subtype, &size, &data);
  return {data, size};
}

ByteView View::object_id(const bson_iter_t& at) {
  expect_type(at, BSON_TYPE_OID);
  return bson_iter_oid(&at)->bytes;
}

void View::copy_exactly(const bson_iter_t& at, ByteView from, std::span<std::uint8_t> to) {
  if (from.size() != to.size()) unexpected(at);
  std::copy(from.begin(), from.end(), to.begin());
}

}  // namespace integrity::store::mongo
