#pragma once

#include "formats/pickle.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::formats {

// Objects of Python that stand beside tensors in a checkpoint (milestones of a schedule, the arguments of a program, errors as
// numpy has them, a date) and are no more than their data. Nothing is called: what each is made of is written down here.

enum class Inert : std::uint8_t {
  kDictionary,       ///< Counter, defaultdict: of its entries
  kNamespace,        ///< of its attributes, as a dictionary
  kSequence,         ///< set, frozenset, deque: as a list
  kClass,            ///< int, list: named by a defaultdict
  kRange,            ///< range, slice: as a tuple
  kComplex,          ///< as text
  kBytes,            ///< bytes, bytearray
  kEncode,           ///< _codecs.encode: how protocol 2 writes bytes
  kPath,             ///< pathlib: as text
  kDatetime,         ///< as text, "2019-03-01T12:30:00"
  kDate,             ///< as text
  kTime,             ///< as text
  kTimedelta,        ///< as a number of seconds
  kTimezone,         ///< as text, "+01:00"
  kNumpyType,        ///< numpy.dtype
  kNumpyScalar,      ///< a number
  kNumpyArrayClass,  ///< numpy.ndarray, which the next names
  kNumpyReconstruct, ///< an array that gets its state later
  kNumpyFromBuffer,  ///< an array
};

/// None for a name that is not one of them: "collections.Counter".
std::optional<Inert> inert_name(std::string_view name);

/// What is not as Python writes it, for a message: "a date of 3 bytes; 4 would be accepted".
struct Damage {
  std::string what;
};

/// Makes them. A small file must not make much of its values by naming them many times: entries of lists and dictionaries, and
/// bytes of texts, that are made are counted.
class InertMaker {
public:
  InertMaker(std::size_t most_entries, std::size_t most_bytes) : entries_left_(most_entries), bytes_left_(most_bytes) {}

  /// What a call of it with these arguments is. Throws Damage, also where more is made than may be.
  Value call(Inert what, const std::vector<const Value *> &arguments);
  /// Gives an object the state that it is pickled with; false where it is none that has one.
  bool set_state(Value &object, const Value &state);

private:
  std::size_t entries_left_;
  std::size_t bytes_left_;

  void charge_entries(std::size_t entries);
  std::string charged(std::string text);
};

} // namespace pare::formats
