#include "base/files.hpp"

#include "tests/support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace pare {
namespace {

namespace fs = std::filesystem;
using test::expect_error;

class Files : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pare-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string &name) const { return (folder_ / name).string(); }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_;
};

TEST_F(Files, AreReadUpToALimit) {
  write_file(path("a"), "12345");
  EXPECT_EQ(read_text(path("a"), "a", 5), "12345");
  expect_error([&] { read_text(path("a"), "a", 4); }, ErrorCode::kLimit, "a",
               "has more than 4 bytes, which is all that is read");
  // A device has no size, and no end.
  expect_error([] { read_text("/dev/zero", "/dev/zero", 1 << 20); }, ErrorCode::kLimit, "/dev/zero",
               "has more than 1048576 bytes");
  expect_error([&] { read_text(path("b"), "b"); }, ErrorCode::kIo, "b", "No such file");
  expect_error([&] { read_text(folder_.string(), "d"); }, ErrorCode::kIo, "d", "Is a directory");
}

/// Who can tell from the beginning need not have the rest, however much that is.
TEST_F(Files, AreLookedAtBeforeTheRestIsRead) {
  std::string seen;
  const Look keep = [&](std::string_view first_bytes) { seen = first_bytes; };
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, kLookBytes, std::size_t{300'000}}) {
    seen = "nothing";
    write_file(path("a"), std::string(bytes, 'x'));
    EXPECT_EQ(read_text(path("a"), "a", kMostTextBytes, keep).size(), bytes);
    EXPECT_EQ(seen, std::string(seen.size(), 'x'));
    EXPECT_GE(seen.size(), std::min(bytes, kLookBytes));
  }
  const Look refuse = [](std::string_view) { throw Error(ErrorCode::kInvalidFile, "a", "begins wrong"); };
  fs::resize_file(path("a"), std::uintmax_t{8} << 30); // without memory for it
  expect_error([&] { read_text(path("a"), "a", std::size_t{16} << 30, refuse); }, ErrorCode::kInvalidFile, "a", "begins wrong");
  expect_error([&] { read_text("/dev/zero", "a", std::size_t{16} << 30, refuse); }, ErrorCode::kInvalidFile, "a",
               "begins wrong");
}

TEST_F(Files, AreWrittenThroughLinks) {
  fs::create_symlink("target", path("link"));
  // The link leads nowhere yet: it stays, and its target comes to be.
  write_file(path("link"), "one");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_text(path("target"), ""), "one");
  write_file(path("link"), "two");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_text(path("target"), ""), "two");
  // A chain, through another folder, absolute and relative.
  fs::create_directory(path("d"));
  fs::create_symlink("../end", path("d/middle"));
  fs::create_symlink(path("d/middle"), path("start"));
  write_file(path("start"), "three");
  EXPECT_TRUE(fs::is_symlink(path("start")) && fs::is_symlink(path("d/middle")));
  EXPECT_EQ(read_text(path("end"), ""), "three");
  fs::create_symlink("round", path("round"));
  expect_error([&] { write_file(path("round"), "x"); }, ErrorCode::kIo, path("round"), "symbolic links");
  EXPECT_EQ(count(), 6U) << "a temporary file is left";
}

TEST_F(Files, ThatCannotBeWrittenLeaveNothing) {
  expect_error([&] { write_file(path("none/a"), "x"); }, ErrorCode::kIo, path("none/a"), "No such file");
  expect_error([&] { write_file(folder_.string(), "x"); }, ErrorCode::kIo, folder_.string(), "Is a directory");
  EXPECT_EQ(count(), 0U);
}

TEST_F(Files, SeveralAreWrittenOrNone) {
  write_files(std::vector<NamedText>{{path("a"), "1"}, {path("b"), "2"}});
  EXPECT_EQ(read_text(path("a"), "a") + read_text(path("b"), "b"), "12");
  EXPECT_EQ(count(), 2U);
  expect_error(
      [&] {
        write_files(std::vector<NamedText>{{path("a"), "3"}, {path("c"), "4"}, {path("no/d"), "5"}});
      },
      ErrorCode::kIo, path("no/d"), "No such file");
  EXPECT_EQ(read_text(path("a"), "a"), "1");
  EXPECT_EQ(count(), 2U);
}

// Links lead where they led, whether something is there already or not.
TEST_F(Files, SeveralThroughLinks) {
  write_file(path("a"), "1");
  fs::create_symlink(path("a"), path("to_a"));
  fs::create_symlink(path("b"), path("to_b"));
  write_files(std::vector<NamedText>{{path("to_a"), "2"}, {path("to_b"), "3"}});
  EXPECT_TRUE(fs::is_symlink(path("to_a")) && fs::is_symlink(path("to_b")));
  EXPECT_EQ(read_text(path("a"), "a") + read_text(path("b"), "b"), "23");
  EXPECT_EQ(count(), 4U) << "nothing temporary is left";
}

TEST_F(Files, AreWrittenPieceByPieceWholeOrNotAtAll) {
  write_file(path("a"), "before");
  {
    NewFile file(path("a"));
    file.write("one ");
    file.write("two");
    EXPECT_EQ(read_text(path("a"), "a"), "before");
    EXPECT_EQ(count(), 2U) << "the other one is there";
    file.commit();
  }
  EXPECT_EQ(read_text(path("a"), "a"), "one two");
  {
    NewFile file(path("b"));
    file.write("half");
    file.finish();
    NewFile moved(std::move(file));
    EXPECT_EQ(count(), 2U);
  }
  EXPECT_EQ(count(), 1U) << "what is not committed is gone";
  // A device has no other name.
  NewFile device("/dev/null");
  EXPECT_FALSE(device.is_regular());
  device.write("nothing");
  device.commit();
}

TEST_F(Files, KeepTheirMode) {
  write_file(path("a"), "1");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);
  write_file(path("a"), "2");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Files, AreToldFromNames) {
  write_file(path("a"), "1");
  for (const std::string &name : {std::string("-"), std::string("x.json"), std::string("a/b"), path("a")})
    EXPECT_TRUE(names_file(name)) << name;
  EXPECT_FALSE(names_file("no-such-network"));
  EXPECT_EQ(file_name("-"), "stdin");
  EXPECT_EQ(file_name("a"), "a");
}

} // namespace
} // namespace pare
