#include "api/roles_page.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace integrity::api {
namespace {

constexpr const char* kFile = INTEGRITY_SOURCE_DIR "/docs/roles.md";

// BLESS=1 writes the file.
TEST(RolesPage, IsTheOneInDocs) {
  const char* const bless = std::getenv("BLESS");
  if (bless != nullptr && std::string_view(bless) == "1") std::ofstream(kFile) << roles_page();
  std::ostringstream text;
  text << std::ifstream(kFile).rdbuf();
  EXPECT_EQ(text.str(), roles_page()) << "docs/roles.md is not what the declarations say; BLESS=1 writes it";
}

}  // namespace
}  // namespace integrity::api
