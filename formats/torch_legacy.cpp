#include "formats/readers.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cstring>

namespace pare::formats {

namespace {

/// 0x1950a86a20f9469cfc6c
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kVersion = 1001;

Error invalid_legacy(const std::string &where, const std::string &message) { return {ErrorCode::kInvalidFile, where, message}; }

} // namespace

TensorFile read_torch_legacy(const FileBytes &file, const std::string &where) {
  std::string_view rest = *file;
  const auto next = [&] {
    Pickle pickle = unpickle(rest, where);
    rest.remove_prefix(pickle.bytes);
    return pickle;
  };
  {
    const Pickle pickle = next();
    // Of numpy's arrays, without torch.
    if (pickle.root->as<Dict>() != nullptr && rest.empty()) {
      TensorFile out = read_state_dict(
          pickle,
          [&](const StorageRef &ref) -> std::string_view {
            throw invalid_legacy(where, fmt::format("has no storage {}", shown(ref.key)));
          },
          file, where);
      out.format = "pickle";
      return out;
    }
    const auto *magic = pickle.root->as<BigInteger>();
    if (magic == nullptr || magic->bytes != kMagic)
      throw invalid_legacy(where, "is a pickle but not a torch.save file: its magic number is missing");
  }
  {
    const Pickle pickle = next();
    const auto *version = pickle.root->as<std::int64_t>();
    if (version == nullptr || *version != kVersion)
      throw invalid_legacy(where,
                           fmt::format("is a torch.save file of another version than {}, the only one there is", kVersion));
  }
  next(); // the writer's byte order and type sizes: storages are little-endian whatever it says

  const Pickle pickle = next();
  const Pickle keys = next();
  const List *list = keys.root->as<List>();
  if (list == nullptr) throw invalid_legacy(where, fmt::format("its list of storages is {}", kind_of(*keys.root)));
  std::map<std::string, std::string_view> storages;
  for (const Value *item : list->items) {
    const auto *key = item->as<std::string>();
    const auto entry = key != nullptr ? pickle.storages.find(*key) : pickle.storages.end();
    if (entry == pickle.storages.end())
      throw invalid_legacy(where, fmt::format("its list of storages has {}, which nothing refers to",
                                              key != nullptr ? shown(*key) : std::string(kind_of(*item))));
    std::int64_t elements = 0;
    if (rest.size() < sizeof elements)
      throw invalid_legacy(where, fmt::format("ends before storage {}; is the file truncated?", shown(*key)));
    std::memcpy(&elements, rest.data(), sizeof elements);
    rest.remove_prefix(sizeof elements);
    const StorageRef &ref = entry->second;
    if (elements != ref.elements)
      throw invalid_legacy(where, fmt::format("storage {} has {} elements, and {} where it is referred to", shown(*key),
                                              elements, ref.elements));
    // elements is not negative: neither are those of a reference.
    if (static_cast<std::uint64_t>(elements) > rest.size() / size_of(ref.dtype))
      throw invalid_legacy(where, fmt::format("ends {} bytes into storage {} of {} {}; is the file truncated?", rest.size(),
                                              shown(*key), elements, name_of(ref.dtype)));
    const std::size_t bytes = static_cast<std::size_t>(elements) * size_of(ref.dtype);
    if (!storages.emplace(*key, rest.substr(0, bytes)).second)
      throw invalid_legacy(where, fmt::format("its list of storages has {} twice", shown(*key)));
    rest.remove_prefix(bytes);
  }
  if (!rest.empty()) throw invalid_legacy(where, fmt::format("{} bytes are left over after its last storage", rest.size()));

  const auto storage = [&](const StorageRef &ref) {
    const auto entry = storages.find(ref.key);
    if (entry == storages.end()) throw invalid_legacy(where, fmt::format("has no storage {}", shown(ref.key)));
    return entry->second;
  };
  TensorFile out = read_state_dict(pickle, storage, file, where);
  out.format = "torch legacy";
  return out;
}

} // namespace pare::formats
