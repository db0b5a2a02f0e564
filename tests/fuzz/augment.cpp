#include "train/data/augment.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cmath>
#include <memory>

namespace pare::fuzz {

/// Numbers of an augmentation, good or bad, and of an image as it was decoded, to a scale in training.
void read(std::string_view bytes) {
  using namespace train;
  Numbers numbers(bytes);
  Augmentation settings;
  settings.kind = kCrops[static_cast<std::size_t>(numbers.take(0, kCrops.size() - 1))].first;
  settings.evaluation = kEvaluationCrops[static_cast<std::size_t>(numbers.take(0, kEvaluationCrops.size() - 1))].first;
  settings.size = numbers.take(-1, 100);
  settings.pad = numbers.take(-1, 40);
  settings.flip = numbers.take(0, 1) == 1;
  settings.cutout = numbers.take(-1, 100);
  settings.evaluation_resize = numbers.take(-1, 200);
  for (std::size_t c = 0; c < 3; ++c) {
    settings.mean[c] = static_cast<double>(numbers.take(0, 255)) / 255;
    settings.std[c] = static_cast<double>(numbers.take(0, 255)) / 255;
  }
  const bool training = numbers.take(0, 1) == 1;
  const auto seed = numbers.take<std::uint64_t>();
  const std::int64_t full_height = numbers.take(1, 400), full_width = numbers.take(1, 400);

  const Pipeline pipeline(settings, training);
  const Draw draw = pipeline.draw({seed, Purpose::kAugmentation}, full_height, full_width);
  const double least = pipeline.least_scale(draw);
  expect(least > 0 && least <= 1, "a scale that no image is decoded to");
  std::int64_t denominator = 1;
  while (denominator < 8 && 1.0 / static_cast<double>(2 * denominator) >= least) denominator *= 2; // as decode_jpeg()
  Image image{.height = (full_height + denominator - 1) / denominator,
              .width = (full_width + denominator - 1) / denominator,
              .full_height = full_height,
              .full_width = full_width,
              .pixels = {}};
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width * 3), 200);

  const ImageSize size = pipeline.output_size(full_height, full_width);
  if (const auto fixed = pipeline.fixed_output_size())
    expect(fixed->height == size.height && fixed->width == size.width, "the size of all results is not that of this one");
  const auto count = static_cast<std::size_t>(3 * size.height * size.width);
  const auto out = std::make_unique<float[]>(count); // no byte more: what is written beyond it is seen
  for (const Layout layout : {Layout::kChannelsFirst, Layout::kChannelsLast}) {
    std::fill_n(out.get(), count, NAN);
    pipeline.apply(image, draw, layout, out.get());
    expect(std::none_of(out.get(), out.get() + count, [](float x) { return std::isnan(x); }), "a number was not written");
  }
}

} // namespace pare::fuzz
