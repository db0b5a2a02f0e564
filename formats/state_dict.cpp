#include "formats/readers.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace pare::formats {

namespace {

/// Its members are sorted and found at once: a hostile dictionary may have a million.
using Sorted = nlohmann::json;

constexpr std::size_t kMostKeys = 8; ///< that lead to a state dict, one in another

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

  /// Of numbers, as numpy has them.
  TensorBytes tensor(const Array &array, const std::string &name) {
    if (!elements_of(array.sizes))
      throw invalid(where_, fmt::format("{} is an array of shape {}, more than a tensor has", name, sizes_text(array.sizes)));
    View view{.dtype = dtype_of_array(array.type).value(),
              .offset = 0,
              .sizes = array.sizes,
              .strides = std::vector<std::int64_t>(array.sizes.size())};
    std::int64_t stride = 1;
    for (std::size_t i = 0; i < array.sizes.size(); ++i) {
      const std::size_t index = array.first_index_fastest ? i : array.sizes.size() - 1 - i;
      view.strides[index] = stride;
      stride *= std::max<std::int64_t>(1, array.sizes[index]);
    }
    // The pickle is gone before the tensor is.
    const auto bytes = std::make_shared<const std::string>(array.bytes());
    return tensor_of(*bytes, bytes, view, budget_, where_, name);
  }

  /// What stands beside state dicts, `read`, of which it says no more.
  std::string json_text(const Value &value, const std::set<const Dict *> &read) {
    read_ = &read;
    return dumped(walk(value, 0));
  }

private:
  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxJson = std::size_t{1} << 24; ///< bytes, nearly

  const StorageBytes &storage_;
  const FileBytes &file_;
  TensorBudget budget_;
  const std::string &where_;
  std::size_t size_ = 0; ///< of the JSON so far
  const std::set<const Dict *> *read_ = nullptr;

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
      if (read_->contains(dict)) return "tensors";
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
    if (const auto *array = value.as<Array>()) return fmt::format("an array {} {}", array->type, sizes_text(array->sizes));
    if (const auto *global = value.as<Global>()) return global->name;
    return std::string(kind_of(value));
  }

  Sorted array(const std::vector<const Value *> &items, int depth) {
    Sorted out = Sorted::array();
    for (const Value *item : items) out.push_back(walk(*item, depth + 1));
    return out;
  }
};

bool is_tensor(const Value &value) {
  if (const auto *array = value.as<Array>()) return array->data != nullptr && dtype_of_array(array->type);
  return value.as<TensorRef>() != nullptr;
}

/// A tensor that may be a weight. Checkpoints hold numbers, an epoch or an error, as tensors too.
bool is_weight(const Value &value) {
  const auto *ref = value.as<TensorRef>();
  const auto *array = value.as<Array>();
  return is_tensor(value) && !(ref != nullptr ? ref->sizes : array->sizes).empty();
}

/// A dictionary of tensors, and the keys that lead to it.
struct StateDict {
  const Dict *dict;
  std::string key;
};

std::string key_text(const Value &key) {
  const auto *text = key.as<std::string>();
  return text != nullptr ? *text : std::string(kind_of(key));
}

/// The dictionaries with weights in them that texts lead to, in the order of the file, each once. An optimizer's state has
/// whole numbers as keys: its tensors are no weights.
std::vector<StateDict> state_dicts(const Dict &root) {
  std::vector<StateDict> out;
  std::set<const Dict *> seen;
  const auto visit = [&](const auto &self, const Dict &dict, const std::string &key, std::size_t depth) -> void {
    if (!seen.insert(&dict).second) return;
    const bool is_named = std::all_of(dict.items.begin(), dict.items.end(),
                                      [](const auto &entry) { return entry.first->template as<std::string>() != nullptr; });
    const bool has_weights =
        std::any_of(dict.items.begin(), dict.items.end(), [](const auto &entry) { return is_weight(*entry.second); });
    if (has_weights && (is_named || depth == 0)) out.push_back({&dict, key});
    if (depth == kMostKeys) return;
    for (const auto &[name, value] : dict.items) {
      const auto *text = name->template as<std::string>();
      const auto *inner = value->template as<Dict>();
      if (text != nullptr && inner != nullptr) self(self, *inner, key.empty() ? *text : key + "." + *text, depth + 1);
    }
  };
  visit(visit, root, {}, 0);
  // What stands beside others, such as losses as an array, has no names of layers.
  if (out.size() > 1 && out[0].dict == &root && std::none_of(root.items.begin(), root.items.end(), [](const auto &entry) {
        const auto *name = entry.first->template as<std::string>();
        return name != nullptr && is_weight(*entry.second) && name->find('.') != std::string::npos;
      }))
    out.erase(out.begin());
  return out;
}

} // namespace

TensorFile read_state_dict(const Pickle &pickle, const StorageBytes &storage, const FileBytes &file, const std::string &where) {
  const Dict *root = pickle.root->as<Dict>();
  if (root == nullptr)
    throw invalid(where, fmt::format("holds {}; a dictionary of tensors, or one that leads to it, would be accepted",
                                     kind_of(*pickle.root)));
  const std::vector<StateDict> dicts = state_dicts(*root);
  if (dicts.empty()) {
    std::string keys;
    for (std::size_t i = 0; i < std::min<std::size_t>(root->items.size(), 8); ++i)
      keys += (keys.empty() ? "" : ", ") + shown(key_text(*root->items[i].first), 40);
    throw invalid(
        where, fmt::format("has no tensors as a state dict, nor under a key; its keys are {}", keys.empty() ? "none" : keys));
  }

  Reader reader(storage, file, where);
  TensorFile out;
  if (dicts.size() == 1) out.key = dicts[0].key;
  std::set<const Dict *> read;
  for (const auto &[dict, key] : dicts) {
    read.insert(dict);
    const std::string prefix = dicts.size() == 1 || key.empty() ? "" : key + ".";
    for (const auto &[name, value] : dict->items) {
      if (!is_tensor(*value)) continue;
      const auto *text = name->as<std::string>();
      if (text == nullptr)
        throw invalid(where, fmt::format("a name in its state dict is {}; a text would be accepted", kind_of(*name)));
      const std::string full = prefix + *text;
      if (out.tensors.contains(full)) throw invalid(where, fmt::format("its state dict has {} twice", shown(full)));
      const auto *ref = value->as<TensorRef>();
      out.tensors.emplace(full,
                          ref != nullptr ? reader.tensor(*ref, shown(full)) : reader.tensor(*value->as<Array>(), shown(full)));
      out.order.push_back(full);
    }
  }
  const auto beside = [&](const std::string &prefix, const Dict &dict) {
    for (const auto &[name, value] : dict.items) {
      const auto *inner = value->as<Dict>();
      if ((read.contains(&dict) && is_tensor(*value)) || (inner != nullptr && read.contains(inner))) continue;
      const auto *text = name->as<std::string>();
      const std::string full = prefix + (text != nullptr ? *text : reader.json_text(*name, read));
      if (!out.metadata.emplace(full, reader.json_text(*value, read)).second)
        throw invalid(where, fmt::format("has the key {} twice", shown(full)));
    }
  };
  beside("", *root);
  for (const auto &[dict, key] : dicts)
    if (dict != root) beside(key + ".", *dict);
  return out;
}

} // namespace pare::formats
