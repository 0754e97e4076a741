#include "catalog/words.hpp"

#include <gtest/gtest.h>

namespace integrity::catalog {
namespace {

using Words = std::vector<std::string>;

TEST(Words, FoldCaseRemoveAccentsAndSplit) {
  const struct {
    std::string text;
    Words expected;
  } kCases[] = {
      {"", {}},
      {" -.,;! ", {}},
      {"Desk Lamp", {"desk", "lamp"}},
      {"L-1/A_b.c", {"l", "1", "a", "b", "c"}},
      {"12V 0.5A", {"12v", "0", "5a"}},
      {"Crème BRÛLÉE", {"creme", "brulee"}},
      {"Cre\u0300me", {"creme"}},  // the accent as a code point of its own
      {"Straße STRASSE", {"strasse", "strasse"}},
      {"Łódź Ærø Đà İzmir ıstanbul", {"lodz", "aero", "da", "izmir", "istanbul"}},
      {"Ἀθῆναι ΣΊΣΥΦΟΣ", {"αθηναι", "σισυφοσ"}},
      {"ёлка Ёлка", {"елка", "елка"}},
      {"東京タワー lamp", {"東", "京", "タ", "ワ", "ー", "lamp"}},
      {"ガ", {"カ"}},  // a voiced mark is an accent to Unicode, on both sides of the comparison
      {"🐢 turtle🐢shell", {"turtle", "shell"}},
      {"lamp\nlamp\tlamp", {"lamp", "lamp", "lamp"}},
  };
  for (const auto& c : kCases) EXPECT_EQ(words(c.text), c.expected) << c.text;
}

TEST(Words, TheBeginningOfAWordIsTheBeginningOfItsFold) {
  const auto whole = words("Übergrößenträger").front();
  for (const char* prefix : {"Ü", "ÜBER", "ubergro", "übergrö", "übergrößen"}) {
    EXPECT_TRUE(whole.starts_with(words(prefix).front())) << prefix;
  }
}

TEST(Words, HaveRoomForTextsThatGrow) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "\u1fb7";  // three code points when decomposed
  EXPECT_EQ(words(text).front().size(), 4000 * std::string("α").size() * 2) << "alpha and, folded, iota";
}

TEST(Words, OfAProductEachOnce) {
  model::Product product;
  product.sku = "LAMP-7";
  product.name = "Desk lamp";
  product.description = "A lamp for the desk.";
  EXPECT_EQ(words_of(product), (Words{"7", "a", "desk", "for", "lamp", "the"}));
}

TEST(SortKey, KeepsWhatIsNeitherCaseNorAccent) {
  EXPECT_EQ(sort_key("Élan, 2 m"), "elan, 2 m");
  EXPECT_LT(sort_key("apple"), sort_key("Banana"));
  EXPECT_EQ(sort_key("ÆON"), "aeon");
}

}  // namespace
}  // namespace integrity::catalog
