#include "tests/formats/files.hpp"

#include <fmt/format.h>

#include <cstring>

namespace pare::formats {
namespace {

using namespace std::string_literals;
using test::fault;

std::string length(std::uint64_t bytes) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &bytes, 8);
  return out;
}
std::string file(const std::string &header, const std::string &data) { return length(header.size()) + header + data; }

TensorFile sample() {
  TensorFile out;
  out.tensors["b.weight"] = test::tensor<float>(Dtype::kF32, {3, 2}, {0, 3, 1, 4, 2, 5});
  out.tensors["a.flags"] = make_tensor(Dtype::kBool, {2}, "\1\0"s);
  out.tensors["c.index"] = test::tensor<std::int64_t>(Dtype::kI64, {1}, {std::int64_t{1} << 40});
  out.tensors["d.empty"] = make_tensor(Dtype::kF32, {0, 4}, "");
  out.tensors["e.half"] = make_tensor(Dtype::kF16, {2}, "\x00\x38\x00\xc0"s); // IEEE half: 0.5 = 0x3800, -2 = 0xc000
  out.metadata["network"] = "wrn-16-2";
  return out;
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
  data += "\x00\x38\x00\xc0"s;
  data += "\x01\x00"s;
  EXPECT_EQ(serialize_safetensors(sample()), file(padded, data));
}

TEST(Safetensors, RoundTrip) {
  const test::Folder folder;
  const std::string path = folder.path("weights.bin");
  write_safetensors(path, sample());
  const TensorFile read = read_tensor_file(path);
  const TensorFile written = sample();
  EXPECT_EQ(read.format, "safetensors");
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const auto &[name, tensor] : written.tensors) {
    EXPECT_EQ(read.tensors.at(name).dtype, tensor.dtype) << name;
    EXPECT_EQ(read.tensors.at(name).sizes, tensor.sizes) << name;
    EXPECT_EQ(read.tensors.at(name).bytes, tensor.bytes) << name;
  }
  EXPECT_EQ(test::values_of(read.tensors.at("e.half")), (std::vector<double>{0.5, -2}));
  EXPECT_EQ(test::read_text(path), serialize_safetensors(read));
  // Nothing temporary is left.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()), 1);
}

TEST(Safetensors, WhatTheFormatCannotHold) {
  const test::Folder folder;
  TensorFile bad_name;
  bad_name.tensors["\xff"] = test::tensor<float>(Dtype::kF32, {1}, {0});
  EXPECT_EQ(fault([&] { write_safetensors(folder.path("z"), bad_name); }),
            "[invalid_value] " + folder.path("z") +
                "/safetensors: a tensor's name or a metadata text is not UTF-8, which the format asks for");
  TensorFile reserved;
  reserved.tensors["__metadata__"] = test::tensor<float>(Dtype::kF32, {1}, {0});
  EXPECT_EQ(fault([&] { serialize_safetensors(reserved); }),
            "[invalid_value] __metadata__: is the format's own name; another would be accepted");
  TensorFile short_of_bytes;
  short_of_bytes.tensors["w"] = make_tensor(Dtype::kF32, {2, 3}, std::string(20, 'x'));
  EXPECT_EQ(fault([&] { serialize_safetensors(short_of_bytes); }), "[invalid_value] w: 20 bytes are not those of F32 [2, 3]");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  test::expect_error([&] { write_safetensors(folder.path("none/z"), sample()); }, ErrorCode::kIo, "none/z");
}

