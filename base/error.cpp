#include "base/error.hpp"

#include "base/text.hpp"

#include <utility>

namespace pare {

namespace {

/// Of a line: keys and names of a file may have any length.
constexpr std::size_t kMostWhereBytes = 400;
constexpr std::size_t kMostMessageBytes = 4000; ///< no list of names that are known is as long

std::string line(ErrorCode code, const std::string &where, const std::string &message) {
  std::string text = "[" + std::string(to_string(code)) + "] ";
  if (!where.empty()) text += shortened(where, kMostWhereBytes) + ": ";
  text += shortened(message, kMostMessageBytes);
  return one_line(text); // whatever a file or an argument contained
}

} // namespace

std::string_view to_string(ErrorCode code) {
  switch (code) {
  case ErrorCode::kUsage: return "usage";
  case ErrorCode::kUnknownName: return "unknown_name";
  case ErrorCode::kInvalidValue: return "invalid_value";
  case ErrorCode::kInvalidConfig: return "invalid_config";
  case ErrorCode::kInvalidFile: return "invalid_file";
  case ErrorCode::kNotApplicable: return "not_applicable";
  case ErrorCode::kOverflow: return "overflow";
  case ErrorCode::kLimit: return "limit";
  case ErrorCode::kNotFinite: return "not_finite";
  case ErrorCode::kIo: return "io";
  }
  return "unknown";
}

Error::Error(ErrorCode code, std::string where, std::string message)
    : std::runtime_error(line(code, where, message)), code_(code), where_(std::move(where)), message_(std::move(message)) {}

Error Error::within(std::string_view outer) const {
  if (outer.empty()) return *this;
  return Error(code_, where_.empty() ? std::string(outer) : std::string(outer) + "/" + where_, message_);
}

} // namespace pare
