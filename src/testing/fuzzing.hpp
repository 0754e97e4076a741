// For fuzz targets only. A target is next to the file that it tests; `json_fuzz.cpp` contains
//
//   FUZZ_TARGET(json) {                                   // std::string_view input: any bytes
//     if (const auto value = json::parse(input)) holds(parse(written(*value)) == value, "writing loses nothing");
//   }
//
// The preset `fuzz` compiles it to a program, build/fuzz/json_fuzz, in which clang's libFuzzer searches for inputs that
// violate a property. In all other builds it is the test Fuzz.json, which runs the inputs in fuzz/corpus/json/ and
// mutations of them: the same ones in every run, others with INTEGRITY_FUZZ_SEED.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#ifdef INTEGRITY_LIBFUZZER

namespace integrity::fuzzing {

// States a property. If it does not hold, the program ends, and libFuzzer stores the input.
inline void holds(bool property, const char* what) {
  if (property) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace integrity::fuzzing

#define FUZZ_TARGET(name)                                                             \
  static void fuzz_##name(std::string_view input);                                    \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_##name({reinterpret_cast<const char*>(data), size});                         \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_##name(std::string_view input)

#else

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "testing/random.hpp"

namespace integrity::fuzzing {

inline constexpr int mutations = 3000;

inline void holds(bool property, const char* what) {
  if (!property) throw std::logic_error(std::string("does not hold: ") + what);
}

inline std::vector<std::string> corpus(const std::string& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(INTEGRITY_CORPUS + ("/" + target))) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// One of the inputs with some bytes changed, removed, doubled, or copied from another input.
inline std::string mutated(const std::vector<std::string>& inputs, Random& random) {
  const auto below = [&](std::size_t limit) {
    const auto bytes = random.bytes(4);
    return (std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 | bytes[3]) % limit;
  };
  std::string text = inputs[below(inputs.size())];
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    const std::size_t at = below(text.size() + 1);
    const std::string& other = inputs[below(inputs.size())];
    const std::size_t from = below(other.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        text.erase(at, 1 + below(4));
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + below(16)));
        break;
      case 3:
        text.replace(at, below(16), other, from, 1 + below(16));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 1 << below(8));
    }
  }
  return text;
}

inline void replay(const std::string& target, void (*body)(std::string_view)) {
  auto inputs = corpus(target);
  ASSERT_FALSE(inputs.empty()) << "fuzz/corpus/" << target << " is empty";
  const auto run = [&](const std::string& input) {
    try {
      body(input);
    } catch (const std::exception& error) {
      FAIL() << error.what() << "\ninput: " << json::quoted(input);
    }
  };
  for (const auto& input : inputs) ASSERT_NO_FATAL_FAILURE(run(input));
  const char* given = std::getenv("INTEGRITY_FUZZ_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("mutations of seed " + std::to_string(seed));
  test::SeededRandom random(seed);
  inputs.emplace_back();
  for (int i = 0; i < mutations; ++i) ASSERT_NO_FATAL_FAILURE(run(mutated(inputs, random)));
}

}  // namespace integrity::fuzzing

#define FUZZ_TARGET(name)                            \
  static void fuzz_##name(std::string_view input);   \
  TEST(Fuzz, name) {                                 \
    integrity::fuzzing::replay(#name, &fuzz_##name); \
  }                                                  \
  static void fuzz_##name(std::string_view input)

#endif

namespace integrity::fuzzing {

// Removes and returns the first byte, or 0 if none is left. A target chooses its parameters by such bytes, so that the
// fuzzer can vary them.
inline std::uint8_t take_byte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(input.front());
  input.remove_prefix(1);
  return byte;
}

}  // namespace integrity::fuzzing
