// Files that PyTorch itself wrote (tests/golden/teachers); what is in them is in expected.json.

#include "tests/formats/files.hpp"

#include <cstring>
#include <random>

namespace pare::formats {
namespace {

using test::expect_file;
using test::fault;
using test::kTeachers;

std::string path(const std::string &file) { return std::string(PARE_GOLDEN_DIR) + "/teachers/" + file; }

/// Reading may fail with an Error and with nothing else; returns its line.
std::string outcome(std::string_view bytes) {
  return fault([&] { parse_tensor_file(std::string(bytes), "file"); });
}

TEST(Teachers, AreReadAsTheyWereWritten) {
  const auto expected = test::golden("teachers/expected.json");
  ASSERT_EQ(expected.size(), kTeachers.size());
  for (const std::string &file : kTeachers) expect_file(read_tensor_file(path(file)), expected[file], file);

  // By content: the same bytes under a name that says nothing.
  const test::Folder folder;
  expect_file(read_tensor_file(folder.write("x", test::read_text(path("reference.t7")))), expected["reference.t7"], "x");
}

/// The bytes of a file stay as long as a tensor of it.
TEST(Teachers, TensorsOutliveTheirFile) {
  for (const std::string &file : kTeachers) {
    const auto expected = test::golden("teachers/expected.json")[file]["tensors"];
    std::map<std::string, TensorBytes> kept;
    {
      TensorFile read = read_tensor_file(path(file));
      kept = std::move(read.tensors);
    }
    for (const auto &[name, tensor] : kept)
      EXPECT_EQ(test::values_of(tensor), expected[name]["values"].get<std::vector<double>>()) << file << ": " << name;
  }
}

TEST(Teachers, WhatCallsSomethingIsNamedAndRefused) {
  for (const auto &[file, name] : test::kCallers) test::expect_caller_refused(path(file), name);
  EXPECT_FALSE(std::filesystem::exists("executed"));
}

TEST(Teachers, ATruncatedFileIsAnError) {
  for (const std::string &file : kTeachers) {
    const std::string bytes = test::read_text(path(file));
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
  for (const std::string &file : kTeachers) {
    const std::string bytes = test::read_text(path(file));
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
  std::string bytes = test::read_text(path("bare.pth"));
  const float row[] = {0.F, 0.25F, 0.5F, 0.75F, 1.F, 1.25F}; // of "transposed"
  std::string raw(sizeof row, '\0');
  std::memcpy(raw.data(), row, sizeof row);
  const std::size_t at = bytes.find(raw);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 4] ^= 1;
  EXPECT_NE(outcome(bytes).find("checksum"), std::string::npos) << outcome(bytes);
}

} // namespace
} // namespace pare::formats
