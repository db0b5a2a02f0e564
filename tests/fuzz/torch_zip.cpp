#include "tests/fuzz/tensors.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) { check(formats::read_torch_zip(file_of(bytes), "teacher.pt")); }

} // namespace pare::fuzz
