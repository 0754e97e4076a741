#include "auth/recovery_code.hpp"

#include <algorithm>

#include "auth/typed_code.hpp"
#include "testing/fuzzing.hpp"

namespace integrity::auth {
namespace {

using fuzzing::holds;

// Always gives the same bits, so that the code of these bits is made.
class TheseBits final : public Random {
 public:
  explicit TheseBits(ByteView bits) : bits_(bits.begin(), bits.end()) {}
  void fill(std::span<std::uint8_t> out) override {
    std::copy_n(bits_.begin(), std::min(out.size(), bits_.size()), out.begin());
  }

 private:
  Bytes bits_;
};

std::string as_printed(std::string_view typed) {
  std::string out;
  for (char c : without_spaces(typed)) {
    if (c == '-') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    out += c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
  }
  return out;
}

FUZZ_TARGET(recovery_code) {
  const auto bits = parse_recovery_code(input);
  if (bits) {
    holds(bits->size() == recovery_code_bytes, "a code is 120 bits");
    TheseBits chance(*bits);
    holds(make_recovery_codes(chance).front() == as_printed(input), "a typed code is the printed one");
  }
  if (input.size() < recovery_code_bytes) return;
  TheseBits chance(as_bytes(input.substr(0, recovery_code_bytes)));
  const auto printed = make_recovery_codes(chance).front();
  const auto back = parse_recovery_code(printed);
  holds(back && as_text(*back) == input.substr(0, recovery_code_bytes), "a printed code means its bits");
  holds(!parse_recovery_code(printed.substr(1)) && !parse_recovery_code(printed + "0"), "no other length is a code");
}

}  // namespace
}  // namespace integrity::auth
