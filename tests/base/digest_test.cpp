#include "base/digest.hpp"

#include "tests/support.hpp"

#include <filesystem>
#include <fstream>

namespace pare {
namespace {

TEST(Digest, IsSha256) {
  // FIPS 180-4's examples, and the empty text.
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, OfBeforeIsCrc64) {
  // The check value of CRC-64/XZ.
  EXPECT_EQ(digest("123456789", Digest::kCrc64), "995dc9bbdf1939fa");
  EXPECT_EQ(digest("", Digest::kCrc64), "0000000000000000");
}

TEST(Digest, IsKnownByItsLength) {
  for (const Digest kind : {Digest::kSha256, Digest::kCrc64}) {
    EXPECT_EQ(digest("x", kind).size(), digits_of(kind));
    EXPECT_EQ(kind_of_digest(digest("x", kind)), kind);
  }
  EXPECT_EQ(kind_of_digest(""), Digest::kSha256);
}

TEST(Digest, OfAFileIsThatOfItsBytes) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  const std::string path =
      (folder / ("pare-digest-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()))).string();
  const std::string large(3'000'001, 'x'); // more than one piece
  std::ofstream(path, std::ios::binary) << large;
  for (const Digest kind : {Digest::kSha256, Digest::kCrc64}) EXPECT_EQ(digest_of_file(path, kind), digest(large, kind));
  std::filesystem::remove(path);
  test::expect_error([&] { digest_of_file(path); }, ErrorCode::kIo, path, "No such file");
  test::expect_error([&] { digest_of_file(folder.string()); }, ErrorCode::kIo, folder.string(), "Is a directory");
  test::expect_error([&] { digest_of_file("/dev/zero"); }, ErrorCode::kIo, "/dev/zero", "is a pipe or a device"); // without end
}

} // namespace
} // namespace pare
