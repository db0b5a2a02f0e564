#include "train/loader.hpp"

#include "tests/train_data/images.hpp"
#include "train/data/jpeg.hpp"
#include "train/torch.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

namespace pare::train::test {
namespace {

using pare::test::expect_error;

/// Images of 8 x 8 that say which they are: red is the index, and so is the label. Some cannot be loaded.
class Numbered : public Dataset {
public:
  explicit Numbered(std::int64_t size, std::vector<std::int64_t> broken = {}, std::chrono::milliseconds delay = {})
      : size_(size), broken_(std::move(broken)), delay_(delay) {}
  std::int64_t size() const override { return size_; }
  std::int64_t classes() const override { return size_; }
  std::int64_t label(std::int64_t index) const override { return index; }
  std::string name(std::int64_t index) const override { return "image " + std::to_string(index); }
  std::optional<ImageSize> fixed_size() const override { return ImageSize{.height = 8, .width = 8}; }
  Sample load(std::int64_t index, const ScaleRule &) const override {
    std::this_thread::sleep_for(delay_);
    if (std::find(broken_.begin(), broken_.end(), index) != broken_.end())
      throw Error{ErrorCode::kInvalidFile, name(index), "broken"};
    Image image = make_map(8, 8);
    for (std::size_t p = 0; p < image.pixels.size(); p += 3) image.pixels[p] = static_cast<std::uint8_t>(index);
    return {.image = std::move(image), .label = index};
  }

private:
  std::int64_t size_;
  std::vector<std::int64_t> broken_;
  std::chrono::milliseconds delay_;
};

Augmentation cropped() {
  Augmentation a;
  a.kind = Crop::kPadCrop;
  a.size = 8;
  a.pad = 2;
  a.flip = true;
  a.cutout = 4;
  a.mean = {0, 0, 0};
  a.std = {1, 1, 1};
  return a;
}

std::vector<Batch> collect(Loader &loader) {
  std::vector<Batch> batches;
  while (auto batch = loader.next()) batches.push_back(*batch);
  return batches;
}

std::vector<Batch> epoch_of(const std::shared_ptr<const Dataset> &data, const Augmentation &augmentation,
                            const LoaderOptions &options, std::int64_t epoch, std::int64_t first = 0) {
  Loader loader(data, augmentation, options);
  loader.start(epoch, first);
  return collect(loader);
}

std::vector<std::int64_t> labels_of(const std::vector<Batch> &batches) {
  std::vector<std::int64_t> labels;
  for (const Batch &batch : batches)
    for (std::int64_t i = 0; i < batch.labels.size(0); ++i) labels.push_back(batch.labels[i].item<std::int64_t>());
  return labels;
}

void expect_same(const std::vector<Batch> &a, const std::vector<Batch> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].index, b[i].index);
    EXPECT_TRUE(torch::equal(a[i].labels, b[i].labels)) << i;
    EXPECT_TRUE(torch::equal(a[i].images, b[i].images)) << i;
  }
}

