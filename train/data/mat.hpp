#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

/// A real array of numbers out of a MATLAB file.
struct MatArray {
  std::vector<std::int64_t> sizes; ///< two or more, the first varies fastest
  std::vector<std::uint8_t> bytes; ///< of an array of class uint8: its values; else empty
  std::vector<double> values;      ///< of any other class
};

/// A MATLAB file of version 5 (which MATLAB's -v6 and -v7 and scipy.io.savemat write), of either byte order, its variables
/// compressed or not. Format: "MAT-File Format", The MathWorks. Throws Error{kInvalidFile} placed at `where` about a file of
/// another kind or version, or a damaged one.
class MatFile {
public:
  /// Looks at all variables and unpacks none. `file` must outlive it.
  MatFile(std::string_view file, std::string where);

  std::vector<std::string> names() const;
  /// A variable that must be there and an array of real numbers, which takes at most `most` bytes in the file unpacked.
  MatArray read(const std::string &name, std::size_t most) const;

private:
  struct Variable {
    std::string_view bytes; ///< of the matrix, its tag included; packed, where it is
    bool packed = false;
  };
  std::string where_;
  bool swapped_ = false; ///< the other byte order than this machine's
  std::map<std::string, Variable> variables_;
};

} // namespace pare::train
