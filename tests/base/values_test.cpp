#include "base/values.hpp"

#include "tests/support.hpp"

#include <array>

namespace pare {
namespace {

TEST(Values, ANumberIsTheWholeText) {
  EXPECT_EQ(parse_whole("12"), 12);
  EXPECT_EQ(parse_whole("-9223372036854775808"), INT64_MIN);
  for (const char *text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "9223372036854775808", "1 2"})
    EXPECT_EQ(parse_whole(text), std::nullopt) << text;
  EXPECT_EQ(parse_real("0.5"), 0.5);
  for (const char *text : {"", " 1", "1 ", "+1", "0.5x", "1e999"}) EXPECT_EQ(parse_real(text), std::nullopt) << text;
}

TEST(Values, AFaultSaysWhatWouldBeAccepted) {
  const auto message = [](auto &&action) -> std::string {
    try {
      action();
    } catch (const Error &error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(read_whole("--batch", "8"), 8);
  EXPECT_EQ(message([] { read_whole("--batch", "0"); }), "[invalid_value] --batch: batch = 0 must be a whole number from 1 up");
  // A number that is large enough and too large: the end is named.
  EXPECT_EQ(message([] { read_whole("--batch", "12345678901234567890123"); }),
            "[invalid_value] --batch: batch = 12345678901234567890123 must be a whole number from 1 to 9223372036854775807");
  // Whole, and not written so.
  EXPECT_EQ(message([] { read_whole("--batch", "4e0"); }),
            "[invalid_value] --batch: batch = 4e0 must be a whole number from 1 up, written in digits");
  EXPECT_EQ(message([] { read_whole("--batch", "1e19"); }),
            "[invalid_value] --batch: batch = 1e19 must be a whole number from 1 to 9223372036854775807, written in digits");
  EXPECT_EQ(message([] { read_whole("--batch", "1.5"); }),
            "[invalid_value] --batch: batch = 1.5 must be a whole number from 1 up");
  EXPECT_EQ(message([] { read_whole("--classes", "11", 2, 10); }),
            "[invalid_value] --classes: classes = 11 must be a whole number from 2 to 10");
  EXPECT_EQ(message([] { read_seed("--seed", "-1"); }),
            "[invalid_value] --seed: seed = -1 must be a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(message([] { read_real("alpha", "nan"); }), "[invalid_value] alpha: alpha = nan must be a finite number");
  EXPECT_EQ(message([] { read_switch("flip", "yes"); }), "[invalid_value] flip: flip = yes must be on or off");
  EXPECT_EQ(message([] {
              read_choice("--like", "x", std::array<std::string_view, 2>{"a", "b"});
            }),
            "[invalid_value] --like: like = x must be one of a, b");
  EXPECT_EQ(message([] { read_whole("--batch", std::string(1000, 'x')); }).size(), 146U); // shortened
}

} // namespace
} // namespace pare
