#include "app/tls_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/random.hpp"
#include "http/test_certificates.hpp"
#include "testing/clock.hpp"
#include "testing/folder.hpp"

namespace integrity::app {
namespace {

using namespace http::test_certificates;

class TlsFilesTest : public ::testing::Test {
 protected:
  TlsFilesTest() { put(certificate, key); }

  // As programs do that renew certificates: each file is renamed into place.
  void put(const std::string& name, const std::string& content, mode_t mode) {
    const auto fresh = folder / (name + ".new");
    test::write_file(fresh, content);
    ::chmod(fresh.c_str(), mode);
    std::filesystem::rename(fresh, folder / name);
  }
  void put(const std::string& certificate_text, const std::string& key_text) {
    put("c.pem", certificate_text, 0644);
    put("k.pem", key_text, 0600);
  }
  // What a call logs: the names of the events, and the whole text in `said`.
  template <class Call>
  std::string events_of(Call call) {
    ::testing::internal::CaptureStderr();
    call();
    said = ::testing::internal::GetCapturedStderr();
    std::string names;
    for (std::size_t at = 0; (at = said.find("\"event\":\"", at)) != std::string::npos;) {
      at += 9;
      names += said.substr(at, said.find('"', at) - at) + " ";
    }
    return names;
  }
  std::string look() {
    return events_of([&] { files.look(); });
  }
  std::string reload() {
    return events_of([&] { files.reload(); });
  }

  test::TempFolder folder;
  test::ManualClock clock;
  SystemRandom random;
  http::Tls tls{clock, random, http::Hsts::all};
  TlsFiles files{folder / "c.pem", folder / "k.pem", tls, clock};
  std::string said;
};

TEST_F(TlsFilesTest, AreReadAgainWhenTheyHaveChangedAndWhenAsked) {
  EXPECT_EQ(events_of([&] { EXPECT_TRUE(files.load()); }), "");
  EXPECT_EQ(look(), "");
  EXPECT_EQ(reload(), "tls.loaded ");
  EXPECT_EQ(look(), "");
  put(other_certificate, other_key);
  EXPECT_EQ(look(), "tls.loaded ");
  EXPECT_NE(said.find("\"not_after\":\"2126-01-01T00:00:00.000Z\""), std::string::npos) << said;
  EXPECT_EQ(look(), "");
}

TEST_F(TlsFilesTest, BadOnesAreLoggedOnceAndTriedAgain) {
  ASSERT_TRUE(files.load());
  put("c.pem", other_certificate, 0644);  // half-replaced
  EXPECT_EQ(look(), "tls.refused ");
  EXPECT_NE(said.find("does not fit"), std::string::npos) << said;
  EXPECT_EQ(look(), "");
  EXPECT_EQ(reload(), "");
  put("k.pem", encrypted_key, 0600);
  EXPECT_EQ(look(), "tls.refused ") << "another bad state";
  std::filesystem::remove(folder / "k.pem");
  EXPECT_EQ(look(), "tls.refused ");
  EXPECT_EQ(look(), "");
  put("k.pem", other_key, 0600);
  EXPECT_EQ(look(), "tls.loaded ");
  put("k.pem", encrypted_key, 0600);
  EXPECT_EQ(look(), "tls.refused ");
}

// The files did not change, but the clock of a machine that had just started did.
TEST_F(TlsFilesTest, OnesThatWereUnfitForTheTimeAreTriedAgain) {
  ASSERT_TRUE(files.load());
  clock.move(std::chrono::days(-20 * 365));
  EXPECT_EQ(reload(), "tls.refused ");
  EXPECT_EQ(look(), "");
  clock.move(std::chrono::days(20 * 365));
  EXPECT_EQ(look(), "tls.loaded ");
}

TEST_F(TlsFilesTest, AKeyMayBeReadableByItsGroupButNotByOthers) {
  for (const mode_t mode : {0600U, 0640U, 0440U, 0400U}) {
    put("k.pem", key, mode);
    EXPECT_TRUE(files.load()) << mode;
  }
  for (const mode_t mode : {0604U, 0644U, 0444U}) {
    put("k.pem", key, mode);
    const Status loaded = files.load();
    ASSERT_FALSE(loaded) << mode;
    EXPECT_EQ(loaded.error().detail.find((folder / "k.pem").string() + ": others can read this key"), 0U);
  }
}

TEST_F(TlsFilesTest, AnEndThatIsNearIsLoggedAtTheStartAndOnceADay) {
  clock.move(from_millis(4'922'000'000'000) - clock.now());  // 10 days before the end
  EXPECT_EQ(events_of([&] { EXPECT_TRUE(files.load()); }), "tls.expires ");
  EXPECT_NE(said.find("\"days\":\"10\""), std::string::npos) << said;
  EXPECT_EQ(look(), "");
  clock.move(std::chrono::hours(23));
  EXPECT_EQ(look(), "");
  clock.move(std::chrono::hours(1));
  EXPECT_EQ(look(), "tls.expires ");
  EXPECT_EQ(look(), "");
  clock.move(std::chrono::days(30));
  EXPECT_EQ(look(), "tls.expires ") << "also when it has run out";
}

}  // namespace
}  // namespace integrity::app
