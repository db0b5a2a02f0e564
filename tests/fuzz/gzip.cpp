#include "train/data/gzip.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  expect(train::gunzip(bytes, kMost, "file.gz").size() <= kMost, "more than it may be");
}

} // namespace pare::fuzz