TEST(Loader, GivesTheSetInOrder) {
  const auto data = std::make_shared<Numbered>(10);
  for (std::int64_t workers : {0, 2}) {
    const std::vector<Batch> batches = epoch_of(data, cropped(), {.batch = 4, .workers = workers}, 0);
    ASSERT_EQ(batches.size(), 3u);
    EXPECT_EQ(labels_of(batches), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(batches[0].images.sizes(), (std::vector<std::int64_t>{4, 3, 8, 8}));
    EXPECT_EQ(batches[2].images.sizes(), (std::vector<std::int64_t>{2, 3, 8, 8}));
    EXPECT_EQ(batches[1].index, 1);
    EXPECT_EQ(batches[0].images.scalar_type(), torch::kFloat32);
    EXPECT_EQ(batches[0].labels.scalar_type(), torch::kInt64);
    // Evaluation: the image as it is, red its index, green its column, blue 200.
    for (std::int64_t i = 0; i < 10; ++i) {
      const torch::Tensor image = batches[static_cast<std::size_t>(i / 4)].images[i % 4] * 255;
      EXPECT_TRUE(torch::allclose(image[0], torch::full({8, 8}, static_cast<double>(i))));
      EXPECT_TRUE(torch::allclose(image[1], torch::arange(8, torch::kFloat32).expand({8, 8})));
      EXPECT_TRUE(torch::allclose(image[2], torch::full({8, 8}, 200.0)));
    }
  }
}

TEST(Loader, ShufflesEachEpochAnew) {
  const auto data = std::make_shared<Numbered>(50);
  const LoaderOptions options{.batch = 8, .seed = 5, .shuffle = true};
  const std::vector<std::int64_t> first = labels_of(epoch_of(data, cropped(), options, 0));
  const std::vector<std::int64_t> second = labels_of(epoch_of(data, cropped(), options, 1));
  std::vector<std::int64_t> all(50);
  std::iota(all.begin(), all.end(), 0);
  for (std::vector<std::int64_t> labels : {first, second}) {
    EXPECT_NE(labels, all);
    std::sort(labels.begin(), labels.end());
    EXPECT_EQ(labels, all);
  }
  EXPECT_NE(first, second);
  EXPECT_EQ(labels_of(epoch_of(data, cropped(), options, 0)), first);
  EXPECT_NE(labels_of(epoch_of(data, cropped(), {.batch = 8, .seed = 6, .shuffle = true}, 0)), first);
}

// Each of 5 images is first in a fifth of 2000 epochs, within 5 sigma.
TEST(Loader, ShuffleIsUniform) {
  Loader loader(std::make_shared<Numbered>(5), cropped(), {.batch = 1, .seed = 1, .shuffle = true});
  std::array<int, 5> first{};
  for (std::int64_t epoch = 0; epoch < 2000; ++epoch) {
    loader.start(epoch);
    ++first[static_cast<std::size_t>(loader.next()->labels.item<std::int64_t>())];
  }
  for (int count : first) EXPECT_NEAR(count, 400, 5 * std::sqrt(2000 * 0.2 * 0.8));
}

TEST(Loader, WorkersChangeNothing) {
  const auto data = std::make_shared<Numbered>(101);
  for (bool channels_last : {false, true}) {
    LoaderOptions options{.batch = 16, .seed = 9, .shuffle = true, .training = true, .channels_last = channels_last};
    const std::vector<Batch> alone = epoch_of(data, cropped(), options, 3);
    ASSERT_EQ(alone.size(), 7u);
    for (std::int64_t workers : {1, 2, 5})
      for (std::int64_t prefetch : {1, 3, 20}) {
        options.workers = workers;
        options.prefetch = prefetch;
        expect_same(epoch_of(data, cropped(), options, 3), alone);
      }
  }
}

TEST(Loader, ChannelsLastIsALayoutOnly) {
  const auto data = std::make_shared<Numbered>(20);
  LoaderOptions options{.batch = 8, .seed = 2, .shuffle = true, .training = true};
  const std::vector<Batch> first = epoch_of(data, cropped(), options, 0);
  options.channels_last = true;
  const std::vector<Batch> last = epoch_of(data, cropped(), options, 0);
  EXPECT_TRUE(first[0].images.is_contiguous());
  EXPECT_TRUE(last[0].images.is_contiguous(torch::MemoryFormat::ChannelsLast));
  expect_same(first, last);
}

TEST(Loader, AugmentsByEpochAndImage) {
  const auto data = std::make_shared<Numbered>(40);
  LoaderOptions options{.batch = 40, .seed = 2, .training = true};
  const torch::Tensor first = epoch_of(data, cropped(), options, 0)[0].images;
  const torch::Tensor second = epoch_of(data, cropped(), options, 1)[0].images;
  EXPECT_FALSE(torch::equal(first, second));
  // The order has no part in it: shuffled, each image is the same.
  options.shuffle = true;
  const Batch shuffled = epoch_of(data, cropped(), options, 0)[0];
  EXPECT_TRUE(torch::equal(shuffled.images, first.index_select(0, shuffled.labels)));
}

TEST(Loader, MidEpochGivesTheSameBatches) {
  const auto data = std::make_shared<Numbered>(70);
  for (std::int64_t workers : {0, 3}) {
    const LoaderOptions options{.batch = 8, .seed = 4, .workers = workers, .shuffle = true, .training = true};
    const std::vector<Batch> whole = epoch_of(data, cropped(), options, 2);
    ASSERT_EQ(whole.size(), 9u);
    for (std::int64_t first : {1, 5, 8, 9})
      expect_same(epoch_of(data, cropped(), options, 2, first), {whole.begin() + first, whole.end()});
    // One loader, begun anew in mid-epoch.
    Loader loader(data, cropped(), options);
    loader.start(0);
    loader.next();
    loader.start(2, 3);
    loader.next();
    loader.start(2, 4);
    expect_same(collect(loader), {whole.begin() + 4, whole.end()});
    EXPECT_FALSE(loader.next());
  }
}

TEST(Loader, CanDropTheLastBatch) {
  const auto data = std::make_shared<Numbered>(10);
  Loader dropping(data, cropped(), {.batch = 4, .drop_last = true});
  EXPECT_EQ(dropping.batches(), 2);
  EXPECT_FALSE(dropping.next()); // nothing was started
  dropping.start(0);
  EXPECT_EQ(collect(dropping).size(), 2u);
  EXPECT_EQ(Loader(data, cropped(), {.batch = 5, .drop_last = true}).batches(), 2);
  EXPECT_EQ(Loader(data, cropped(), {.batch = 4}).batches(), 3);
}

// The first error of the batch, whichever worker came first; then the epoch is over, and another can begin.
TEST(Loader, ErrorsComeWithTheirBatch) {
  const auto data = std::make_shared<Numbered>(60, std::vector<std::int64_t>{41, 33, 38});
  for (std::int64_t workers : {0, 1, 4}) {
    Loader loader(data, cropped(), {.batch = 20, .workers = workers});
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.start(epoch);
      EXPECT_EQ(loader.next()->index, 0);
      expect_error([&] { loader.next(); }, ErrorCode::kInvalidFile, "image 33", "broken");
      EXPECT_FALSE(loader.next());
    }
  }
}

