#include "base/json.hpp"

#include "base/files.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

namespace pare {
namespace {

using json::Place;
using json::Value;

std::string message_of(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "none";
}
std::string fault(const std::string &text) {
  return message_of([&] { json::parse(text, Place("a.json")); });
}
std::string fault(const std::string &text, const std::function<void(json::Members &)> &read) {
  return message_of([&] {
    const Value document = json::parse(text, Place("a.json"));
    json::Members members(document, Place("a.json"));
    read(members);
  });
}

TEST(Json, PlacesAreDotted) {
  const Place top("a.json");
  EXPECT_EQ(top.text(), "a.json");
  EXPECT_EQ(top.member("budgets").item(0).member("limit").text(), "a.json/budgets[0].limit");
  EXPECT_EQ(top.member("weights").member("conv.mac").text(), "a.json/weights[\"conv.mac\"]");
  EXPECT_EQ(top.member("plan").member("").text(), "a.json/plan[\"\"]");
  EXPECT_EQ(top.item(3).text(), "a.json/[3]");
  EXPECT_EQ(top.member("layers").item(2).called("conv1").member("kernel").text(), "a.json/layers[2].kernel (conv1)");
}

TEST(Json, FaultsOfTheTextSayWhereAndNoLibrary) {
  EXPECT_EQ(fault(""), "[invalid_file] a.json: parse error at line 1, column 1: syntax error while parsing value - unexpected "
                       "end of input; expected '[', '{', or a literal");
  EXPECT_EQ(fault("{\"a\": 1,}"),
            "[invalid_file] a.json: parse error at line 1, column 9: syntax error while parsing object key - "
            "unexpected '}'; expected string literal");
  EXPECT_EQ(fault("{} x"), "[invalid_file] a.json: parse error at line 1, column 4: syntax error while parsing value - invalid "
                           "literal; last read: '{} x'; expected end of input");
  EXPECT_LT(fault("[" + std::string(1'000'000, 'x') + "]").size(), 400U);
  EXPECT_NE(fault("\"\xff\"").find("ill-formed UTF-8 byte"), std::string::npos);
  EXPECT_EQ(fault("[1e999]"), "[invalid_file] a.json/[0]: number 1e999 is beyond a double");
  EXPECT_EQ(fault("{\"a\": {\"b\": [0, -1e999]}}"), "[invalid_file] a.json/a.b[1]: number -1e999 is beyond a double");
}

TEST(Json, AKeyIsGivenOnce) {
  EXPECT_EQ(fault(R"({"a": 1, "a": 1})"), "[invalid_file] a.json/a: key \"a\" is given twice in one object");
  EXPECT_EQ(fault(R"({"x": [{"conv.mac": 1, "conv.mac": 1}]})"),
            "[invalid_file] a.json/x[0][\"conv.mac\"]: key \"conv.mac\" is given twice in one object");
  EXPECT_EQ(fault(R"({"a": 1, "\u0061": 1})"), "[invalid_file] a.json/a: key \"a\" is given twice in one object");
  EXPECT_EQ(fault(R"({"a": {"a": 1}, "b": {"a": 1}})"), "none");
  // Many keys are known by another way than few; all are kept, in their order.
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("{}\"k{}\": {}", i == 0 ? "" : ", ", i, i);
  const Value document = json::parse(many + "}", Place("a.json"));
  EXPECT_EQ(document.size(), 100U);
  EXPECT_EQ(document.begin().key(), "k0");
  for (const int twice : {0, 15, 16, 17, 99})
    EXPECT_EQ(fault(many + fmt::format(", \"k{}\": 0}}", twice)),
              fmt::format("[invalid_file] a.json/k{0}: key \"k{0}\" is given twice in one object", twice));
}

TEST(Json, IsSixtyFourLevelsDeepAtMost) {
  const auto nested = [](std::size_t n, char open, char close) { return std::string(n, open) + std::string(n, close); };
  EXPECT_EQ(fault(nested(64, '[', ']')), "none");
  const std::string deep = "[invalid_file] a.json: nested deeper than 64 levels, which nothing that is read here needs";
  EXPECT_EQ(fault(nested(65, '[', ']')), deep);
  EXPECT_EQ(fault(std::string(10'000'000, '[')), deep);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(fault(objects), deep);
}

TEST(Json, TextIsBounded) {
  const std::string large(kMostTextBytes + 1, ' ');
  EXPECT_EQ(fault(large), "[limit] a.json: has 536870913 bytes; at most 536870912 are read as JSON");
}

TEST(Json, MembersAreChecked) {
  using Members = json::Members;
  EXPECT_EQ(fault("3", [](Members &) {}), "[invalid_file] a.json: 3 must be an object");
  EXPECT_EQ(fault("{}", [](Members &m) { m.text("a"); }), "[invalid_file] a.json/a: \"a\" is missing");
  EXPECT_EQ(fault(R"({"a": 3})", [](Members &m) { m.text("a"); }), "[invalid_file] a.json/a: a = 3 must be text in quotes");
  EXPECT_EQ(fault(R"({"a": "x"})", [](Members &m) { m.flag("a"); }),
            "[invalid_file] a.json/a: a = \"x\" must be true or false");
  EXPECT_EQ(fault(R"({"a": 1.5})", [](Members &m) { m.whole("a"); }),
            "[invalid_file] a.json/a: a = 1.5 must be a whole number");
  EXPECT_EQ(fault(R"({"a": 0})", [](Members &m) { m.whole("a", 1); }),
            "[invalid_file] a.json/a: a = 0 must be a whole number from 1 up");
  EXPECT_EQ(fault(R"({"a": 9223372036854775808})", [](Members &m) { m.whole("a", 1); }),
            "[invalid_file] a.json/a: a = 9223372036854775808 must be a whole number from 1 to 9223372036854775807");
  EXPECT_EQ(fault(R"({"a": 2e22})", [](Members &m) { m.whole("a", 0); }),
            "[invalid_file] a.json/a: a = 2e+22 must be a whole number from 0 to 9223372036854775807");
  // It would be another number, or look otherwise, as a double.
  EXPECT_EQ(fault(R"({"a": [18446744073709551616]})"),
            "[invalid_file] a.json/a[0]: number 18446744073709551616 has more than 64 bits; one of fewer, or with an exponent "
            "would be accepted");
  EXPECT_EQ(fault(R"({"a": -9223372036854775809})"),
            "[invalid_file] a.json/a: number -9223372036854775809 has more than 64 bits; one of fewer, or with an exponent "
            "would be accepted");
  EXPECT_EQ(fault(R"({"a": 9})", [](Members &m) { m.whole("a", 1, 8); }),
            "[invalid_file] a.json/a: a = 9 must be a whole number from 1 to 8");
  EXPECT_EQ(fault(R"({"a": -1})", [](Members &m) { m.natural("a"); }),
            "[invalid_file] a.json/a: a = -1 must be a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(fault(R"({"a": null})", [](Members &m) { m.real("a"); }), "[invalid_file] a.json/a: a = null must be a number");
  EXPECT_EQ(fault(R"({"a": "x"})",
                  [](Members &m) {
                    m.choice("a", {"y", "z"});
                  }),
            "[invalid_file] a.json/a: a = \"x\" must be one of y, z");
  EXPECT_EQ(fault(R"({"a": 1, "b": 2, "c.d": 3})",
                  [](Members &m) {
                    m.find("b");
                    m.find("a");
                    m.finish();
                  }),
            "[invalid_file] a.json/[\"c.d\"]: unknown key \"c.d\"; known: b, a");
  const auto of_schema = [](const char *text) {
    return message_of([&] {
      const Value document = json::parse(text, Place("a.json"));
      const Members members(document, Place("a.json"), "pare.x/1");
    });
  };
  EXPECT_EQ(of_schema("{}"), "[invalid_file] a.json/schema: \"schema\": \"pare.x/1\" is expected, and there is none");
  EXPECT_EQ(of_schema(R"({"schema": 5})"), "[invalid_file] a.json/schema: schema = 5 must be \"pare.x/1\"");
  EXPECT_EQ(of_schema("[3]"), "[invalid_file] a.json: [3] must be an object with \"schema\": \"pare.x/1\"");
  EXPECT_EQ(of_schema(R"({"schema": "pare.x/1"})"), "none");
  // What is long is cut, and control characters do not come through.
  EXPECT_EQ(fault("{\"a\": \"" + std::string(1000, 'x') + "\"}", [](Members &m) { m.flag("a"); }).size(), 111U);
  EXPECT_EQ(fault("{\"a\\n\": 1}", [](Members &m) { m.finish(); }),
            "[invalid_file] a.json/[\"a \"]: unknown key \"a \"; known: ");
}

TEST(Json, MembersGiveWhatIsThere) {
  const Value document =
      json::parse(R"({"t": "x", "f": true, "w": -3, "n": 18446744073709551615, "r": 2, "z": null})", Place("a"));
  json::Members members(document, Place("a"));
  EXPECT_EQ(members.text("t"), "x");
  EXPECT_TRUE(members.flag("f"));
  EXPECT_EQ(members.whole("w"), -3);
  EXPECT_EQ(members.natural("n"), UINT64_MAX);
  EXPECT_EQ(members.real("r"), 2);
  EXPECT_EQ(members.said("z"), nullptr);
  EXPECT_NE(members.find("z"), nullptr);
  std::int64_t kept = 7;
  members.read("none", kept);
  EXPECT_EQ(kept, 7);
  members.read("w", kept);
  EXPECT_EQ(kept, -3);
  members.finish();
}

TEST(Json, ItemsAreStreamed) {
  const std::string text = R"({"a": 1, "items": [1, {"b": [2]}, "x"], "z": [3]})";
  std::vector<std::string> seen;
  bool there = false;
  const Value rest = json::parse_streamed(
      text, Place("a.json"), "items",
      [&](const Value &item, const Place &place) { seen.push_back(place.text() + " " + json::dumped(item)); }, there);
  EXPECT_TRUE(there);
  EXPECT_EQ(seen, (std::vector<std::string>{"a.json/items[0] 1", "a.json/items[1] {\"b\":[2]}", "a.json/items[2] \"x\""}));
  EXPECT_EQ(json::dumped(rest), R"({"a":1,"z":[3]})");
  const auto streamed = [&](const std::string &document) {
    return message_of([&] {
      json::parse_streamed(
          document, Place("a.json"), "items", [](const Value &, const Place &) {}, there);
    });
  };
  EXPECT_EQ(streamed(R"({"items": 3})"), "[invalid_file] a.json/items: items must be an array");
  EXPECT_EQ(streamed(R"({"items": {}})"), "[invalid_file] a.json/items: items must be an array");
  EXPECT_EQ(streamed(R"({"items": [], "items": []})"),
            "[invalid_file] a.json/items: key \"items\" is given twice in one object");
  EXPECT_EQ(streamed(R"({"items": [{"a": 1}, {"a": 1, "a": 2}]})"),
            "[invalid_file] a.json/items[1].a: key \"a\" is given twice in one object");
  EXPECT_EQ(streamed("{}"), "none");
  EXPECT_FALSE(there);
}

} // namespace
} // namespace pare
