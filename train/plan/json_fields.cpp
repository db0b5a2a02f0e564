#include "train/plan/json_fields.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace pare::train::json {

void fail(const std::string &where, const std::string &message) { throw Error(ErrorCode::kInvalidFile, where, message); }

Json parse(std::string_view text, const std::string &where) {
  constexpr int kMaxDepth = 64;
  std::vector<std::set<std::string>> keys; // of the objects that are open
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json &parsed) {
      if (depth > kMaxDepth) fail(where, fmt::format("nested deeper than {} levels, which no such file needs", kMaxDepth));
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
        fail(where, fmt::format("key {} is given twice in one object", parsed.dump()));
      return true;
    });
  } catch (const nlohmann::json::exception &error) {
    const std::string message = error.what();
    const auto begin = message.find("] ");
    fail(where, begin == std::string::npos ? message : message.substr(begin + 2));
  }
}

Members::Members(const Json &object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) fail(where_, fmt::format("{} must be an object", object.dump().substr(0, 60)));
}

const Json *Members::find(std::string_view key) {
  asked_.emplace(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() ? nullptr : &*found;
}

const Json &Members::at(std::string_view key) {
  const Json *found = find(key);
  if (found == nullptr) fail(place(key), fmt::format("\"{}\" is missing", key));
  return *found;
}

std::string Members::text(std::string_view key) {
  const Json &value = at(key);
  if (!value.is_string()) fail(place(key), fmt::format("{} = {} must be text", key, value.dump().substr(0, 60)));
  return value.get<std::string>();
}

bool Members::flag(std::string_view key) {
  const Json &value = at(key);
  if (!value.is_boolean()) fail(place(key), fmt::format("{} = {} must be true or false", key, value.dump().substr(0, 60)));
  return value.get<bool>();
}

std::int64_t Members::whole(std::string_view key, std::int64_t least) {
  const Json &value = at(key);
  // Above 2^63 it is kept as an unsigned number only.
  const bool fits = value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < least)
    fail(place(key), fmt::format("{} = {} must be a whole number from {} up", key, value.dump().substr(0, 60), least));
  return value.get<std::int64_t>();
}

std::uint64_t Members::natural(std::string_view key) {
  const Json &value = at(key);
  if (!value.is_number_unsigned())
    fail(place(key), fmt::format("{} = {} must be a whole number from 0 up", key, value.dump().substr(0, 60)));
  return value.get<std::uint64_t>();
}

double Members::real(std::string_view key) {
  const Json &value = at(key);
  if (!value.is_number()) fail(place(key), fmt::format("{} = {} must be a number", key, value.dump().substr(0, 60)));
  return value.get<double>();
}

void Members::finish() const {
  for (const auto &[key, value] : object_.items())
    if (!asked_.contains(key)) fail(place(key), fmt::format("unknown key \"{}\"; known: {}", key, fmt::join(asked_, ", ")));
}

} // namespace pare::train::json