TEST(Safetensors, HostileFilesAreRefused) {
  const auto entry = [](const std::string &dtype, const std::string &shape, const std::string &offsets) {
    return fmt::format(R"({{"w":{{"dtype":"{}","shape":{},"data_offsets":{}}}}})", dtype, shape, offsets);
  };
  const std::string eight(8, '\0');
  EXPECT_EQ(parse_tensor_file(file(entry("F32", "[2]", "[0,8]"), eight), "f").tensors.size(), 1U);
  EXPECT_EQ(parse_tensor_file(file("{}", ""), "f").tensors.size(), 0U);
  EXPECT_EQ(parse_tensor_file(file("{}      ", ""), "f").tensors.size(), 0U);
  const struct {
    std::string bytes;
    const char *message;
  } kCases[] = {
      {"", "f: is empty; a file of weights would be accepted"},
      {"abc", "f: is not a file of weights, or a truncated one; safetensors, a PyTorch zip file (.pt, .pth) or a legacy "
              "torch.save file would be accepted"},
      {length(3) + "{", "f: the header of 3 bytes is longer than the file, 9 bytes; is it truncated?"},
      {length(~std::uint64_t{0}) + "{}",
       "f: the header of 18446744073709551615 bytes is longer than the file, 10 bytes; is it truncated?"},
      {length(~std::uint64_t{0} - 7) + "{}",
       "f: the header of 18446744073709551608 bytes is longer than the file, 10 bytes; is it truncated?"},
      {length(100'000'001) + "{" + std::string(100'000'001, ' '),
       "f: the header of 100000001 bytes is too long; up to 100000000 would be accepted"},
      {file("{}\0\0\0\0\0\0"s, ""),
       "f: the header ends in 6 NUL bytes; padding of spaces, as the format asks for, would be accepted"},
      {file("{\"w\":" + std::string(100'000, '['), ""),
       "f/header: nested deeper than 64 levels, which nothing that is read here needs"},
      {file("{\"w\":1}", ""), "f/header.w: 1 must be an object"},
      {file("{\"w\":{}}", ""), "f/header.w.dtype: \"dtype\" is missing"},
      {file("{\"conv.w\":{}}", ""), "f/header[\"conv.w\"].dtype: \"dtype\" is missing"},
      {file("{\"__metadata__\":{\"a\":1}}", ""), "f/header.__metadata__.a: a = 1 must be text in quotes"},
      {file("{\"__metadata__\":[]}", ""), "f/header.__metadata__: __metadata__ = [] must be an object of texts"},
      {file(entry("F8_E4M3", "[8]", "[0,8]"), eight),
       "f/header.w.dtype: dtype = \"F8_E4M3\" must be F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL"},
      {file(entry("F32", "[2]", "[0,9]"), eight),
       "f/header.w.data_offsets: data_offsets = [0,9] must be inside the file's 8 bytes of data, in order; is it truncated?"},
      {file(entry("F32", "[2]", "[0,8]"), "1234567"),
       "f/header.w.data_offsets: data_offsets = [0,8] must be inside the file's 7 bytes of data, in order; is it truncated?"},
      {file(entry("F32", "[2]", "[8,0]"), eight),
       "f/header.w.data_offsets: data_offsets = [8,0] must be inside the file's 8 bytes of data, in order; is it truncated?"},
      {file(entry("F32", "[2]", "[0,18446744073709551615]"), eight),
       "f/header.w.data_offsets: data_offsets = [0,18446744073709551615] must be inside the file's 8 bytes of data, in order; "
       "is "
       "it truncated?"},
      {file(entry("F32", "[2]", "[0,18446744073709551616]"), eight),
       "f/header.w.data_offsets[1]: number 18446744073709551616 has more than 64 bits; one of fewer, or with an exponent would "
       "be accepted"},
      {file(entry("F32", "[2]", "[-8,0]"), eight), "f/header.w.data_offsets[0]: offset = -8 must be a whole number from 0 up"},
      {file(entry("F32", "[2]", "[0]"), eight), "f/header.w.data_offsets: data_offsets = [0] must be a list of two"},
      {file(entry("F32", "[3]", "[0,8]"), eight),
       "f/header.w.data_offsets: data_offsets = [0,8] must hold the 12 bytes of F32 [3], not 8"},
      {file(entry("F32", "[2.0]", "[0,8]"), eight), "f/header.w.shape[0]: size = 2.0 must be a whole number from 0 up"},
      {file(entry("F32", "[-2]", "[0,8]"), eight), "f/header.w.shape[0]: size = -2 must be a whole number from 0 up"},
      {file(entry("F32", "2", "[0,8]"), eight), "f/header.w.shape: shape = 2 must be a list of sizes"},
      // 2^62 x 4 bytes and 2^32 x 2^32 elements wrap to 0 in 64 bits.
      {file(entry("F32", "[4611686018427387904]", "[0,0]"), ""), "f/header.w.shape: shape = [4611686018427387904] must be that "
                                                                 "of a tensor: up to 16 sizes whose product fits in 64 bits"},
      {file(entry("F32", "[4294967296,4294967296]", "[0,0]"), ""),
       "f/header.w.shape: shape = [4294967296,4294967296] must be that of a tensor: up to 16 sizes whose product fits in 64 "
       "bits"},
      {file(entry("F32", "[0,4294967296,4294967296]", "[0,0]"), ""),
       "f/header.w.shape: shape = [0,4294967296,4294967296] must be that of a tensor: up to 16 sizes whose product fits in 64 "
       "bits"},
      {file(entry("F32", "[9223372036854775808]", "[0,8]"), eight),
       "f/header.w.shape[0]: size = 9223372036854775808 must be at most 2^62, as more cannot be addressed"},
      {file(entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"), eight),
       "f/header.w.shape: shape = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2] must be that of a tensor: up to 16 sizes whose product "
       "fits in 64 bits"},
      {file(entry("BOOL", "[8]", "[0,8]"), "\1\0\1\0\1\0\2\0"s), "f: \"w\": a boolean is 2; 0 or 1 would be accepted"},
      {file(entry("F32", "[2]", "[0,8]"), eight + "x"),
       "f/header: bytes 8 to 9 of the data belong to no tensor; each in one tensor would be accepted"},
      {file(entry("F32", "[1]", "[4,8]"), eight),
       "f/header: bytes 0 to 4 of the data belong to no tensor; each in one tensor would be accepted"},
      {file(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            eight),
       "f/header: the data of \"v\" and \"w\" overlap; bytes in one tensor each would be accepted"},
      {file(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
            eight),
       "f/header.w: key \"w\" is given twice in one object"},
      {file(R"({"w":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}})", eight),
       "f/header.w.dtype: key \"dtype\" is given twice in one object"},
      {file(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight),
       "f/header.w.x: unknown key \"x\"; known: dtype, shape, data_offsets"},
  };
  for (const auto &[bytes, message] : kCases)
    EXPECT_EQ(fault([&text = bytes] { parse_tensor_file(text, "f"); }), std::string("[invalid_file] ") + message);
  // The parser's own words are not repeated here.
  for (const std::string &header : {"{\"w\":"s, "{\"\xff\":1}"s, "{" + std::string(1000, '[')})
    EXPECT_EQ(fault([&] { parse_tensor_file(file(header, ""), "f"); }).substr(0, 37), "[invalid_file] f/header: parse error ");
  test::expect_error([] { read_tensor_file("/nowhere/at/all"); }, ErrorCode::kIo, "/nowhere/at/all");
}

/// A file that begins like no file of tensors is not read on, though it has no end, or none in sight.
TEST(TensorFiles, WhatBeginsWrongIsNotRead) {
  const std::string accepted =
      ": is not a file of weights, or a truncated one; safetensors, a PyTorch zip file (.pt, .pth) or a "
      "legacy torch.save file would be accepted";
  EXPECT_EQ(fault([] { read_tensor_file("/dev/zero"); }), "[invalid_file] /dev/zero" + accepted);
  const test::Folder folder;
  const std::string path = folder.write("sparse", "");
  std::filesystem::resize_file(path, std::uintmax_t{8} << 30); // without memory for it
  EXPECT_EQ(fault([&] { read_tensor_file(path); }), "[invalid_file] " + path + accepted);
  std::filesystem::resize_file(path, (std::uintmax_t{16} << 30) + 1);
  EXPECT_EQ(fault([&] { read_tensor_file(path); }),
            "[limit] " + path + ": has more than 17179869184 bytes, which is all that is read");
  EXPECT_EQ(fault([] { read_tensor_file("/dev/null"); }),
            "[invalid_file] /dev/null: is empty; a file of weights would be accepted");
}

} // namespace
} // namespace pare::formats
