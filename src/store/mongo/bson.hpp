// BSON documents as values: made from names and values, read by name.
//
//   const Doc filter("user", user, "expires_at", Doc("$gt", now));
//   auto name = View(found).take<std::string>("name");
//
// Names are literals (arrays of constant characters), so that no text from a user can become an operator. Ids are
// ObjectIds, times are dates, amounts of money are decimals, bytes are binary. An optional without a value adds
// nothing.
#pragma once
#include <mongoc/mongoc.h>

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "base/id.hpp"
#include "base/time.hpp"
#include "store/enum_names.hpp"

namespace integrity::store::mongo {

struct Name {
  consteval Name(const char* literal) : text(literal) {}  // NOLINT: calls pass a literal
  std::string_view text;
};

// A regular expression for everything that begins with this text. No character of the text is special in it.
struct BeginsWith {
  std::string_view text;
};
struct Lowest {};   // before every value
struct Highest {};  // after every value

class Array;

class Doc {
 public:
  Doc() : bson_(bson_new()) {}
  template <std::size_t n, class T, class... Rest>
  explicit Doc(const char (&name)[n], const T& value, const Rest&... rest) : Doc() {
    add(name, value, rest...);
  }
  Doc(const Doc& other) : bson_(bson_copy(other.bson_)) {}
  Doc(Doc&& other) noexcept : bson_(std::exchange(other.bson_, nullptr)) {}
  Doc& operator=(Doc other) noexcept {
    std::swap(bson_, other.bson_);
    return *this;
  }
  ~Doc() { bson_destroy(bson_); }
  static Doc from_json(std::string_view json);  // for texts of this program only
  static Doc copy_of(const bson_t* bson) { return Doc(bson_copy(bson)); }

  template <std::size_t n, class T, class... Rest>
  Doc& add(const char (&name)[n], const T& value, const Rest&... rest) {
    append(name, value);
    if constexpr (sizeof...(rest) > 0) add(rest...);
    return *this;
  }
  template <class T>
  Doc& add(Name name, const T& value) {
    append(name.text, value);
    return *this;
  }
  bool empty() const { return bson_empty(bson_); }
  const bson_t* get() const { return bson_; }
  bson_t* get() { return bson_; }

 private:
  friend class Array;
  explicit Doc(bson_t* bson) : bson_(bson) {}

  void append(std::string_view name, std::int64_t value);
  void append(std::string_view name, int value);
  void append(std::string_view name, std::same_as<bool> auto value) { append_bool(name, value); }
  void append(std::string_view name, std::string_view value);
  void append(std::string_view name, const char* value) { append(name, std::string_view(value)); }
  void append(std::string_view name, ByteView value);
  void append(std::string_view name, const Bytes& value) { append(name, ByteView(value)); }
  void append(std::string_view name, Time value);
  void append(std::string_view name, Money value);
  template <class Enum>
  requires std::is_enum_v<Enum>
  void append(std::string_view name, Enum value) { append(name, name_of(value)); }
  void append(std::string_view name, const std::vector<std::string>& value);
  void append(std::string_view name, model::Scopes value) { append(name, names_of(value)); }
  void append(std::string_view name, BeginsWith value);
  void append(std::string_view name, Lowest);
  void append(std::string_view name, Highest);
  void append(std::string_view name, const Doc& value);
  void append(std::string_view name, const Array& value);
  template <class Tag>
  void append(std::string_view name, const Id<Tag>& value) {
    append_id(name, value.bytes);
  }
  template <std::size_t n>
  void append(std::string_view name, const std::array<std::uint8_t, n>& value) {
    append(name, ByteView(value));
  }
  template <class T>
  void append(std::string_view name, const std::optional<T>& value) {
    if (value) append(name, *value);
  }
  void append_bool(std::string_view name, bool value);
  void append_id(std::string_view name, const std::array<std::uint8_t, 12>& bytes);

  bson_t* bson_;  // null only after it was moved from
};

class Array {
 public:
  template <class T>
  Array& add(const T& value) {
    doc_.append(std::to_string(size_++), value);
    return *this;
  }
  bool empty() const { return doc_.empty(); }
  const bson_t* get() const { return doc_.get(); }

 private:
  friend class View;
  Doc doc_;  // whose names are numbers
  std::size_t size_ = 0;
};

// The `_id` of a document as text; empty where it is of a type that no document of this program has.
std::string id_of(const bson_t* document);

// Dates are from 0000-01-01 to the end of 9999, so that the year has four digits.
inline constexpr Time earliest_time{Millis(-62'167'219'200'000)}, latest_time{Millis(253'402'300'799'999)};

// Reads a document that it does not own and that must outlive it. Throws Unreadable where a member is missing, or does
// not have the type and range that it must have. An optional may be missing.
class View {
 public:
  explicit View(const bson_t* bson) : bson_(bson) {}
  explicit View(const Doc& doc) : View(doc.get()) {}

  template <class T>
  T take(Name name) const {
    T value{};
    read(at(name), value);
    return value;
  }
  template <class T>
  requires std::same_as<T, std::optional<typename T::value_type>> T take(Name name)
  const {
    if (!has(name)) return {};
    return take<typename T::value_type>(name);
  }
  bool has(Name name) const;  // and it is not null

 private:
  bson_iter_t at(Name name) const;
  static void read(const bson_iter_t& at, std::int64_t& value);
  static void read(const bson_iter_t& at, int& value);
  static void read(const bson_iter_t& at, bool& value);
  static void read(const bson_iter_t& at, std::string& value);
  static void read(const bson_iter_t& at, Bytes& value) {
    const ByteView view = binary(at);
    value.assign(view.begin(), view.end());
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  static void read(const bson_iter_t& at, Enum& value) {
    std::string name;
    read(at, name);
    const auto found = value_of<Enum>(name);
    if (!found) unexpected_value(at);
    value = *found;
  }
  static void read(const bson_iter_t& at, model::Scopes& value);  // names of scopes
  static void read(const bson_iter_t& at, Time& value);
  static void read(const bson_iter_t& at, Money& value);
  static void read(const bson_iter_t& at, Doc& value);
  static void read(const bson_iter_t& at, Array& value);  // to be passed on: nothing may be added to it
  template <std::size_t n>
  static void read(const bson_iter_t& at, std::array<std::uint8_t, n>& value) {
    copy_exactly(at, binary(at), value);
  }
  template <class Tag>
  static void read(const bson_iter_t& at, Id<Tag>& value) {
    copy_exactly(at, object_id(at), value.bytes);
  }
  template <class T>
  static void read(const bson_iter_t& at, std::vector<T>& value) {
    for (bson_iter_t item = items(at); bson_iter_next(&item);) read(item, value.emplace_back());
  }
  static bson_iter_t items(const bson_iter_t& at);  // before the first
  static ByteView binary(const bson_iter_t& at);
  [[noreturn]] static void unexpected_value(const bson_iter_t& at);  // throws Unreadable
  static ByteView object_id(const bson_iter_t& at);
  static void copy_exactly(const bson_iter_t& at, ByteView from, std::span<std::uint8_t> to);

  const bson_t* bson_;
};

}  // namespace integrity::store::mongo
