#include "base/text.hpp"

#include <gtest/gtest.h>

namespace pare {
namespace {

TEST(Text, StaysOnOneLine) { EXPECT_EQ(one_line("a\nb\tc\x7f"), "a b c "); }

TEST(Text, IsShortenedInItsMiddleAndNotInACharacter) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefghij", 7), "ab...ij");
  EXPECT_EQ(shortened("abcdefghij", 3), "...");
  EXPECT_EQ(shortened("", 0), "");
  // é is two bytes: neither half may stand alone.
  for (std::size_t most = 3; most < 40; ++most) {
    const std::string text = shortened("ééééééééééééééééééééé", most);
    EXPECT_LE(text.size(), most);
    EXPECT_EQ((text.size() - 3) % 2, 0U) << text;
  }
  EXPECT_EQ(shown("a\"b"), "\"a\"b\"");
}

TEST(Text, IsWrappedAtWords) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one two three", 8, 2), (Lines{"one two", "  three"}));
  EXPECT_EQ(wrapped("onetwothree four", 4), (Lines{"onetwothree", "four"})) << "a word stays whole";
  EXPECT_EQ(wrapped("网络 网络", 8), (Lines{"网络", "网络"})) << "nine columns";
  EXPECT_EQ(wrapped("", 8), (Lines{""}));
}

TEST(Text, HasTheWidthThatATerminalGivesIt) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("conv1"), 5U);
  EXPECT_EQ(display_width("é"), 1U);         // one code point
  EXPECT_EQ(display_width("e\xCC\x81"), 1U); // e and a combining acute accent
  EXPECT_EQ(display_width("网络"), 4U);      // East Asian Wide
  EXPECT_EQ(display_width("ﾈｯﾄ"), 3U);       // halfwidth katakana
  EXPECT_EQ(display_width("ＡＢ"), 4U);      // fullwidth letters
  EXPECT_EQ(display_width("층"), 2U);        // Hangul
  EXPECT_EQ(display_width("🚀"), 2U);         // emoji
  EXPECT_EQ(display_width("слой→层"), 7U);   // Cyrillic and an arrow are narrow
  EXPECT_EQ(display_width("\xff\xfe"), 2U);  // bytes that are no character
  EXPECT_EQ(display_width("a\xe7\xbd"), 2U); // half of one, at the end
}

} // namespace
} // namespace pare
