#include "formats/readers.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "formats/zip.hpp"

#include <fmt/format.h>

namespace pare::formats {

TensorFile read_torch_zip(const FileBytes &file, const std::string &where) {
  const auto fail = [&](const std::string &message) { return Error(ErrorCode::kInvalidFile, where, message); };
  const Zip zip(*file, where);
  const std::string folder = zip.folder() + "/";
  if (!zip.contains(folder + "data.pkl"))
    throw fail(fmt::format("is a zip file but not one of torch.save: it has no {}", shown(folder + "data.pkl")));
  if (const std::string order = folder + "byteorder"; zip.contains(order) && zip.read(order) != "little")
    throw fail(fmt::format("its byte order is {}; \"little\" would be accepted", shown(zip.read(order))));

  const Pickle pickle = unpickle(zip.read(folder + "data.pkl"), where);
  std::map<std::string, std::string_view> read; // checksums are compared once
  const auto storage = [&](const StorageRef &ref) {
    if (const auto entry = read.find(ref.key); entry != read.end()) return entry->second;
    const std::string_view bytes = zip.read(folder + "data/" + ref.key);
    const std::size_t element = size_of(ref.dtype);
    if (bytes.size() % element != 0 || bytes.size() / element != static_cast<std::uint64_t>(ref.elements))
      throw fail(fmt::format("storage {} has {} bytes; {} {} take another number", shown(ref.key), bytes.size(), ref.elements,
                             name_of(ref.dtype)));
    read.emplace(ref.key, bytes);
    return bytes;
  };
  TensorFile out = read_state_dict(pickle, storage, file, where);
  out.format = "torch zip";
  return out;
}

} // namespace pare::formats
