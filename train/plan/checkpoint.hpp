#pragma once

#include "formats/tensor_file.hpp"
#include "train/plan/run_folder.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare::train {

/// Where a run stands.
struct Position {
  std::int64_t step = 0;  ///< steps done
  std::int64_t epoch = 0; ///< of the next step
  std::int64_t batch = 0; ///< of the next step, in its epoch
  RunFolder::Lengths lengths;
};
/// The text of it in a checkpoint's metadata. Throws Error{kInvalidFile}.
std::string write_position(const Position &position);
Position read_position(std::string_view json, const std::string &where);

/// All that a run needs to go on exactly: tensors by name (weights, momentum, sums of the epoch), and where it stands. All
/// random numbers follow from the seed and the position; there is no other state.
struct Checkpoint {
  Position position;
  std::map<std::string, formats::TensorBytes> tensors;
};

/// Before a run's first step: that what it will write can be read again. `tensor_bytes` are of a checkpoint's tensors, `run`
/// the text of run.json, which the weights hold. Throws Error{kLimit}.
void check_sizes(const std::map<std::string, std::uint64_t> &tensor_bytes, std::string_view run);

/// Whether it is a file, and called as a checkpoint is.
bool is_checkpoint(const std::string &path);
/// That a checkpoint is whole. Throws Error{kInvalidFile}.
void verify_checkpoint(const std::string &path);

/// "checkpoint-000000000020.safetensors".
std::string checkpoint_file(std::int64_t step);

/// Writes "checkpoint-STEP.safetensors" beside itself, flushed and renamed, with a checksum of all its bytes; then removes all
/// but the last two. Throws Error{kIo}; the earlier ones are whole then.
void write_checkpoint(const RunFolder &folder, const Checkpoint &checkpoint);

/// The newest checkpoint that is whole; damaged ones are named in `damaged`. None where there is none. Throws
/// Error{kInvalidFile} where there are some and all are damaged.
std::optional<Checkpoint> newest_checkpoint(const std::string &folder, std::vector<std::string> &damaged);

} // namespace pare::train
