#include "solver/mixed/request.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <cassert>

namespace pare {

void read_score_file(const std::string &path, MixedRequest &request) {
  const ScoreInfo &info = find_score(request.score).info();
  assert(info.needs_file());
  if (info.needs_table)
    request.table.emplace(read_text(path, file_name(path)), file_name(path));
  else
    request.weights = read_score_weights(path);
}

void read_weights_again(const std::string &path, ScoreWeights &weights) {
  ScoreWeights found = read_score_weights(path);
  if (found.checksum != weights.checksum)
    throw Error(ErrorCode::kInvalidConfig, path,
                fmt::format("is not the file of weights that the plan was scored by: its digest is {}, and was {}; that file "
                            "would be accepted",
                            found.checksum, weights.checksum));
  weights.tensors = std::move(found.tensors);
}

} // namespace pare
