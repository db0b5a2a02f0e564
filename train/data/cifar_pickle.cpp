#include "train/data/cifar_pickle.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "formats/pickle.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

namespace pare::train {

namespace {

constexpr std::size_t kPickledImage = 3 * 32 * 32;

std::optional<std::string_view> text_of(const formats::Value &value) {
  if (const auto *text = value.as<std::string>()) return *text;
  if (const auto *bytes = value.as<formats::Bytes>()) return bytes->bytes;
  return {};
}

/// What stands at keys of the dictionary that a pickle is.
class PickledDict {
public:
  PickledDict(std::string_view pickle, const std::string &where) : pickle_(formats::unpickle(pickle, where)), where_(where) {
    dict_ = pickle_.root->as<formats::Dict>();
    if (dict_ == nullptr)
      refuse(fmt::format("is {}; CIFAR's Python version has a dictionary", formats::kind_of(*pickle_.root)));
  }
  PickledDict(const PickledDict &) = delete; // its values are pointed to
  PickledDict &operator=(const PickledDict &) = delete;

  template <class T>
  const T &at(std::string_view key, std::string_view what) const {
    const formats::Value *found = nullptr; // the one that was set last
    for (const auto &[name, value] : dict_->items)
      if (text_of(*name) == key) found = value;
    if (found == nullptr) refuse(fmt::format("has no {}, which CIFAR's Python version has", shown(key)));
    const T *out = found->as<T>();
    if (out == nullptr) refuse(fmt::format("{} is {}; {} is needed", shown(key), formats::kind_of(*found), what));
    return *out;
  }

  [[noreturn]] void refuse(const std::string &message) const { throw Error(ErrorCode::kInvalidFile, where_, message); }

private:
  formats::Pickle pickle_;
  const formats::Dict *dict_ = nullptr;
  const std::string &where_;
};

} // namespace

std::string records_of_pickle(std::string_view pickle, std::span<const std::string_view> label_keys, const std::string &where) {
  const PickledDict dict(pickle, where);
  const auto &data = dict.at<formats::Array>("data", "an array");
  const std::string_view pixels = data.bytes();
  const std::size_t images = pixels.size() / kPickledImage;
  if (data.type != "|u1" || data.first_index_fastest || data.sizes.size() != 2 || data.sizes[1] != kPickledImage || images == 0)
    dict.refuse(fmt::format("\"data\" is an array of {} of type {}{}; images x {} of type |u1, row by row, are needed",
                            fmt::join(data.sizes, " x "), shown(data.type),
                            data.first_index_fastest ? " in Fortran's order" : "", kPickledImage));
  std::vector<const formats::List *> labels;
  for (const std::string_view key : label_keys) {
    labels.push_back(&dict.at<formats::List>(key, "a list of labels"));
    if (labels.back()->items.size() != images)
      dict.refuse(
          fmt::format("{} has {} labels for the {} images in \"data\"", shown(key), labels.back()->items.size(), images));
  }
  std::string out;
  out.reserve(images * (kPickledImage + labels.size()));
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const formats::Value &value = *labels[k]->items[i];
      const auto *label = value.as<std::int64_t>();
      if (label == nullptr)
        dict.refuse(fmt::format("{}[{}] is {}; a label is needed", shown(label_keys[k]), i, formats::kind_of(value)));
      if (*label < 0 || *label > 255)
        dict.refuse(fmt::format("{}[{}] is {}; labels are 0 to 255", shown(label_keys[k]), i, *label));
      out += static_cast<char>(*label);
    }
    out += pixels.substr(i * kPickledImage, kPickledImage);
  }
  return out;
}

std::vector<std::string> texts_of_pickle(std::string_view pickle, std::string_view key, const std::string &where) {
  const PickledDict dict(pickle, where);
  std::vector<std::string> out;
  for (const formats::Value *item : dict.at<formats::List>(key, "a list of texts").items) {
    const auto text = text_of(*item);
    if (!text) dict.refuse(fmt::format("{}[{}] is {}; a text is needed", shown(key), out.size(), formats::kind_of(*item)));
    out.emplace_back(*text);
  }
  return out;
}

} // namespace pare::train
