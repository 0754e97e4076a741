#include "catalog/words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace integrity::catalog {
namespace {

using Words = std::vector<std::string>;

// The rule of `q`: every word of the query must occur in the text, the last one as the beginning of a word.
bool finds(std::string_view query, std::string_view text) {
  const auto asked = query_words(query);
  const auto there = words(text);
  if (asked.empty()) return false;
  const auto occurs = [&](const std::string& word) { return std::count(there.begin(), there.end(), word) > 0; };
  return std::all_of(asked.begin(), asked.end() - 1, occurs) &&
         std::any_of(there.begin(), there.end(), [&](const auto& word) { return word.starts_with(asked.back()); });
}

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
      {"Thảo nguyên ĐẶNG", {"thao", "nguyen", "dang"}},
      {"Ἀθῆναι ΣΊΣΥΦΟΣ", {"αθηναι", "σισυφοσ"}},
      {"ёлка Ёлка йод", {"елка", "елка", "иод"}},
      {"שָׁלוֹם", {"שלום"}},
      {"كِتَاب كتـــاب ﻛﺘﺎﺏ", {"كتاب", "كتاب", "كتاب"}},  // with vowels, stretched, in presentation forms
      {"한국어 \u1112\u1161\u11ab\u1100\u116e\u11a8어", {"한국어", "한국어"}},  // composed and as jamo
      {"დედა ენა", {"დედა", "ენა"}},
      {"ሰላም", {"ሰላም"}},
      {"🐢 turtle🐢shell", {"turtle", "shell"}},
      {"lamp\nlamp\tlamp", {"lamp", "lamp", "lamp"}},
  };
  for (const auto& c : kCases) EXPECT_EQ(words(c.text), c.expected) << c.text;
}

TEST(Words, KeepVowelSignsAndVoicingMarks) {
  const std::pair<const char*, const char*> kDifferent[] = {
      {"दिन", "दान"},    // Hindi: day, gift
      {"কলা", "কলি"},    // Bengali: banana, bud
      {"பால்", "பல்"},     // Tamil: milk, tooth
      {"ดิน", "ดน"},      // Thai: earth; not a word
      {"ໄກ່", "ໄກ້"},      // Lao tones
      {"កាក", "កីក"},     // Khmer
      {"မီး", "မား"},     // Myanmar
      {"ハス", "バス"},  // lotus, bus
      {"ハス", "パス"},  // pass
      {"バス", "パス"},
  };
  for (const auto& [one, other] : kDifferent) {
    EXPECT_FALSE(finds(one, other)) << one << ' ' << other;
    EXPECT_FALSE(finds(other, one)) << one << ' ' << other;
    EXPECT_TRUE(finds(one, one)) << one;
    EXPECT_TRUE(finds(other, other)) << other;
  }
  EXPECT_EQ(words("दिन"), Words{"दिन"});
}

TEST(Words, AreTheSameInAllCompatibleSpellings) {
  const std::pair<const char*, const char*> kAlike[] = {
      {"m2", "m²"},     {"usb", "ＵＳＢ"},  {"ガラス", "ｶﾞﾗｽ"},    {"ガラス", "カ\u3099ラス"},
      {"パン", "ﾊﾟﾝ"},  {"タワー", "ﾀﾜｰ"},  {"kg", "㎏"},          {"fisch", "ﬁsch"},
      {"iv", "Ⅳ"},      {"株式会社", "㍿"}, {"क\u093c", "\u0958"},  // qa, which NFC keeps in two code points
      {"グラム", "㌘"},
  };
  for (const auto& [one, other] : kAlike) {
    EXPECT_EQ(words(one), words(other)) << one << ' ' << other;
    EXPECT_TRUE(finds(one, other) && finds(other, one)) << one << ' ' << other;
    EXPECT_EQ(sort_key(one), sort_key(other)) << one << ' ' << other;
  }
}

TEST(Words, IgnoreDefaultIgnorableCharacters) {
  const std::pair<const char*, const char*> kAlike[] = {
      {"Tisch\u00adlampe", "tischlampe"},  // soft hyphen
      {"wire\u200bless", "wireless"},      // zero-width space
      {"می\u200cخواهم", "میخواهم"},        // zero-width non-joiner, in Persian
      {"क्\u200dष", "क्ष"},                  // zero-width joiner, in Hindi
      {"\ufefflamp", "lamp"},              // byte order mark
      {"葛\U000e0100", "葛"},              // an ideographic variation
      {"1\ufe0f\u20e3", "1"},              // a keycap: variation selector and enclosing mark
      {"\u202elamp\u202c", "lamp"},        // directions
  };
  for (const auto& [one, other] : kAlike) {
    EXPECT_EQ(words(one), words(other)) << one;
    EXPECT_EQ(sort_key(one), sort_key(other)) << one;
  }
}

