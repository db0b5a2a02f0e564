#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pare {

/// What kind of fault an Error reports. Outcomes (an infeasible budget) are values, never errors.
enum class ErrorCode {
  kUsage,         ///< the command line or an argument cannot be read
  kUnknownName,   ///< a name that no registry has
  kInvalidValue,  ///< a value outside what its key accepts
  kInvalidConfig, ///< values that are fine alone and wrong together
  kInvalidFile,   ///< a file that is not what its schema says
  kNotApplicable, ///< a substitution that cannot replace this convolution
  kOverflow,      ///< a count that does not fit in 64 bits
  kLimit,         ///< more than Pare can hold
  kNotFinite,     ///< NaN or an infinity, where training or a file of weights must have numbers
  kIo,            ///< reading or writing failed
};

/// The code as printed: "invalid_config".
std::string_view to_string(ErrorCode code);

/// The only exception that Pare throws. `what()` is one line:
///   [invalid_config] block2.conv1/groups: groups = 5 must divide in_channels = 32
/// where = "block2.conv1/groups": a layer, file or argument and the field in it; the line leaves out the middle of a very long
/// one. The message has the value, the rule that it breaks, and what would be accepted.
class Error : public std::runtime_error {
public:
  Error(ErrorCode code, std::string where, std::string message);

  ErrorCode code() const { return code_; }
  const std::string &where() const { return where_; }
  const std::string &message() const { return message_; }

  /// The same error placed inside `outer`: where becomes "outer" or "outer/where".
  Error within(std::string_view outer) const;

private:
  ErrorCode code_;
  std::string where_;
  std::string message_;
};

} // namespace pare
