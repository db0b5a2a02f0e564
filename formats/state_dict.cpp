#include "formats/readers.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace pare::formats {

namespace {

/// Its members are sorted and found at once: a hostile dictionary may have a million.
using Sorted = nlohmann::json;

constexpr std::string_view kDataParallel = "module.";

Error invalid(const std::string &where, const std::string &message) { return {ErrorCode::kInvalidFile, where, message}; }

class Reader {
public:
  Reader(const StorageBytes &storage, const FileBytes &file, const std::string &where)
      : storage_(storage), file_(file), budget_(file->size()), where_(where) {}

  TensorBytes tensor(const TensorRef &ref, const std::string &name) {
    const std::string_view bytes = storage_(ref.storage);
    const std::size_t element = size_of(ref.storage.dtype);
    // The storage's bytes are there, so that neither product overflows.
    const std::string_view seen = bytes.substr(static_cast<std::size_t>(ref.storage.view_offset) * element,
                                               static_cast<std::size_t>(ref.storage.view_elements) * element);
    const View view{.dtype = ref.storage.dtype, .offset = ref.offset, .sizes = ref.sizes, .strides = ref.strides};
    return tensor_of(seen, file_, view, budget_, where_, name);
  }

  /// A state dict; nothing in it may be anything but a tensor.
  std::map<std::string, TensorBytes> tensors(const Dict &dict) {
    std::map<std::string, TensorBytes> out;
    for (const auto &[key, value] : dict.items) {
      const auto *name = key->as<std::string>();
      if (name == nullptr)
        throw invalid(where_, fmt::format("a name in its state dict is {}; a text would be accepted", kind_of(*key)));
      const auto *ref = value->as<TensorRef>();
      if (ref == nullptr)
        throw invalid(where_,
                      fmt::format("{} in its state dict is {}; a tensor would be accepted", shown(*name), kind_of(*value)));
      if (out.contains(*name)) throw invalid(where_, fmt::format("its state dict has {} twice", shown(*name)));
      out.emplace(*name, tensor(*ref, shown(*name)));
    }
    return out;
  }

  std::string json_text(const Value &value) { return dumped(walk(value, 0)); }

private:
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxJson = std::size_t{1} << 24; ///< bytes, nearly

  const StorageBytes &storage_;
  const FileBytes &file_;
  TensorBudget budget_;
  const std::string &where_;
  std::size_t size_ = 0; ///< of the JSON so far

  /// Texts that are not UTF-8 (Python 2 wrote bytes) keep what is.
  static std::string dumped(const Sorted &value) { return value.dump(-1, ' ', false, Sorted::error_handler_t::replace); }

  Sorted number(double value) const {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
  }

  Sorted walk(const Value &value, int depth) {
    // A pickle's values may contain one another many times over, or themselves.
    size_ += 8;
    if (depth > kMaxDepth || size_ > kMaxJson)
      throw Error(ErrorCode::kLimit, where_, "what stands beside its state dict is nested too deep, or too much");
    if (value.as<None>() != nullptr) return nullptr;
    if (const auto *boolean = value.as<bool>()) return *boolean;
    if (const auto *whole = value.as<std::int64_t>()) return *whole;
    if (const auto *real = value.as<double>()) return number(*real);
    if (const auto *text = value.as<std::string>()) {
      size_ += text->size();
      return *text;
    }
    if (const auto *list = value.as<List>()) return array(list->items, depth);
    if (const auto *tuple = value.as<Tuple>()) return array(tuple->items, depth);
    if (const auto *dict = value.as<Dict>()) {
      Sorted out = Sorted::object();
      for (const auto &[key, item] : dict->items) {
        const auto *text = key->as<std::string>();
        const std::string name = text != nullptr ? *text : dumped(walk(*key, depth + 1));
        size_ += name.size();
        out[name] = walk(*item, depth + 1);
      }
      return out;
    }
    if (const auto *ref = value.as<TensorRef>()) {
      // The reference keeps errors as 0-d tensors of the GPU.
      if (std::all_of(ref->sizes.begin(), ref->sizes.end(), [](std::int64_t size) { return size == 1; })) {
        const TensorBytes one = tensor(*ref, "a number");
        if (is_floating(one.dtype)) return number(real_at(one, 0));
        if (one.dtype == Dtype::kBool) return whole_at(one, 0) != 0;
        return whole_at(one, 0);
      }
      return fmt::format("a tensor {} {}", name_of(ref->storage.dtype), sizes_text(ref->sizes));
    }
    if (const auto *global = value.as<Global>()) return global->name;
    return std::string(kind_of(value));
  }

  Sorted array(const std::vector<const Value *> &items, int depth) {
    Sorted out = Sorted::array();
    for (const Value *item : items) out.push_back(walk(*item, depth + 1));
    return out;
  }
};

/// Whether a dictionary may be a state dict.
bool has_tensors(const Value *value) {
  const Dict *dict = value != nullptr ? value->as<Dict>() : nullptr;
  return dict != nullptr && std::any_of(dict->items.begin(), dict->items.end(),
                                        [](const auto &entry) { return entry.second->template as<TensorRef>() != nullptr; });
}

void remove_data_parallel(std::map<std::string, TensorBytes> &tensors) {
  for (const auto &[name, tensor] : tensors)
    if (!name.starts_with(kDataParallel)) return;
  std::map<std::string, TensorBytes> out;
  for (auto &[name, tensor] : tensors) out.emplace(name.substr(kDataParallel.size()), std::move(tensor));
  tensors = std::move(out);
}

} // namespace

TensorFile read_state_dict(const Pickle &pickle, const StorageBytes &storage, const FileBytes &file, const std::string &where) {
  const Dict *root = pickle.root->as<Dict>();
  if (root == nullptr)
    throw invalid(where,
                  fmt::format("holds {}; a state dict, or a dictionary with one under \"net\", \"state_dict\" or \"model\", "
                              "would be accepted",
                              kind_of(*pickle.root)));
  const Dict *net = nullptr;
  std::string_view under;
  for (const std::string_view key : {"net", "state_dict", "model"})
    if (const Value *value = root->find(key); net == nullptr && has_tensors(value)) {
      net = value->as<Dict>();
      under = key;
    }
  if (net == nullptr && has_tensors(pickle.root)) net = root;
  if (net == nullptr) {
    std::string keys;
    for (std::size_t i = 0; i < std::min<std::size_t>(root->items.size(), 8); ++i)
      if (const auto *key = root->items[i].first->as<std::string>()) keys += (keys.empty() ? "" : ", ") + shown(*key, 40);
    throw invalid(where,
                  fmt::format("has no tensors as a state dict, nor under \"net\", \"state_dict\" or \"model\"; its keys are {}",
                              keys.empty() ? "none" : keys));
  }

  Reader reader(storage, file, where);
  TensorFile out;
  out.tensors = reader.tensors(*net);
  remove_data_parallel(out.tensors);
  if (net == root) return out;
  std::set<std::string> keys;
  for (const auto &[key, value] : root->items) {
    const auto *name = key->as<std::string>();
    if (name == nullptr)
      throw invalid(where, fmt::format("a key beside its state dict is {}; a text would be accepted", kind_of(*key)));
    if (!keys.insert(*name).second) throw invalid(where, fmt::format("has the key {} twice", shown(*name)));
    if (*name != under) out.metadata.emplace(*name, reader.json_text(*value));
  }
  return out;
}

} // namespace pare::formats