TEST(Words, OfScriptsWithoutSpacesAreNGrams) {
  EXPECT_EQ(words("東京タワー lamp"), (Words{"東", "東京", "京", "京タ", "タ", "タワ", "ワ", "ワー", "ー", "lamp"}));
  EXPECT_EQ(words("12本入り"), (Words{"12", "本", "本入", "入", "入り", "り"}));
  EXPECT_EQ(words("กาแฟ"), (Words{"ก", "กา", "กาแ", "า", "าแ", "าแฟ", "แ", "แฟ", "ฟ"}));
  EXPECT_EQ(query_words("東"), (Words{"東"}));
  EXPECT_EQ(query_words("東京"), (Words{"東京"}));
  EXPECT_EQ(query_words("東京タワ"), (Words{"東京", "京タ", "タワ"}));
  EXPECT_EQ(query_words("กาแฟ"), (Words{"กาแ", "าแฟ"}));
  EXPECT_EQ(query_words("Lamp 東 la"), (Words{"lamp", "東", "la"}));
}

// Any part of such a text finds it, alone or before another word.
TEST(Words, OfScriptsWithoutSpacesAreFoundByAnyPart) {
  const std::u32string kTexts[] = {
      U"東京タワー観光案内",
      U"ひらがなとカタカナ",
      U"人民网科技股份",
      U"กาแฟเย็นไม่ใส่น้ำตาล",
      U"ກາເຟລາວ",
      U"ទឹកដោះគោ",
      U"ကော်ဖီမစ်",
  };
  const auto utf8 = [](std::u32string_view text) {
    std::string out;
    for (const char32_t c : text) {
      out += static_cast<char>(0xe0 | (c >> 12));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
      out += static_cast<char>(0x80 | (c & 0x3f));
    }
    return out;
  };
  for (const auto& text : kTexts) {
    const std::string whole = "Nr. 7: " + utf8(text) + " lamp";
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (std::size_t count = 1; at + count <= text.size(); ++count) {
        const auto part = utf8(std::u32string_view(text).substr(at, count));
        if (query_words(part).empty()) continue;  // a sign without its letter
        EXPECT_TRUE(finds(part, whole)) << part << " in " << whole;
        EXPECT_TRUE(finds(part + " la", whole)) << part << " in " << whole;
      }
    }
  }
  EXPECT_FALSE(finds("京東", "東京"));
  EXPECT_FALSE(finds("タブレット", "タブ レット"));
  EXPECT_FALSE(finds("กาน", "กา น"));
}

TEST(Words, TheBeginningOfAWordIsFoldedToTheBeginningOfTheFoldedWord) {
  const auto whole = words("Übergrößenträger").front();
  for (const char* prefix : {"Ü", "ÜBER", "ubergro", "übergrö", "übergrößen"}) {
    EXPECT_TRUE(whole.starts_with(words(prefix).front())) << prefix;
  }
  EXPECT_TRUE(finds("द", "दिन"));
  EXPECT_TRUE(finds("한국", "한국어"));
}

TEST(Words, OfATextThatGrowsWhenDecomposedAreComplete) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "\u1fb7";  // three code points when decomposed
  EXPECT_EQ(words(text).front().size(), 4000 * std::string("α").size() * 2) << "alpha and a folded iota";
}

TEST(Words, OfAProductEachOnce) {
  model::Product product;
  product.sku = "LAMP-7";
  product.name = "Desk lamp";
  product.description = "A lamp for the desk.";
  EXPECT_EQ(words_of(product), (Words{"7", "a", "desk", "for", "lamp", "the"}));
}

TEST(Words, AreTheSameAsOneText) {
  for (const char* name : {"Lamp", "Lampe LAMPE, 12 V", "東京都 Été", " - ", "ผ้าไหม"}) {
    for (const char* description : {"", "a lamp; the lamp", "दिन ｶﾞﾗｽ"}) {
      model::Product product;
      product.name = name;
      product.description = description;
      std::istringstream text(word_text(product));
      std::set<std::string> words;
      for (std::string word; text >> word;) words.insert(word);
      EXPECT_EQ(std::vector(words.begin(), words.end()), words_of(product)) << name << ' ' << description;
    }
  }
}

TEST(SortKey, LeavesOutCaseAndAccentsOnly) {
  EXPECT_EQ(sort_key("Élan, 2 m"), "elan, 2 m");
  EXPECT_LT(sort_key("apple"), sort_key("Banana"));
  EXPECT_EQ(sort_key("ÆON"), "aeon");
  EXPECT_LT(sort_key("ハス"), sort_key("バス"));
  EXPECT_LT(sort_key("バス"), sort_key("パス"));
  EXPECT_LT(sort_key("दान"), sort_key("दिन"));
}

// A name has at most 200 characters, and one of them can become eighteen. A cursor has to contain the key.
TEST(SortKey, IsCutToFitIntoACursor) {
  std::string longest;
  for (int i = 0; i < 200; ++i) longest += "\ufdfa";
  const auto key = sort_key(longest);
  EXPECT_LE(key.size(), sort_key_bytes_max);
  EXPECT_GT(key.size(), sort_key_bytes_max - 4);
  EXPECT_EQ(sort_key(key), key) << "cut between characters";
  std::string ideographs;
  for (int i = 0; i < 200; ++i) ideographs += "\U00020000";
  EXPECT_EQ(sort_key(ideographs), ideographs);
}

}  // namespace
}  // namespace integrity::catalog
