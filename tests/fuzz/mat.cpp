#include "train/data/mat.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// A MATLAB file, all of whose variables are read.
void read(std::string_view bytes) {
  const train::MatFile file(bytes, "file.mat");
  for (const std::string &name : file.names()) {
    try {
      const train::MatArray array = file.read(name, std::size_t{1} << 24);
      expect(array.bytes.empty() || array.values.empty(), "values of two kinds");
      std::size_t count = 1;
      for (const std::int64_t size : array.sizes) count *= static_cast<std::size_t>(size);
      expect(count == array.bytes.size() + array.values.size(), "other values than the sizes say");
    } catch (const Error &) { // of this variable; there are others
    }
  }
}

} // namespace pare::fuzz
