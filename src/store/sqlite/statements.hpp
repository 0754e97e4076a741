// SQL for the rows that store/members.hpp describes, made by the compiler:
//
//   db.run(insert<KeyFingerprint>, …)                               // INSERT INTO key_fingerprints (key, …) VALUES (?, …)
//   db.query(select_from<KeyFingerprint, "WHERE key = ?">, key)          // SELECT key, fingerprint FROM key_fingerprints WHERE …
//   db.query(select_from<KeyFingerprint, "…", ", rowid">, …)             // and one column more
#pragma once
#include "store/members.hpp"
#include "store/sqlite/db.hpp"

namespace integrity::store::sqlite {

// A literal as the argument of a template.
template <std::size_t n>
struct Literal {
  char text[n]{};
  consteval Literal(const char (&literal)[n]) {  // NOLINT: so that a call shows the literal only
    for (std::size_t i = 0; i < n; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, n - 1}; }
};
template <std::size_t n>
Literal(const char (&)[n]) -> Literal<n>;

// Text that the compiler makes.
struct SqlText {
  std::array<char, 2048> chars{};
  std::size_t size = 0;

  constexpr SqlText& add(std::string_view text) {
    for (const char each : text) chars.at(size++) = each;
    return *this;
  }
};

enum class Each : std::uint8_t { name, question_mark, assignment_but_key };

// With commas.
template <class T>
constexpr SqlText list(Each each) {
  SqlText sql;
  bool key = true;
  for_each_member<T>([&](const auto& member) {
    if (std::exchange(key, false) && each == Each::assignment_but_key) return;
    if (sql.size > 0) sql.add(", ");
    if (each != Each::question_mark) sql.add(member.name);
    if (each != Each::name) sql.add(each == Each::question_mark ? "?" : " = ?");
  });
  return sql;
}
constexpr std::string_view view(const SqlText& sql) {
  return {sql.chars.data(), sql.size};
}

template <class T, Literal rest, Literal more>
constexpr SqlText select_text() {
  SqlText sql;
  sql.add("SELECT ").add(view(list<T>(Each::name))).add(more.view());
  return sql.add(" FROM ").add(Described<T>::table).add(" ").add(rest.view());
}
template <class T, Literal more, Literal value>
constexpr SqlText insert_text() {
  SqlText sql;
  sql.add("INSERT INTO ").add(Described<T>::table).add(" (").add(view(list<T>(Each::name))).add(more.view());
  return sql.add(") VALUES (").add(view(list<T>(Each::question_mark))).add(value.view()).add(")");
}
template <class T, Literal rest>
constexpr SqlText update_text() {
  SqlText sql;
  sql.add("UPDATE ").add(Described<T>::table).add(" SET ").add(view(list<T>(Each::assignment_but_key)));
  return sql.add(" ").add(rest.view());
}
template <class T, Literal before, Literal after>
constexpr SqlText around_text() {
  SqlText sql;
  return sql.add(before.view()).add(view(list<T>(Each::name))).add(after.view());
}

template <class T>
constexpr SqlText count_text() {
  SqlText sql;
  return sql.add("SELECT count(*) FROM ").add(Described<T>::table);
}

template <SqlText (*make)()>
struct Kept {
  static constexpr SqlText whole = make();
  static constexpr auto text = [] {
    std::array<char, whole.size + 1> chars{};
    for (std::size_t i = 0; i < whole.size; ++i) chars[i] = whole.chars[i];
    return chars;
  }();
};

template <class T, Literal rest = "", Literal more = "">
inline constexpr Sql select_from = Kept<select_text<T, rest, more>>::text.data();
template <class T, Literal more = "", Literal value = "">
inline constexpr Sql insert_into = Kept<insert_text<T, more, value>>::text.data();
// All columns but the key, which `rest` may name.
template <class T, Literal rest>
inline constexpr Sql update = Kept<update_text<T, rest>>::text.data();
// The columns between two texts: for RETURNING.
template <class T, Literal before, Literal after = "">
inline constexpr Sql around = Kept<around_text<T, before, after>>::text.data();

template <class T>
inline constexpr Sql count_of = Kept<count_text<T>>::text.data();

// The row in the order of the columns.
template <class T>
T take(Run& row) {
  T value;
  for_each_member<T>([&](const auto& member) {
    using Value = typename StoredMember<T, std::remove_cvref_t<decltype(member)>>::type;
    member.set(value, row.take<Value>());
  });
  return value;
}

// Runs one of the statements above: with the row's members, then the rest.
template <class T, class... Rest>
void run_with(Database& db, Sql sql, const T& row, const Rest&... rest) {
  std::apply([&](const auto&... member) { db.run(sql, member.get(row)..., rest...); }, Described<T>::members);
}
template <class T, class... Rest>
std::size_t run_update(Database& db, Sql sql, const T& row, const Rest&... rest) {
  return std::apply([&](const auto&, const auto&... member) { return db.run(sql, member.get(row)..., rest...); },
                    Described<T>::members);
}
template <class T>
void insert(Database& db, const T& row) {
  run_with(db, insert_into<T>, row);
}
// Nothing where a UNIQUE index has one of its values already.
template <class T>
std::optional<std::size_t> insert_unless_taken(Database& db, const T& row) {
  return std::apply([&](const auto&... member) { return db.run_unless_taken(insert_into<T>, member.get(row)...); },
                    Described<T>::members);
}

}  // namespace integrity::store::sqlite
