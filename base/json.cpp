#include "base/json.hpp"

#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <unordered_set>

namespace pare::json {

// ------------------------------------------------------------------------------------------------- places

namespace {

bool is_plain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

/// ".limit", or "[\"conv.mac\"]" where a dot would mislead.
std::string step(std::string_view key) {
  if (is_plain(key)) return fmt::format(".{}", shortened(key, 120));
  return fmt::format("[{}]", pare::shown(key));
}

} // namespace

Place Place::member(std::string_view key) const {
  Place out = *this;
  out.path_ += step(key);
  return out;
}

Place Place::item(std::size_t index) const {
  Place out = *this;
  out.path_ += fmt::format("[{}]", index);
  return out;
}

Place Place::called(std::string_view name) const {
  Place out = *this;
  out.name_ = shortened(name, 120);
  return out;
}

std::string Place::text() const {
  std::string out = source_;
  if (!path_.empty()) {
    if (!out.empty()) out += '/';
    out += path_.starts_with('.') ? path_.substr(1) : path_;
  }
  if (!name_.empty()) out += fmt::format(" ({})", name_);
  return out;
}

void Place::fail(const std::string &message) const { throw Error(code_, text(), message); }

// ------------------------------------------------------------------------------------------------- parsing

namespace {

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without the library's own prefix.
std::string without_prefix(std::string_view message) {
  const auto prefix = message.find("] ");
  if (message.starts_with('[') && prefix != std::string_view::npos) message.remove_prefix(prefix + 2);
  return shortened(message, 300);
}

/// Builds the tree, but for the items of one array.
class Builder final : public nlohmann::json_sax<Value> {
public:
  Builder(const Place &place, std::optional<std::string_view> streamed, const Item *item)
      : place_(place), streamed_(streamed), item_(item) {}

  Value root;
  bool streamed_is_there = false;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t &text) override {
    if (text.find_first_of(".eE") == std::string::npos) // it would be shown in another form, and with other digits
      here().fail(fmt::format("number {} has more than 64 bits; one of fewer, or with an exponent would be accepted",
                              shortened(text, 60)));
    return put(value);
  }
  bool string(string_t &value) override { return put(std::move(value)); }
  bool binary(binary_t & /*value*/) override { return put(nullptr); } // never in text
  bool start_object(std::size_t /*size*/) override { return open(Value::object()); }
  bool start_array(std::size_t /*size*/) override { return open(Value::array()); }
  bool key(string_t &name) override {
    Open &object = stack_.back();
    object.key = name;
    if (object.is_known(name)) here().fail(fmt::format("key {} is given twice in one object", pare::shown(name)));
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t /*position*/, const std::string &token, const nlohmann::detail::exception &error) override {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) here().fail(fmt::format("number {} is beyond a double", shortened(token, 60)));
    place_.fail(without_prefix(error.what()));
  }

private:
  /// An object or an array that is not closed yet.
  struct Open {
    Value value;
    std::string key;                           ///< the current one, of an object
    std::size_t items = 0;                     ///< of an array up to now
    bool streamed = false;                     ///< the array whose items are handed out
    std::unordered_set<std::string> keys = {}; ///< once there are many

    /// Whether the object has this key; if not, it has now.
    bool is_known(const std::string &name) {
      constexpr std::size_t kFew = 16; // these are looked through one by one
      if (keys.empty() && value.size() < kFew) return value.contains(name);
      if (keys.empty())
        for (const auto &member : value.items()) keys.insert(member.key());
      return !keys.insert(name).second;
    }
  };

  /// The path to what is being read.
  Place here() const {
    Place out = place_;
    for (const Open &open : stack_) out = open.value.is_object() ? out.member(open.key) : out.item(open.items);
    return out;
  }
  bool begins_stream() const {
    return stack_.size() == 1 && streamed_ && stack_[0].value.is_object() && stack_[0].key == *streamed_;
  }

  bool open(Value container) {
    if (stack_.size() >= static_cast<std::size_t>(kMaxDepth))
      place_.fail(fmt::format("nested deeper than {} levels, which nothing that is read here needs", kMaxDepth));
    const bool streams = begins_stream();
    if (streams) {
      if (!container.is_array()) here().fail(fmt::format("{} must be an array", *streamed_));
      streamed_is_there = true;
    }
    stack_.push_back({.value = std::move(container), .key = {}, .items = 0, .streamed = streams});
    return true;
  }
  bool close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    if (closed.streamed) {
      stack_.back().value[stack_.back().key] = nullptr; // its key is known
      return true;
    }
    return put(std::move(closed.value));
  }
  template <class Element>
  bool put(Element &&element) {
    if (stack_.empty()) {
      root = std::forward<Element>(element);
      return true;
    }
    Open &open = stack_.back();
    if (open.value.is_object()) {
      if (begins_stream()) here().fail(fmt::format("{} must be an array", *streamed_));
      // The key is known to be new: appended without another search.
      open.value.get_ref<Value::object_t &>().emplace_back(std::move(open.key), Value(std::forward<Element>(element)));
      open.key.clear();
    } else {
      if (open.streamed)
        (*item_)(Value(std::forward<Element>(element)), here());
      else
        open.value.push_back(std::forward<Element>(element));
      ++open.items;
    }
    return true;
  }

  const Place &place_;
  std::optional<std::string_view> streamed_;
  const Item *item_;
  std::vector<Open> stack_;
};

void read(std::string_view text, const Place &place, Builder &builder) {
  if (text.size() > kMostTextBytes)
    throw Error(ErrorCode::kLimit, place.text(),
                fmt::format("has {} bytes; at most {} are read as JSON", text.size(), kMostTextBytes));
  Value::sax_parse(text, &builder);
}

} // namespace

