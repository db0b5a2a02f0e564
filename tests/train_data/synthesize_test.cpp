#include "train/data/synthesize.hpp"

#include "tests/train_data/images.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace pare::train::test {
namespace {

using pare::test::expect_error;

/// Every file below a folder, by relative path.
std::map<std::string, std::string> contents(const fs::path &folder) {
  std::map<std::string, std::string> files;
  for (const auto &entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder).string()] = pare::test::read_text(entry.path().string());
  return files;
}

TEST(Synthesize, Cifar10RoundTrip) {
  const TemporaryFolder folder;
  const SynthesisOptions options{.kind = "cifar10", .classes = 4, .images = 22, .size = 256, .seed = 3};
  synthesize(options, folder / "a/set/");
  const DataSource source = open_data("cifar10:" + (folder / "a/set"));
  EXPECT_TRUE(source.synthetic);
  EXPECT_EQ(source.classes, 4);
  EXPECT_EQ(source.train->size(), 22);
  EXPECT_EQ(source.validation->size(), 4); // 22 / 5
  EXPECT_TRUE(source.class_names[3].starts_with("synthetic_"));
  std::array<int, 4> count{};
  for (std::int64_t i = 0; i < 22; ++i) {
    const Sample sample = source.train->load(i);
    ++count[static_cast<std::size_t>(sample.label)];
    EXPECT_EQ(sample.image.pixels, synthetic_image(sample.label, 32, 32, 3, false, i).pixels);
  }
  EXPECT_EQ(count, (std::array<int, 4>{6, 6, 5, 5}));
  const auto mark = nlohmann::json::parse(pare::test::read_text(folder / "a/set/synthetic.json"));
  EXPECT_EQ(mark["schema"], "pare.synthetic/1");
  EXPECT_EQ(mark["images"], 22);
  EXPECT_EQ(mark["seed"], 3);
  // Without its mark it is still known by the names of its classes; the format's ten classes then need ten names.
  fs::remove(folder / "a/set/synthetic.json");
  expect_error([&] { open_data("cifar10:" + (folder / "a/set")); }, ErrorCode::kInvalidFile, "batches.meta.txt", "4 names");
}

TEST(Synthesize, ImagenetRoundTrip) {
  const TemporaryFolder folder;
  const SynthesisOptions options{.kind = "imagenet", .classes = 3, .images = 7, .size = 40, .seed = 1};
  synthesize(options, folder / "set");
  DataSource source = open_data("imagenet:" + (folder / "set"));
  EXPECT_TRUE(source.synthetic);
  EXPECT_EQ(source.classes, 3);
  EXPECT_EQ(source.train->size(), 7);
  EXPECT_EQ(source.validation->size(), 3); // one of each class
  for (std::int64_t i = 0; i < 7; ++i) {
    const Sample sample = source.train->load(i);
    EXPECT_EQ(sample.image.height, 40);
    EXPECT_EQ(sample.image.width, 40);
  }
  fs::remove(folder / "set/synthetic.json");
  EXPECT_TRUE(open_data("imagenet:" + (folder / "set")).synthetic);
}

TEST(Synthesize, TheSameOptionsGiveTheSameBytes) {
  const TemporaryFolder folder;
  for (const char *kind : {"cifar10", "imagenet"}) {
    SynthesisOptions options{.kind = kind, .classes = 2, .images = 6, .size = 24, .seed = 1};
    const std::string base = folder / kind;
    synthesize(options, base + ".1");
    synthesize(options, base + ".2");
    options.seed = 2;
    synthesize(options, base + ".3");
    EXPECT_EQ(contents(base + ".1"), contents(base + ".2"));
    EXPECT_NE(contents(base + ".1"), contents(base + ".3"));
  }
}

TEST(Synthesize, SplitsAndImagesDiffer) {
  const auto image = [](bool validation, std::int64_t index) {
    return synthetic_image(0, 32, 32, 1, validation, index).pixels;
  };
  EXPECT_NE(image(false, 0), image(true, 0));
  EXPECT_NE(image(false, 0), image(false, 1));
}

// The mean colour of a class is that of any other, within 6 sigma: a mean of an image is uniform over 0.4 of the range (sigma
// 0.4 x 255 / sqrt(12) = 29, and a patch of 0.16 of the area adds less than 10), so that of 200 images has sigma below 31 /
// sqrt(200) = 2.2, and a difference below 3.1.
TEST(Synthesize, MeanColourDoesNotTellTheClass) {
  std::array<std::array<double, 3>, 10> mean{};
  constexpr std::int64_t n = 200;
  for (std::int64_t label = 0; label < 10; ++label)
    for (std::int64_t i = 0; i < n; ++i) {
      const Image image = synthetic_image(label, 32, 32, 1, false, label * n + i);
      for (std::size_t p = 0; p < image.pixels.size(); ++p) mean[static_cast<std::size_t>(label)][p % 3] += image.pixels[p];
    }
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t label = 1; label < 10; ++label)
      EXPECT_NEAR(mean[label][c] / (n * 1024), mean[0][c] / (n * 1024), 6 * 3.1) << label;
}

TEST(Synthesize, NeverWritesOverAnything) {
  const TemporaryFolder folder;
  const SynthesisOptions options{.kind = "cifar10", .classes = 2, .images = 5, .size = 256, .seed = 1};
  write(folder.path() / "full" / "precious", "x");
  expect_error([&] { synthesize(options, folder / "full"); }, ErrorCode::kIo, "full", "not an empty folder");
  write(folder.path() / "file", "x");
  expect_error([&] { synthesize(options, folder / "file"); }, ErrorCode::kIo, "file", "not an empty folder");
  EXPECT_EQ(contents(folder.path()).size(), 2u);
  fs::create_directory(folder / "empty");
  synthesize(options, folder / "empty");
  EXPECT_TRUE(open_data("cifar10:" + (folder / "empty")).synthetic);
}

// What cannot be written leaves nothing behind: the target is a link to nowhere, which a folder cannot be renamed to.
TEST(Synthesize, LeavesNothingWhenItFails) {
  const TemporaryFolder folder;
  const SynthesisOptions options{.kind = "cifar10", .classes = 2, .images = 5, .size = 256, .seed = 1};
  fs::create_symlink(folder / "nowhere", folder / "link");
  expect_error([&] { synthesize(options, folder / "link"); }, ErrorCode::kIo, "link");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(Synthesize, ChecksItsOptions) {
  const TemporaryFolder folder;
  const auto with = [&](const char *kind, std::int64_t classes, std::int64_t images, std::int64_t size) {
    return [&folder, options = SynthesisOptions{.kind = kind, .classes = classes, .images = images, .size = size, .seed = 0}] {
      synthesize(options, folder / "set");
    };
  };
  expect_error(with("mnist", 2, 10, 32), ErrorCode::kInvalidValue, "like", "cifar10, imagenet");
  expect_error(with("cifar10", 11, 100, 32), ErrorCode::kInvalidValue, "classes", "1 to 10");
  expect_error(with("cifar10", 0, 100, 32), ErrorCode::kInvalidValue, "classes", "0");
  expect_error(with("cifar10", 2, 4, 32), ErrorCode::kInvalidValue, "images", "5 to");
  expect_error(with("imagenet", 1081, 2000, 32), ErrorCode::kInvalidValue, "classes", "1 to 1080");
  expect_error(with("imagenet", 20, 19, 32), ErrorCode::kInvalidValue, "images", "20 to");
  expect_error(with("imagenet", 2, 19, 8), ErrorCode::kInvalidValue, "size", "16 to 4096");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

} // namespace
} // namespace pare::train::test
