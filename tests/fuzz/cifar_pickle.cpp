#include "train/data/cifar_pickle.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <array>
#include <functional>

namespace pare::fuzz {

/// A batch of CIFAR's Python version, of CIFAR-10, of CIFAR-100, or its names.
void read(std::string_view bytes) {
  static constexpr std::array<std::string_view, 1> kTen = {"labels"};
  static constexpr std::array<std::string_view, 2> kHundred = {"coarse_labels", "fine_labels"};
  const auto attempt = [](const std::function<void()> &action) {
    try {
      action();
    } catch (const Error &) { // it is another of the three
    }
  };
  const auto expect_records = [&](std::span<const std::string_view> keys) {
    const std::string records = train::records_of_pickle(bytes, keys, "batch");
    expect(!records.empty() && records.size() % (keys.size() + 3072) == 0, "records of another size");
  };
  attempt([&] { expect_records(kTen); });
  attempt([&] { expect_records(kHundred); });
  attempt([&] { train::texts_of_pickle(bytes, "label_names", "names"); });
}

} // namespace pare::fuzz
