// Hashes with libcrypt's bcrypt on one core: what the server's logins are compared with.
//
//   bcrypt_loop COST SECONDS     prints hashes per second
#include <crypt.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bcrypt_loop COST SECONDS\n");
    return 2;
  }
  char setting[30];
  std::snprintf(setting, sizeof setting, "$2b$%02d$abcdefghijklmnopqrstuu", std::atoi(argv[1]));
  const double seconds = std::atof(argv[2]);
  static crypt_data data;
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> passed{};
  long done = 0;
  for (; passed.count() < seconds; ++done) {
    // The length of what the server hashes: 48 bytes of HMAC-SHA-384 in base64.
    const char* hash = crypt_r("0123456789012345678901234567890123456789012345678901234567890123", setting, &data);
    if (hash == nullptr || hash[0] == '*') return 1;
    passed = std::chrono::steady_clock::now() - start;
  }
  std::printf("%.3f\n", static_cast<double>(done) / passed.count());
  return 0;
}
