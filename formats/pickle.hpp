#pragma once

#include "formats/dtype.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pare::formats {

struct Value;

// What a pickle of a PyTorch file may hold. Lists and dictionaries may contain themselves: whoever walks them limits the depth.
struct None {};
struct BigInteger {
  std::string bytes; ///< two's complement, little-endian, more than 8 bytes
};
struct Bytes {
  std::string bytes;
};
struct List {
  std::vector<const Value *> items;
};
struct Tuple {
  std::vector<const Value *> items;
};
struct Dict {
  std::vector<std::pair<const Value *, const Value *>>
      items;              ///< in the order they were set; a key that is set twice is here twice
  bool is_object = false; ///< the attributes of a Namespace

  /// The value of a text key that was set last; null where there is none.
  const Value *find(std::string_view key) const;
};
/// A storage by its persistent id: ('storage', class, key, location, elements[, view]). Its location (cpu, cuda:0) does not
/// matter.
struct StorageRef {
  std::string key;
  Dtype dtype = Dtype::kF32;
  std::int64_t elements = 0; ///< of the whole storage
  std::int64_t view_offset = 0;
  std::int64_t view_elements = 0; ///< elements, where it is not a view
};
/// A tensor as _rebuild_tensor makes it, in elements of its storage (of the view). Nothing is checked against the storage yet.
struct TensorRef {
  StorageRef storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};
/// What an array's elements are, as numpy writes it: byte order (<, >, |), kind and bytes of one, "<f8".
struct ArrayType {
  std::string text;
};
/// An array of numpy's. Its bytes are those of its elements, as many as it says, where these are numbers; null where they are
/// not.
struct Array {
  std::string type; ///< an ArrayType's
  std::vector<std::int64_t> sizes;
  bool first_index_fastest = false; ///< Fortran's order
  const Value *data = nullptr;      ///< Bytes or a std::string

  std::string_view bytes() const;
};
enum class Inert : std::uint8_t;
/// One of the few names that a pickle may ask for.
struct Global {
  enum class Kind : std::uint8_t {
    kOrderedDict,
    kRebuildTensor,
    kRebuildTensorV2,
    kRebuildParameter,
    kSize,
    kDevice,
    kDtype,
    kStorage,
    kTypedStorage, ///< a storage class that does not say its type
    kInert,        ///< harmless beside tensors (formats/inert.hpp)
  };
  Kind kind = Kind::kOrderedDict;
  std::string name; ///< "torch.FloatStorage"
  Dtype dtype = Dtype::kF32;
  Inert inert = {};
};

struct Value {
  std::variant<None, bool, std::int64_t, BigInteger, double, std::string, Bytes, List, Tuple, Dict, Global, StorageRef,
               TensorRef, ArrayType, Array>
      is;

  template <class T>
  const T *as() const {
    return std::get_if<T>(&is);
  }
};

/// For messages: "a list", "a tensor".
std::string_view kind_of(const Value &value);

/// One pickle, read.
struct Pickle {
  std::deque<Value> values; ///< owns them all; none owns another, so that no nesting is too deep to destroy
  const Value *root = nullptr;
  std::map<std::string, StorageRef> storages; ///< every storage that is referred to, by key
  std::size_t bytes = 0;                      ///< what the pickle takes of the text it was read from
};

/// Reads the pickle (protocols 2 to 5) that `text` begins with, as data: it knows plain values, containers,
/// collections.OrderedDict, torch's storages, the functions that torch rebuilds dense tensors with, and what is harmless beside
/// them (formats/inert.hpp); it calls nothing and imports nothing. Whatever else a pickle asks for is named in
/// Error{kInvalidFile}, placed at `where`.
Pickle unpickle(std::string_view text, const std::string &where);

} // namespace pare::formats
