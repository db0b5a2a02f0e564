#include "train/weights/state.hpp"

#include "tests/support.hpp"
#include "tests/train/weights/files.hpp"

#include <fmt/format.h>

#include <cstring>

namespace pare::train {
namespace {

using namespace std::string_literals;
using test::expect_error;

std::string length(std::uint64_t bytes) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &bytes, 8);
  return out;
}
std::string file(const std::string &header, const std::string &data) { return length(header.size()) + header + data; }

State sample() {
  State state;
  state.tensors["b.weight"] = torch::arange(6, at::kFloat).reshape({2, 3}).t(); // not contiguous
  state.tensors["a.flags"] = torch::tensor({true, false});
  state.tensors["c.index"] = torch::tensor({std::int64_t{1} << 40});
  state.tensors["d.empty"] = torch::empty({0, 4});
  state.tensors["e.half"] = torch::tensor({0.5, -2.0}, at::kHalf);
  state.metadata["network"] = "wrn-16-2";
  return state;
}

TEST(Safetensors, TheBytesAreThoseOfTheFormat) {
  // Written out from the format's description: wide elements first, then by name; spaces to a multiple of 8.
  const std::string header = R"({"__metadata__":{"network":"wrn-16-2"},)"
                             R"("c.index":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("b.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[8,32]},)"
                             R"("d.empty":{"dtype":"F32","shape":[0,4],"data_offsets":[32,32]},)"
                             R"("e.half":{"dtype":"F16","shape":[2],"data_offsets":[32,36]},)"
                             R"("a.flags":{"dtype":"BOOL","shape":[2],"data_offsets":[36,38]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  const float floats[] = {0, 3, 1, 4, 2, 5};
  std::string data = "\0\0\0\0\0\x01\0\0"s;
  data.append(reinterpret_cast<const char *>(floats), sizeof floats);
  data += "\x00\x38\x00\xc0"s; // IEEE half: 0.5 = 0x3800, -2 = 0xc000
  data += "\x01\x00"s;
  EXPECT_EQ(serialize_safetensors(sample()), file(padded, data));
}

TEST(Safetensors, RoundTrip) {
  const test::Folder folder;
  const std::string path = folder.path("weights.bin");
  write_safetensors(path, sample());
  const State read = read_state(path);
  const State written = sample();
  EXPECT_EQ(read.format, "safetensors");
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const auto &[name, tensor] : written.tensors) {
    EXPECT_EQ(read.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.tensors.at(name).equal(tensor)) << name;
  }
  EXPECT_EQ(test::read_text(path), serialize_safetensors(read));
  // Nothing temporary is left.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()), 1);
}

TEST(Safetensors, WhatTheFormatCannotHold) {
  const test::Folder folder;
  State complex;
  complex.tensors["z"] = torch::zeros({2}, at::kComplexFloat);
  expect_error([&] { write_safetensors(folder.path("z"), complex); }, ErrorCode::kInvalidValue, "z", "F64, F32");
  State bad_name;
  bad_name.tensors["\xff"] = torch::zeros({2});
  expect_error([&] { serialize_safetensors(bad_name); }, ErrorCode::kInvalidValue, "", "UTF-8");
  State reserved;
  reserved.tensors["__metadata__"] = torch::zeros({2});
  expect_error([&] { serialize_safetensors(reserved); }, ErrorCode::kInvalidValue, "__metadata__");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  expect_error([&] { write_safetensors(folder.path("none/z"), sample()); }, ErrorCode::kIo, "none/z");
}

TEST(Safetensors, HostileFilesAreRefused) {
  const auto entry = [](const std::string &dtype, const std::string &shape, const std::string &offsets) {
    return fmt::format(R"({{"w":{{"dtype":"{}","shape":{},"data_offsets":{}}}}})", dtype, shape, offsets);
  };
  const std::string eight(8, '\0');
  EXPECT_EQ(parse_state(file(entry("F32", "[2]", "[0,8]"), eight), "f").tensors.size(), 1U);
  EXPECT_EQ(parse_state(file("{}", ""), "f").tensors.size(), 0U);
  const struct {
    std::string bytes;
    const char *message;
  } kCases[] = {
      {"", "is empty"},
      {"abc", "not a file of weights"},
      {length(3) + "{", "longer than the file"},
      {length(~std::uint64_t{0}) + "{}", "longer than the file"},
      {length(~std::uint64_t{0} - 7) + "{}", "longer than the file"},
      {length(100'000'001) + "{" + std::string(100'000'001, ' '), "too long"},
      {file("{\"w\":", ""), "not JSON"},
      {file("{\"\xff\":1}", ""), "not JSON"},
      {file("{" + std::string(1000, '['), ""), "not JSON"},
      {file("{\"w\":" + std::string(100'000, '['), ""), "nested deeper"},
      {file("{\"w\":1}", ""), "not a JSON object"},
      {file("{\"w\":{}}", ""), "has no dtype"},
      {file("{\"__metadata__\":{\"a\":1}}", ""), "\"a\" is not a text"},
      {file("{\"__metadata__\":[]}", ""), "__metadata__"},
      {file(entry("F8_E4M3", "[8]", "[0,8]"), eight), "F8_E4M3"},
      {file(entry("F32", "[2]", "[0,9]"), eight), "outside"},
      {file(entry("F32", "[2]", "[0,8]"), "1234567"), "outside"},
      {file(entry("F32", "[2]", "[8,0]"), eight), "outside"},
      {file(entry("F32", "[2]", "[0,18446744073709551615]"), eight), "outside"},
      {file(entry("F32", "[2]", "[0,18446744073709551616]"), eight), "whole numbers"},
      {file(entry("F32", "[2]", "[-8,0]"), eight), "whole numbers"},
      {file(entry("F32", "[2]", "[0]"), eight), "list of two"},
      {file(entry("F32", "[3]", "[0,8]"), eight), "takes 12"},
      {file(entry("F32", "[2.0]", "[0,8]"), eight), "whole numbers"},
      {file(entry("F32", "[-2]", "[0,8]"), eight), "whole numbers"},
      {file(entry("F32", "2", "[0,8]"), eight), "shape is not a list"},
      // 2^62 x 4 bytes and 2^32 x 2^32 elements wrap to 0 in 64 bits.
      {file(entry("F32", "[4611686018427387904]", "[0,0]"), ""), "shape"},
      {file(entry("F32", "[4294967296,4294967296]", "[0,0]"), ""), "shape"},
      {file(entry("F32", "[0,4294967296,4294967296]", "[0,0]"), ""), "shape"},
      {file(entry("F32", "[9223372036854775808]", "[0,8]"), eight), "64 bits"},
      {file(entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"), eight), "up to 16 sizes"},
      {file(entry("BOOL", "[8]", "[0,8]"), "\1\0\1\0\1\0\2\0"s), "a boolean is 2"},
      {file(entry("F32", "[2]", "[0,8]"), eight + "x"), "belong to no tensor"},
      {file(entry("F32", "[1]", "[4,8]"), eight), "belong to no tensor"},
      {file(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            eight),
       "\"v\" and \"w\" overlap"},
      {file(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
            eight),
       "\"w\" twice"},
      {file(R"({"w":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}})", eight), "\"dtype\" twice"},
      {file(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight), "a key \"x\""},
  };
  for (const auto &[bytes, message] : kCases)
    expect_error([&] { parse_state(bytes, "f"); }, ErrorCode::kInvalidFile, "f", message);
  expect_error([] { read_state("/nowhere/at/all"); }, ErrorCode::kIo, "/nowhere/at/all");
}

} // namespace
} // namespace pare::train
