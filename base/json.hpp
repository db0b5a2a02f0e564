#pragma once

// The one reader of JSON. Not installed: it includes nlohmann_json.

#include "base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::json {

/// Members keep the order that they were written in.
using Value = nlohmann::ordered_json;

/// Where a value stands, for faults: "student.json/budgets[0].limit", "mine.json/weights[\"conv.mac\"]".
class Place {
public:
  /// `source` is a file, an argument or a key; a fault throws Error{code} placed at the value.
  explicit Place(std::string source, ErrorCode code = ErrorCode::kInvalidFile) : source_(std::move(source)), code_(code) {}

  Place member(std::string_view key) const;
  Place item(std::size_t index) const;
  /// The same, with what people call the thing behind it: "net.json/layers[3] (conv1)".
  Place called(std::string_view name) const;

  std::string text() const;
  [[noreturn]] void fail(const std::string &message) const;

private:
  std::string source_;
  ErrorCode code_;
  std::string path_;
  std::string name_;
};

/// Reads a document: one value, every key of an object once, at most kMaxDepth levels deep, all numbers within a double.
/// Faults are placed at the key or at the end of the path to them, in dotted form; the parser's own say line and column.
/// Text beyond kMostTextBytes is Error{kLimit}.
inline constexpr int kMaxDepth = 64;
Value parse(std::string_view text, const Place &place);

/// The same for an object, but the items of the array that its member `streamed` holds are handed out one by one, in order, and
/// are not kept: a file of a million layers is never held as a tree. The member itself is left out of what is returned;
/// `streamed_is_there` says whether it was given.
using Item = std::function<void(Value item, const Place &place)>;
Value parse_streamed(std::string_view text, const Place &place, std::string_view streamed, const Item &item,
                     bool &streamed_is_there);

/// The canonical text of what parse() accepts, on one line. Texts that are not UTF-8 cannot come in.
std::string dumped(const Value &value);
/// A value as a message shows it, cut where it is long.
std::string shown(const Value &value);

/// The members of an object, each checked as it is read, and the unknown ones refused at the end.
class Members {
public:
  /// The value must be an object, which outlives this.
  Members(const Value &object, Place place);
  /// The same of a whole document, whose "schema" must be this one. `other_schema`: what the caller reads too, for messages.
  Members(const Value &object, Place place, std::string_view schema, std::string_view other_schema = {});

  const Value &object() const { return object_; }
  const Place &place() const { return place_; }
  Place place(std::string_view key) const { return place_.member(key); }
  /// Marks a key as known. Null where it is missing.
  const Value *find(std::string_view key);
  /// The value must be there.
  const Value &at(std::string_view key);
  /// The same as find(), null for a null as well.
  const Value *said(std::string_view key);

  std::string text(std::string_view key);
  bool flag(std::string_view key);
  std::int64_t whole(std::string_view key, std::int64_t least = INT64_MIN, std::int64_t most = INT64_MAX);
  std::uint64_t natural(std::string_view key);
  double real(std::string_view key);
  std::string choice(std::string_view key, std::span<const std::string_view> choices);
  std::string choice(std::string_view key, std::initializer_list<std::string_view> choices) {
    return choice(key, std::span(choices.begin(), choices.size()));
  }

  /// The same where the member is there; where it is not, `out` stays as it is.
  void read(std::string_view key, std::string &out);
  void read(std::string_view key, bool &out);
  void read(std::string_view key, std::int64_t &out);
  void read(std::string_view key, double &out);

  /// A member that nobody has asked for is a fault, which lists those that were.
  void finish() const;

private:
  const Value &object_;
  Place place_;
  std::vector<std::string> known_;
};

/// "NAME = VALUE must be RULE", at the place.
[[noreturn]] void refuse(const Value &value, const Place &place, std::string_view name, std::string_view rule);

/// A whole number of at most 63 bits with its sign; none for anything else.
std::optional<std::int64_t> as_whole(const Value &value);

/// ", written in digits", the end of a rule, where a whole number of 63 bits is in another form: 4.0, 3e4. Else nothing.
std::string_view in_digits(const Value &value);

} // namespace pare::json
