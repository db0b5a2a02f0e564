// MNIST's format, by hand: what is in a file is what is loaded, packed or not; and each way in which a file can be wrong.

#include "train/data/dataset.hpp"
#include "train/data/gzip.hpp"

#include "base/digest.hpp"
#include "tests/train_data/images.hpp"

#include <cstdlib>

namespace pare::train::test {
namespace {

using pare::test::expect_error;
using pare::test::expect_message;

std::string word(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}
std::string labels(const std::string &values) {
  return word(0x0801) + word(static_cast<std::uint32_t>(values.size())) + values;
}
/// Image i has 10 i + 1 in its corner, and 7 at row 2, column 5.
std::string images(std::uint32_t n, std::uint32_t height = 28, std::uint32_t width = 28) {
  std::string out = word(0x0803) + word(n) + word(height) + word(width);
  for (std::uint32_t i = 0; i < n; ++i) {
    std::string image(static_cast<std::size_t>(height * width), '\0');
    image[0] = static_cast<char>(10 * i + 1);
    if (height == 28) image[2 * 28 + 5] = 7;
    out += image;
  }
  return out;
}
// Labels 0, 1, 2, 1, 0 to train on, 2, 9 for validation.
void write_mnist(const fs::path &folder) {
  write(folder / "train-images-idx3-ubyte", images(5));
  write(folder / "train-labels-idx1-ubyte", labels(std::string("\0\1\2\1\0", 5)));
  write(folder / "t10k-images-idx3-ubyte", images(2));
  write(folder / "t10k-labels-idx1-ubyte", labels("\2\x9"));
}
/// As gzip packs it.
void pack(const fs::path &file) { ASSERT_EQ(std::system(("gzip -n '" + file.string() + "'").c_str()), 0); }

TEST(Mnist, IsReadWithABorderAndInThreeChannels) {
  for (const char *kind : {"mnist", "fashion-mnist"})
    for (const char *place : {"", "/raw", "/other"}) {
      const TemporaryFolder folder;
      const bool torchvision = place == std::string("/other");
      write_mnist(torchvision ? folder.path() / (kind == std::string("mnist") ? "MNIST/raw" : "FashionMNIST/raw")
                              : fs::path(folder.path().string() + place));
      const DataSource source = open_data(std::string(kind) + ":" + folder.path().string());
      EXPECT_EQ(source.kind, kind);
      EXPECT_EQ(source.classes, 10);
      ASSERT_EQ(source.class_names.size(), 10u);
      EXPECT_EQ(source.class_names[9], kind == std::string("mnist") ? "9" : "Ankle boot");
      EXPECT_NE(source.preparation.find("32 x 32"), std::string::npos);
      EXPECT_FALSE(source.synthetic);
      ASSERT_EQ(source.train->size(), 5);
      ASSERT_EQ(source.validation->size(), 2);
      EXPECT_EQ(source.validation->label(1), 9);
      EXPECT_NE(source.train->name(3).find("train-images-idx3-ubyte image 3"), std::string::npos);
      const Sample sample = source.train->load(3);
      EXPECT_EQ(sample.label, 1);
      ASSERT_EQ(sample.image.pixels.size(), 3u * 32 * 32);
      EXPECT_EQ(source.train->fixed_size()->height, 32);
      for (std::size_t y = 0; y < 32; ++y)
        for (std::size_t x = 0; x < 32; ++x)
          for (std::size_t c = 0; c < 3; ++c)
            ASSERT_EQ(sample.image.pixels[3 * (32 * y + x) + c], y == 2 && x == 2 ? 31 : y == 4 && x == 7 ? 7 : 0);
    }
}

TEST(Mnist, IsTheSamePackedOrNot) {
  const TemporaryFolder folder;
  write_mnist(folder.path());
  const std::string spec = "mnist:" + folder.path().string();
  const std::string fingerprint = open_data(spec).fingerprint;
  std::string digests;
  for (const char *name :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"})
    digests += std::string(name) + " " + digest(pare::test::read_text(folder.path() / name)) + "\n";
  EXPECT_EQ(fingerprint, digest(digests));
  pack(folder.path() / "train-images-idx3-ubyte");
  pack(folder.path() / "t10k-labels-idx1-ubyte");
  const DataSource source = open_data(spec);
  EXPECT_EQ(source.fingerprint, fingerprint);
  EXPECT_EQ(source.train->load(4).image.pixels[3 * (32 * 2 + 2)], 41);
  // As some mirrors call them.
  fs::rename(folder.path() / "train-labels-idx1-ubyte", folder.path() / "train-labels.idx1-ubyte");
  EXPECT_EQ(open_data(spec).fingerprint, fingerprint);
}

TEST(Mnist, BadFilesAreRefused) {
  const TemporaryFolder folder;
  const std::string spec = "mnist:" + folder.path().string();
  const auto refused = [&](const char *name, const std::string &bytes, const std::string &message) {
    SCOPED_TRACE(name);
    write_mnist(folder.path());
    write(folder.path() / name, bytes);
    expect_message([&] { open_data(spec); }, "[invalid_file] " + (folder.path() / name).string() + ": " + message);
  };
  expect_message([&] { open_data(spec); },
                 "[io] " + folder.path().string() + ": has neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz");
  const char *const kImages = "train-images-idx3-ubyte";
  const char *const kLabels = "t10k-labels-idx1-ubyte";
  for (const std::string &bytes : {std::string(), std::string("\0\0\x8", 3), labels("\1"), "P" + images(1)})
    refused(kImages, bytes, "begins otherwise than images of MNIST's format, which has the bytes 00 00 08 03 first");
  refused(kLabels, images(2), "begins otherwise than labels of MNIST's format, which has the bytes 00 00 08 01 first");
  refused(kImages, images(5, 32, 32), "has images of 32 x 32; 28 x 28 is expected");
  refused(kImages, images(5).substr(0, 2000), "says that it has 5 images, and has 1984 bytes of them where 3920 are needed");
  refused(kImages, images(5) + "x", "says that it has 5 images, and has 3921 bytes of them where 3920 are needed");
  refused(kImages, images(0),
          "says that it has 0 images, and has 0 bytes of them where 0 are needed; one at least is expected");
  refused(kLabels, labels("\1"), "has 1 labels for the 2 images of " + (folder.path() / "t10k-images-idx3-ubyte").string());
  refused(kLabels, labels("\1\xa"), "label 1 is 10; labels are 0 to 9");
  write_mnist(folder.path());
  pack(folder.path() / kLabels);
  const fs::path packed = folder.path() / (std::string(kLabels) + ".gz");
  const std::string whole = pare::test::read_text(packed);
  for (std::size_t length = 2; length < whole.size(); ++length) {
    write(packed, whole.substr(0, length));
    expect_message([&] { open_data(spec); },
                   "[invalid_file] " + packed.string() + ": ends before what was packed in it does: cut short?");
  }
  for (std::size_t at = 0; at < whole.size(); ++at) { // a damaged byte is found, or is one of the header that means nothing
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    write(packed, damaged);
    try {
      EXPECT_EQ(open_data(spec).validation->label(1), 9) << at;
    } catch (const Error &error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFile) << error.what();
    }
  }
}

TEST(Gzip, UnpacksAllMembersAndNoMoreThanItMay) {
  const TemporaryFolder folder;
  const std::string long_text(3'000'000, 'x');
  write(folder.path() / "a", long_text);
  write(folder.path() / "b", "end");
  pack(folder.path() / "a");
  pack(folder.path() / "b");
  const std::string both = pare::test::read_text(folder.path() / "a.gz") + pare::test::read_text(folder.path() / "b.gz");
  EXPECT_TRUE(is_gzip(both));
  EXPECT_FALSE(is_gzip("\x1f"));
  EXPECT_EQ(gunzip(both, 1 << 23, "f"), long_text + "end");
  EXPECT_EQ(gunzip(both, 3'000'003, "f").size(), 3'000'003u);
  expect_message([&] { gunzip(both, 3'000'002, "f"); },
                 "[limit] f: unpacks to more than 3000002 bytes, which is all that is read");
  expect_error([&] { gunzip(both + "trailing", 1 << 23, "f"); }, ErrorCode::kInvalidFile, "f", "cannot be unpacked");
}

TEST(MaxImages, AreTheFirstOfEachClass) {
  const TemporaryFolder folder;
  write_mnist(folder.path());
  const std::string spec = "mnist:" + folder.path().string();
  const std::string whole = open_data(spec).fingerprint;
  const DataSource one = open_data(spec, OnBadFile::kFail, Digest::kSha256, 1);
  ASSERT_EQ(one.train->size(), 3);
  for (const std::int64_t i : {0, 1, 2}) {
    EXPECT_EQ(one.train->label(i), i);
    EXPECT_EQ(one.train->load(i).image.pixels[3 * (32 * 2 + 2)], 10 * i + 1);
  }
  EXPECT_EQ(one.validation->size(), 2) << "validation has all of its own";
  EXPECT_EQ(one.fingerprint, whole) << "of the files";
  EXPECT_EQ(open_data(spec, OnBadFile::kFail, Digest::kSha256, 2).train->size(), 5);
}

} // namespace
} // namespace pare::train::test