Value parse(std::string_view text, const Place &place) {
  Builder builder(place, {}, nullptr);
  read(text, place, builder);
  return std::move(builder.root);
}

Value parse_streamed(std::string_view text, const Place &place, std::string_view streamed, const Item &item,
                     bool &streamed_is_there) {
  Builder builder(place, streamed, &item);
  read(text, place, builder);
  streamed_is_there = builder.streamed_is_there;
  if (builder.root.is_object()) builder.root.erase(std::string(streamed));
  return std::move(builder.root);
}

std::string dumped(const Value &value) { return value.dump(-1, ' ', false, Value::error_handler_t::replace); }

std::string shown(const Value &value) { return shortened(dumped(value), 60); }

// ------------------------------------------------------------------------------------------------- members

void refuse(const Value &value, const Place &place, std::string_view name, std::string_view rule) {
  place.fail(fmt::format("{} = {} must be {}", name, shown(value), rule));
}

std::optional<std::int64_t> as_whole(const Value &value) {
  // Above 2^63 it is kept as an unsigned number only.
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)) return std::nullopt;
  return value.get<std::int64_t>();
}

std::string_view in_digits(const Value &value) {
  const bool is_whole = value.is_number_float() && std::nearbyint(value.get<double>()) == value.get<double>() &&
                        std::fabs(value.get<double>()) < 0x1p63;
  return is_whole ? ", written in digits" : "";
}

Members::Members(const Value &object, Place place) : object_(object), place_(std::move(place)) {
  known_.reserve(8);
  if (!object.is_object()) place_.fail(fmt::format("{} must be an object", shown(object)));
}

Members::Members(const Value &object, Place place, std::string_view schema, std::string_view other_schema)
    : object_(object), place_(std::move(place)) {
  const std::string accepted =
      other_schema.empty() ? fmt::format("\"{}\"", schema) : fmt::format("\"{}\" or \"{}\"", schema, other_schema);
  const std::string wanted = "\"schema\": " + accepted;
  if (!object.is_object()) place_.fail(fmt::format("{} must be an object with {}", shown(object), wanted));
  const Value *found = find("schema");
  if (found == nullptr) this->place("schema").fail(fmt::format("{} is expected, and there is none", wanted));
  if (*found != schema) this->place("schema").fail(fmt::format("schema = {} must be {}", shown(*found), accepted));
}

const Value *Members::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const Value &Members::at(std::string_view key) {
  const Value *found = find(key);
  if (found == nullptr) place(key).fail(fmt::format("\"{}\" is missing", key));
  return *found;
}

const Value *Members::said(std::string_view key) {
  const Value *found = find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

// Places are made where something is wrong only: files have millions of members.

std::string Members::text(std::string_view key) {
  const Value &value = at(key);
  if (!value.is_string()) refuse(value, place(key), key, "text in quotes");
  return value.get<std::string>();
}

bool Members::flag(std::string_view key) {
  const Value &value = at(key);
  if (!value.is_boolean()) refuse(value, place(key), key, "true or false");
  return value.get<bool>();
}

std::int64_t Members::whole(std::string_view key, std::int64_t least, std::int64_t most) {
  const Value &value = at(key);
  const auto whole = as_whole(value);
  if (whole && *whole >= least && *whole <= most) return *whole;
  // A number that only lacks the bits is told how many there are.
  const bool beyond = value.is_number() && std::fabs(value.get<double>()) >= 0x1p63;
  if (beyond && least == INT64_MIN && value.get<double>() > 0)
    refuse(value, place(key), key, fmt::format("a whole number up to {}{}", most, in_digits(value)));
  if (most != INT64_MAX || beyond)
    refuse(value, place(key), key, fmt::format("a whole number from {} to {}{}", least, most, in_digits(value)));
  refuse(value, place(key), key,
         (least == INT64_MIN ? std::string("a whole number") : fmt::format("a whole number from {} up", least))
             .append(in_digits(value)));
}

double Members::real(std::string_view key) {
  const Value &value = at(key);
  if (!value.is_number()) refuse(value, place(key), key, "a number");
  return value.get<double>();
}

void Members::read(std::string_view key, std::string &out) {
  if (find(key) != nullptr) out = text(key);
}
void Members::read(std::string_view key, bool &out) {
  if (find(key) != nullptr) out = flag(key);
}
void Members::read(std::string_view key, std::int64_t &out) {
  if (find(key) != nullptr) out = whole(key);
}
void Members::read(std::string_view key, double &out) {
  if (find(key) != nullptr) out = real(key);
}

std::uint64_t Members::natural(std::string_view key) {
  const Value &value = at(key);
  if (!value.is_number_unsigned())
    refuse(value, place(key), key, fmt::format("a whole number from 0 to {}{}", UINT64_MAX, in_digits(value)));
  return value.get<std::uint64_t>();
}

std::string Members::choice(std::string_view key, std::span<const std::string_view> choices) {
  std::string out = text(key);
  if (std::find(choices.begin(), choices.end(), out) == choices.end())
    refuse(at(key), place(key), key, fmt::format("one of {}", fmt::join(choices, ", ")));
  return out;
}

void Members::finish() const {
  for (const auto &member : object_.items()) {
    const std::string &key = member.key();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    place(key).fail(
        fmt::format("unknown key {}; known: {}{}", pare::shown(key), fmt::join(known, ", "), did_you_mean(key, known)));
  }
}

} // namespace pare::json
