#include "tests/fuzz/tensors.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) { check(formats::read_safetensors(file_of(bytes), "student.safetensors")); }

} // namespace pare::fuzz
