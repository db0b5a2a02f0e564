// Legacy torch.save files written by hand, for what torch.save itself never writes.

#include "tests/formats/files.hpp"

#include <fmt/format.h>

#include <cstring>

namespace pare::formats {
namespace {

using namespace std::string_literals;
using test::expect_error;

// The magic number, version 1001, and {} for the writer's type sizes.
const std::string kStart = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."s;

std::string text(std::string_view value) { return "\x8c"s + static_cast<char>(value.size()) + std::string(value); }
std::string number(std::int64_t value) {
  std::string out = "\x8a\x08"s + std::string(8, '\0');
  std::memcpy(out.data() + 2, &value, 8);
  return out;
}
std::string numbers(std::initializer_list<std::int64_t> values) {
  std::string out = "(";
  for (const std::int64_t value : values) out += number(value);
  return out + "t";
}
/// A tensor on a storage of four floats, key "7".
std::string tensor(std::int64_t offset, const std::string &sizes, const std::string &strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("7") + text("cpu") +
         "K\x04NtQ" + number(offset) + sizes + strides + "\x89}tR";
}
std::string one(const std::string &name, const std::string &value) { return "\x80\x04}" + text(name) + value + "s."; }
/// The list of storages, and storage "7": 1, 2, 3, 4.
std::string storages(const std::string &keys = text("7") + "a", std::int64_t elements = 4) {
  const float values[] = {1, 2, 3, 4};
  std::string out = "\x80\x04]" + keys + "." + number(elements).substr(2);
  return out.append(reinterpret_cast<const char *>(values), sizeof values);
}

void expect_refused(const std::string &file, std::string_view message) {
  expect_error([&] { parse_tensor_file(file, "file"); }, ErrorCode::kInvalidFile, "file", message);
}

TEST(TorchLegacy, StridesAndOffsets) {
  const TensorFile file = parse_tensor_file(kStart + one("w", tensor(1, numbers({2, 2}), numbers({1, 1}))) + storages(),
                                            "file"); // storage[1 + i + j]
  EXPECT_EQ(file.tensors.at("w").sizes, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(test::values_of(file.tensors.at("w")), (std::vector<double>{2, 3, 3, 4}));
  // The stride of a dimension of one means nothing, whatever it is.
  constexpr std::int64_t kLarge = INT64_MAX;
  const TensorFile odd =
      parse_tensor_file(kStart + one("w", tensor(0, numbers({2, 1, 2}), numbers({1, kLarge, 2}))) + storages(), "file");
  EXPECT_EQ(test::values_of(odd.tensors.at("w")), (std::vector<double>{1, 3, 2, 4}));
}

TEST(TorchLegacy, WhatLeadsOutsideIsRefused) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 62;
  const struct {
    std::string tensor;
    const char *message;
  } kCases[] = {
      {tensor(0, numbers({5}), numbers({1})), "outside its storage of 4 elements"},
      {tensor(1, numbers({4}), numbers({1})), "outside its storage"},
      {tensor(4, numbers({1}), numbers({1})), "outside its storage"},
      {tensor(0, numbers({2}), numbers({4})), "outside its storage"},
      {tensor(kLarge, numbers({1}), numbers({1})), "outside its storage"},
      {tensor(0, numbers({2, 2}), numbers({kLarge, kLarge})), "outside its storage"},
      {tensor(0, numbers({3, 2}), numbers({kLarge, 1})), "outside its storage"},
      {tensor(0, numbers({kLarge, 4}), numbers({0, 0})), "not those of a tensor"},
      {tensor(0, numbers({0, kLarge, 4}), numbers({0, 0, 0})), "not those of a tensor"},
      {tensor(0, numbers({2, 2}), numbers({1})), "1 strides for 2 sizes"},
      {tensor(-1, numbers({1}), numbers({1})), "below 0"},
      {tensor(0, numbers({-1}), numbers({1})), "below 0"},
      {tensor(0, numbers({1}), numbers({-1})), "below 0"},
      // Nothing outside, and 4 TiB of it.
      {tensor(0, numbers({1 << 20, 1 << 20}), numbers({0, 0})), "more than the file can hold"},
  };
  for (const auto &[tensor, message] : kCases) expect_refused(kStart + one("w", tensor) + storages(), message);
}

TEST(TorchLegacy, StoragesMustBeWhatIsReferredTo) {
  const std::string main = one("w", tensor(0, numbers({4}), numbers({1})));
  EXPECT_EQ(parse_tensor_file(kStart + main + storages(), "file").tensors.size(), 1U);
  expect_refused(kStart + main + "\x80\x04]."s, "has no storage \"7\"");
  expect_refused(kStart + main + storages(text("8") + "a"), "\"8\", which nothing refers to");
  expect_refused(kStart + main + storages(text("7") + "a" + text("7") + "a"), "ends"); // the second is not there
  expect_refused(kStart + main + storages(text("7") + "a", 3), "has 3 elements, and 4");
  expect_refused(kStart + main + storages(text("7") + "a", -1), "has -1 elements");
  expect_refused(kStart + main + storages() + "x", "1 bytes are left over");
  expect_refused(kStart + main + storages().substr(0, storages().size() - 1), "truncated");
}

TEST(TorchLegacy, WhereTheStateMayBe) {
  const std::string w = tensor(0, numbers({4}), numbers({1}));
  const auto dict = [](const std::string &items) { return "}(" + items + "u"; };
  const auto names = [&](const std::string &root) {
    std::string out;
    for (const auto &[name, value] : parse_tensor_file(kStart + "\x80\x04" + root + "." + storages(), "file").tensors)
      out += name + " ";
    return out;
  };
  EXPECT_EQ(names(dict(text("a") + w + text("b") + w)), "a b ");
  const auto key = [&](const std::string &root) {
    return parse_tensor_file(kStart + "\x80\x04" + root + "." + storages(), "file").key;
  };
  for (const char *name : {"net", "state_dict", "anything"}) {
    const std::string root = dict(text(name) + dict(text("a") + w) + text("epoch") + "N");
    EXPECT_EQ(names(root), "a ");
    EXPECT_EQ(key(root), name);
  }
  const std::string nested = dict(text("outer") + dict(text("epoch") + "N" + text("inner") + dict(text("a") + w)));
  EXPECT_EQ(names(nested), "a ");
  EXPECT_EQ(key(nested), "outer.inner");
  // Several keep what leads to them.
  const std::string several = dict(text("model") + dict(text("a") + w) + text("ema") + dict(text("a") + w) + text("b") + w);
  EXPECT_EQ(names(several), "ema.a model.a "); // b is no layer's
  EXPECT_EQ(names(dict(text("model") + dict(text("a") + w) + text("b.c") + w)), "b.c model.a ");
  EXPECT_EQ(key(several), "");
  // An optimizer's state has whole numbers as keys: its tensors are no weights.
  EXPECT_EQ(names(dict(text("model") + dict(text("a") + w) + text("state") + dict("K\x01" + dict(text("momentum") + w)))),
            "a ");
  // What is no tensor stands beside it.
  const TensorFile mixed_file = parse_tensor_file(
      kStart + "\x80\x04" + dict(text("net") + dict(text("a") + w + text("b") + "N")) + "." + storages(), "file");
  EXPECT_EQ(mixed_file.tensors.size(), 1U);
  EXPECT_EQ(mixed_file.metadata, (std::map<std::string, std::string>{{"net.b", "null"}}));
  // A dictionary that contains itself.
  EXPECT_EQ(names("}q\x01(" + text("a") + w + text("self") + "h\x01u"), "a ");

  const auto refused = [&](const std::string &root, std::string_view message) {
    expect_refused(kStart + "\x80\x04" + root + "." + "\x80\x04].", message);
  };
  refused("]", "holds a list");
  refused(dict(text("epoch") + "N"), "its keys are \"epoch\"");
  refused("}", "its keys are none");
  const auto mixed = [&](const std::string &items) {
    expect_refused(kStart + "\x80\x04" + dict(items) + "." + storages(), "state dict");
  };
  mixed(text("net") + dict(text("a") + w + text("a") + w));
  mixed(text("a") + w + "K\x01" + w);
}

TEST(TorchLegacy, WhatStandsBesideIsBounded) {
  const std::string w = tensor(0, numbers({4}), numbers({1}));
  const auto with = [&](const std::string &beside) {
    return kStart + "\x80\x04}(" + text("net") + "}" + text("a") + w + "s" + text("x") + beside + "u." + storages();
  };
  EXPECT_EQ(parse_tensor_file(with("]K\x01" + "a"s), "file").metadata.at("x"), "[1]");
  // A list of itself; and thirty lists, each of the one before twice: 2^30 entries.
  expect_error([&] { parse_tensor_file(with("]q\x01h\x01" + "a"s), "file"); }, ErrorCode::kLimit, "file", "nested too deep");
  std::string doubled = "]q\x01"s;
  for (char i = 1; i < 30; ++i) doubled += "0]q"s + static_cast<char>(i + 1) + "h" + i + "ah" + i + "a";
  expect_error([&] { parse_tensor_file(with(doubled), "file"); }, ErrorCode::kLimit, "file", "too much");
}

} // namespace
} // namespace pare::formats
