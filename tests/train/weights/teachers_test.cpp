// Files that PyTorch itself wrote (write_teachers.py); what is in them is in its expected.json.

#include "train/weights/state.hpp"

#include "tests/support.hpp"
#include "tests/train/weights/files.hpp"
#include "train/weights/tensor_bytes.hpp"

#include <fmt/format.h>

#include <cstring>
#include <random>

namespace pare::train {
namespace {

using nlohmann::json;
using test::expect_error;
using test::teachers;

const std::vector<std::string> kReadable = {"reference.t7", "parallel.pt", "bare.pth", "nested.pt", "plain.safetensors"};

void expect_state(const State &state, const json &expected, const std::string &file) {
  EXPECT_EQ(state.format, expected["format"]) << file;
  EXPECT_EQ(state.tensors.size(), expected["tensors"].size()) << file;
  for (const auto &[name, tensor] : expected["tensors"].items()) {
    ASSERT_TRUE(state.tensors.contains(name)) << file << ": " << name;
    const torch::Tensor &read = state.tensors.at(name);
    EXPECT_EQ(name_of(dtype_of(read.scalar_type()).value()), tensor["dtype"]) << file << ": " << name;
    EXPECT_EQ(read.sizes().vec(), tensor["sizes"].get<std::vector<std::int64_t>>()) << file << ": " << name;
    EXPECT_TRUE(read.is_contiguous() && read.device().is_cpu()) << file << ": " << name;
    const torch::Tensor values = read.to(at::kDouble).flatten();
    EXPECT_EQ(std::vector<double>(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()),
              tensor["values"].get<std::vector<double>>())
        << file << ": " << name;
  }
  EXPECT_EQ(state.metadata.size(), expected["metadata"].size()) << file;
  for (const auto &[key, text] : expected["metadata"].items()) {
    ASSERT_TRUE(state.metadata.contains(key)) << file << ": " << key;
    if (state.format == "safetensors")
      EXPECT_EQ(state.metadata.at(key), text.get<std::string>()) << file;
    else
      EXPECT_EQ(json::parse(state.metadata.at(key)), json::parse(text.get<std::string>())) << file << ": " << key;
  }
}

/// Reading may fail with an Error and with nothing else; returns its line.
std::string outcome(std::string_view bytes) {
  try {
    parse_state(bytes, "file");
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

TEST(Teachers, AreReadAsTheyWereWritten) {
  ASSERT_EQ(teachers().expected.size(), kReadable.size());
  for (const std::string &file : kReadable)
    expect_state(read_state(teachers().folder.path(file)), teachers().expected[file], file);

  // By content: the same bytes under a name that says nothing.
  const std::string bytes = test::read_text(teachers().folder.path("reference.t7"));
  expect_state(read_state(teachers().folder.write("x", bytes)), teachers().expected["reference.t7"], "x");

  // Two views of one storage become two tensors.
  State state = read_state(teachers().folder.path("reference.t7"));
  const double before = state.tensors.at("right").sum().item<double>();
  state.tensors.at("left").fill_(1e6);
  EXPECT_EQ(state.tensors.at("right").sum().item<double>(), before);
}

TEST(Teachers, WhatCallsSomethingIsNamedAndRefused) {
  const struct {
    const char *file;
    const char *name;
  } kCases[] = {
      {"system.t7", "posix.system"},    // GLOBAL
      {"eval.t7", "builtins.eval"},     // STACK_GLOBAL, of protocol 4
      {"eval.pt", "__builtin__.eval"},  // GLOBAL, the name of protocol 2, in a zip file
      {"model.t7", "torch.nn.modules"}, // a module instead of its state
  };
  for (const auto &[file, name] : kCases)
    expect_error([&] { read_state(teachers().folder.path(file)); }, ErrorCode::kInvalidFile, file,
                 std::string("the pickle asks for ") + name);
  EXPECT_FALSE(std::filesystem::exists(teachers().folder.path("executed")));
}

TEST(Teachers, ATruncatedFileIsAnError) {
  for (const std::string &file : kReadable) {
    const std::string bytes = test::read_text(teachers().folder.path(file));
    for (std::size_t part = 0; part < 50; ++part) {
      const std::size_t size = bytes.size() * part / 50;
      EXPECT_NE(outcome(std::string_view(bytes).substr(0, size)), "") << file << ", the first " << size << " bytes";
    }
    EXPECT_NE(outcome(std::string_view(bytes).substr(0, bytes.size() - 1)), "") << file << ", all bytes but one";
  }
}

TEST(Teachers, ADamagedFileIsAnErrorOrAnotherFile) {
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (const std::string &file : kReadable) {
    const std::string bytes = test::read_text(teachers().folder.path(file));
    for (int i = 0; i < 300; ++i) {
      std::string damaged = bytes;
      // Half of them where the structure is: at the beginning.
      const std::size_t at = random() % (i % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 1500));
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U + random() % 255));
      refused += outcome(damaged).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 300U);

  // A zip file has checksums: no damage to a weight goes unnoticed.
  std::string bytes = test::read_text(teachers().folder.path("bare.pth"));
  const float row[] = {0.F, 0.25F, 0.5F, 0.75F, 1.F, 1.25F}; // of "transposed"
  std::string raw(sizeof row, '\0');
  std::memcpy(raw.data(), row, sizeof row);
  const std::size_t at = bytes.find(raw);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 4] ^= 1;
  EXPECT_NE(outcome(bytes).find("checksum"), std::string::npos) << outcome(bytes);
}

} // namespace
} // namespace pare::train
