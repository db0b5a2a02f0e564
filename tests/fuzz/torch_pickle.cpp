#include "tests/fuzz/tensors.hpp"

namespace pare::fuzz {

/// data.pkl of a PyTorch zip file, without the file around it, whose checksums keep a fuzzer out. Each storage is there, and
/// as long as the pickle says, up to a limit.
void read(std::string_view bytes) {
  static const std::string data(std::size_t{1} << 16, '\x01');
  const formats::StorageBytes storage = [](const formats::StorageRef &ref) {
    const std::size_t size = formats::size_of(ref.dtype);
    if (static_cast<std::uint64_t>(ref.elements) > data.size() / size)
      throw Error(ErrorCode::kInvalidFile, "teacher.pt", "a storage that is longer than the file");
    return std::string_view(data).substr(0, static_cast<std::size_t>(ref.elements) * size);
  };
  check(formats::read_state_dict(formats::unpickle(bytes, "teacher.pt"), storage, file_of(bytes), "teacher.pt"));
}

} // namespace pare::fuzz
