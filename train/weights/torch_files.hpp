#pragma once

#include "train/weights/pickle.hpp"
#include "train/weights/state.hpp"
#include "train/weights/tensor_bytes.hpp"

#include <functional>

namespace pare::train {

/// A PyTorch zip file: NAME/data.pkl, and each storage as NAME/data/KEY.
State read_torch_zip(std::string_view file, const std::string &where);

/// A legacy torch.save file: pickles of the magic number, of version 1001 and of the writer's type sizes; the pickle itself; a
/// pickle of the list of storage keys; then for each its number of elements (int64) and its bytes. Always little-endian.
State read_torch_legacy(std::string_view file, const std::string &where);

/// The bytes of a storage; throws Error where the file has it not.
using StorageBytes = std::function<std::string_view(const StorageRef &)>;

/// What a PyTorch pickle holds as a State without `format`: the state dict, found as read_state() says, and the rest as
/// metadata.
State state_from_pickle(const Pickle &pickle, const StorageBytes &storage, TensorBudget &budget, const std::string &where);

} // namespace pare::train
