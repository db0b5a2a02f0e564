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

/// The folder that has `file`: the one that was given, or the one in it that the set's archive makes. Throws Error{kIo}.
std::filesystem::path find_folder(const std::filesystem::path &given, const char *archive_folder, const char *file);

/// Whether a folder has what Tiny ImageNet's has and no other.
bool is_tiny_imagenet(const std::filesystem::path &folder);

/// These fill all of a source but spec, kind, synthetic and max_images; packed sets need not look at that. `mark` is what lies
/// in the folder.
void open_cifar10(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_cifar100(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_fashion_mnist(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_mnist(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_svhn(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_stl10(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_tiny_imagenet(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);
void open_image_folder(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy);

} // namespace pare::train