// 1000 images of 200 ms in the queue: those that are begun end, which is 200 ms, and nothing else is begun.
TEST(Loader, EndsPromptlyInMidEpoch) {
  const auto data = std::make_shared<Numbered>(1000, std::vector<std::int64_t>{}, std::chrono::milliseconds(200));
  auto loader = std::make_unique<Loader>(data, cropped(), LoaderOptions{.batch = 500, .workers = 2});
  loader->start(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const auto begin = std::chrono::steady_clock::now();
  loader.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1)); // what a worker takes at a time: 1.6 s
}

TEST(Loader, RefusesOptionsThatDoNotFit) {
  const auto data = std::make_shared<Numbered>(10);
  const auto build = [&](const LoaderOptions &options) { return [&data, options] { Loader(data, cropped(), options); }; };
  expect_error(build({.batch = 0}), ErrorCode::kInvalidConfig, "loader.batch", "0");
  expect_error(build({.batch = 1, .workers = -1}), ErrorCode::kInvalidConfig, "loader.workers", "-1");
  expect_error(build({.batch = 1, .prefetch = 0}), ErrorCode::kInvalidConfig, "loader.prefetch", "0");
  expect_error(build({.batch = 11, .drop_last = true}), ErrorCode::kInvalidConfig, "loader.batch", "10 images");
  Augmentation large = cropped();
  large.size = 16;
  expect_error([&] { Loader(data, large, {.training = true}); }, ErrorCode::kInvalidConfig, "augmentation.size", "16 x 16");
  Loader loader(data, cropped(), {.batch = 5});
  expect_error([&] { loader.start(0, 3); }, ErrorCode::kInvalidConfig, "loader.first_batch", "2 batches");
  expect_error([&] { loader.start(-1); }, ErrorCode::kInvalidConfig, "loader.epoch", "-1");
}

/// Two classes of noise of several sizes, larger than the crop, so that some are decoded to a scale; image 4 is bad.
void write_folders(const fs::path &folder) {
  RandomStream random(1, Purpose::kSynthesis);
  for (const char *split : {"train", "val"})
    for (std::int64_t i = 0; i < 12; ++i) {
      Image image = make_image(60 + 9 * i, 100 - 5 * i, {});
      for (std::int64_t p = 0; p < image.height * image.width * 3; ++p)
        image.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
      std::string name(1, static_cast<char>('a' + i));
      write(folder / split / (i < 6 ? "one" : "two") / (name + ".jpg"), i == 4 ? "no image" : encode_jpeg(image, 90));
    }
}

TEST(Loader, LoadsFoldersOfImages) {
  const TemporaryFolder folder;
  write_folders(folder.path());
  Augmentation a;
  a.kind = Crop::kRandomResizedCrop;
  a.size = 24;
  a.flip = true;
  a.mean = {0.485, 0.456, 0.406};
  a.std = {0.229, 0.224, 0.225};
  a.evaluation = EvaluationCrop::kResizeCrop;
  a.evaluation_resize = 32;
  for (bool training : {true, false}) {
    LoaderOptions options{.batch = 5, .seed = 7, .shuffle = training, .training = training};
    const DataSource source = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip);
    const std::vector<Batch> alone = epoch_of(source.train, a, options, 1);
    ASSERT_EQ(alone.size(), 3u);
    EXPECT_EQ(alone[0].images.sizes(), (std::vector<std::int64_t>{5, 3, 24, 24}));
    EXPECT_EQ(source.bad_files().size(), 1u);
    for (std::int64_t workers : {1, 3}) {
      options.workers = workers;
      const DataSource again = open_data("imagenet:" + folder.path().string(), OnBadFile::kSkip);
      expect_same(epoch_of(again.train, a, options, 1), alone);
      EXPECT_EQ(again.bad_files().size(), 1u);
      const DataSource strict = open_data("imagenet:" + folder.path().string());
      expect_error([&] { epoch_of(strict.train, a, options, 1); }, ErrorCode::kInvalidFile, "train/one/e.jpg");
    }
  }
  Augmentation whole = a;
  whole.kind = Crop::kNone;
  whole.size = 0;
  const DataSource source = open_data("imagenet:" + folder.path().string());
  expect_error([&] { Loader(source.train, whole, {.training = true}); }, ErrorCode::kInvalidConfig, "loader.augmentation",
               "one size");
}

} // namespace
} // namespace pare::train::test
