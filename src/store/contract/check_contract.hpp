// What the tests of checks (check_test.cpp) share: a store with rows of every kind, read with some of them altered.
#pragma once
#include "store/contract/move_contract.hpp"

namespace integrity::store {

class Findings final : public CheckReport {
 public:
  void found(std::string_view about, std::string_view what) override {
    lines_.insert(std::string(about) + ": " + std::string(what));
  }
  void progress(std::string_view, std::size_t, std::size_t) override {}

  const std::set<std::string>& lines() const { return lines_; }
  std::string text() const {
    std::string all;
    for (const auto& line : lines_) all += line + '\n';
    return all;
  }
  bool has(std::string_view text) const { return this->text().find(text) != std::string::npos; }

 private:
  std::set<std::string> lines_;
};

// Everything that another source gives, but for what the alteration does to its rows: true to keep a row.
class Altered final : public CheckSource {
 public:
  using Alteration = std::function<bool(Row&)>;
  Altered(CheckSource& real, Alteration alter) : real_(real), alter_(std::move(alter)) {}

  std::size_t count(RowKind kind, CheckReport& report) override { return real_.count(kind, report); }
  bool read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) override {
    return real_.read(
        kind,
        [&](const Row& row) {
          Row altered = row;
          if (alter_(altered)) take(altered);
        },
        report);
  }
  std::optional<Watermark> watermark(CheckReport& report) override { return real_.watermark(report); }
  void check_own(CheckReport&) override {}

 private:
  CheckSource& real_;
  const Alteration alter_;
};

class StoreCheck : public StoreMove {
 protected:
  // In one part and in many parts: the findings must be the same.
  Findings findings(const Altered::Alteration& alter) {
    Findings whole, in_parts;
    const auto source = open_check();
    Altered altered(*source, alter);
    check(altered, whole);
    check(altered, in_parts, 20);
    EXPECT_EQ(whole.lines(), in_parts.lines());
    return whole;
  }
  // Of the rows of one type.
  template <class T, class F>
  Findings findings_where(F alter) {
    return findings([&](Row& row) {
      T* const found = std::get_if<T>(&row);
      return found == nullptr || alter(*found);
    });
  }
  static std::string product_name(const model::Product& product) {
    return about(model::RecordKind::product, product.id.hex());
  }
  std::string ada_name() const { return about(model::RecordKind::user, ada_.id.hex()); }
  std::string session_name() const { return about(model::RecordKind::session, session_.session.id.hex()); }
  std::string key_name() const { return about(model::RecordKind::key, key_.id.hex()); }
};

}  // namespace integrity::store
