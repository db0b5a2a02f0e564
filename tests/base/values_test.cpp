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

TEST(Lists, AreSplitAtTheirCommas) {
  const auto expect = [](std::string_view text, const std::vector<std::string> &items) {
    EXPECT_EQ(split_list(text), items) << text;
  };
  expect("", {""});
  expect("macs", {"macs"});
  expect("macs,reference", {"macs", "reference"});
  expect(" a , b ", {"a", "b"});
  expect("a,,b,", {"a", "", "b", ""});
  // What belongs to the item before it.
  expect("tensor_train:dimensions=4,rank_scale=0.3,Shuffle_4", {"tensor_train:dimensions=4,rank_scale=0.3", "Shuffle_4"});
  expect("tensor_train:dimensions=4, rank_scale=0.3, shuffle:groups=4",
         {"tensor_train:dimensions=4,rank_scale=0.3", "shuffle:groups=4"});
  expect("wide_resnet:depth=28,width=10,darts", {"wide_resnet:depth=28,width=10", "darts"});
  expect("width=10,darts", {"width=10", "darts"});
  // A budget is no setting.
  expect("parameters<=1M,mult-adds[macs]<=5%,params~1", {"parameters<=1M", "mult-adds[macs]<=5%", "params~1"});
  // Commas inside values.
  expect(R"(darts:genotype={"a": [1,2], "b": "],"},layers=8,wrn-10-1)",
         {R"(darts:genotype={"a": [1,2], "b": "],"},layers=8)", "wrn-10-1"});
  for (const char *text : {"a[,b", "a],b", R"(a:b={"c,d)"}) expect(text, {text});
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
