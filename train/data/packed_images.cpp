#include "train/data/packed_images.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <sstream>

namespace pare::train {

void PackedImages::append(std::int64_t label, const std::uint8_t *planes, Order order) {
  labels_.push_back(static_cast<std::uint8_t>(label));
  const std::int64_t down = order == Order::kRows ? side_ : 1;
  const std::int64_t right = order == Order::kRows ? 1 : side_;
  std::size_t out = pixels_.size();
  pixels_.resize(out + static_cast<std::size_t>(3 * side_ * side_));
  for (std::int64_t y = 0; y < side_; ++y)
    for (std::int64_t x = 0; x < side_; ++x)
      for (std::int64_t c = 0; c < 3; ++c) pixels_[out++] = planes[c * side_ * side_ + y * down + x * right];
}

std::string PackedImages::name(std::int64_t index) const {
  std::size_t file = files_.size() - 1;
  while (files_[file].first > index) --file;
  return fmt::format("{} record {}", files_[file].path, index - files_[file].first);
}

Sample PackedImages::load(std::int64_t index, const ScaleRule & /*rule*/) const {
  const std::int64_t bytes = 3 * side_ * side_;
  const auto *begin = pixels_.data() + index * bytes;
  return {.image = {.height = side_,
                    .width = side_,
                    .full_height = side_,
                    .full_width = side_,
                    .pixels = std::vector<std::uint8_t>(begin, begin + bytes)},
          .label = label(index)};
}

std::vector<std::string> read_class_names(const std::filesystem::path &path, std::int64_t classes) {
  std::vector<std::string> names;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    for (std::int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
    return names;
  }
  std::istringstream lines(read_text(path.string(), path.string()));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (static_cast<std::int64_t>(names.size()) != classes)
    throw Error{ErrorCode::kInvalidFile, path.string(), fmt::format("{} names for {} classes", names.size(), classes)};
  return names;
}

} // namespace pare::train
