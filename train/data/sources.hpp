#pragma once

// The kinds of data sets, one .cpp each; dataset.cpp has their registry.

#include "train/data/dataset.hpp"

#include <filesystem>

namespace pare::train {

/// Size and classes of what `pare data synthesize` wrote, from its file synthetic.json.
struct SyntheticMark {
  std::string kind;
  std::int64_t classes = 0;
};
inline constexpr const char *kSyntheticMark = "synthetic.json";
inline constexpr const char *kSyntheticSchema = "pare.synthetic/1";
/// What the names of synthetic classes begin with: they are known by that where the mark was left behind.
inline constexpr const char *kSyntheticClass = "synthetic_";

/// These fill all of a source but spec, kind, synthetic and max_images; packed sets need not look at that. `mark` is what lies
/// in the folder.
void open_cifar10(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_cifar100(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_fashion_mnist(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_mnist(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_image_folder(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);

} // namespace pare::train
