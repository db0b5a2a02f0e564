#include "tests/fuzz/tensors.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) { check(formats::read_torch_legacy(file_of(bytes), "teacher.t7")); }

} // namespace pare::fuzz
