#pragma once

#include "analysis/ops/acdc_product.hpp"
#include "analysis/ops/acdc_transform.hpp"
#include "analysis/ops/adaptive_avg_pool.hpp"
#include "analysis/ops/add.hpp"
#include "analysis/ops/add_bias.hpp"
#include "analysis/ops/avg_pool.hpp"
#include "analysis/ops/batch_norm.hpp"
#include "analysis/ops/block_diagonal.hpp"
#include "analysis/ops/buffer.hpp"
#include "analysis/ops/circulant_merge.hpp"
#include "analysis/ops/concat.hpp"
#include "analysis/ops/contract.hpp"
#include "analysis/ops/contract_weights.hpp"
#include "analysis/ops/conv.hpp"
#include "analysis/ops/cp_merge.hpp"
#include "analysis/ops/crop.hpp"
#include "analysis/ops/dropout.hpp"
#include "analysis/ops/elementwise.hpp"
#include "analysis/ops/flatten.hpp"
#include "analysis/ops/gather.hpp"
#include "analysis/ops/global_avg_pool.hpp"
#include "analysis/ops/input.hpp"
#include "analysis/ops/linear.hpp"
#include "analysis/ops/max_pool.hpp"
#include "analysis/ops/mode_product.hpp"
#include "analysis/ops/multiply.hpp"
#include "analysis/ops/parameter.hpp"
#include "analysis/ops/repeat_channels.hpp"
#include "analysis/ops/reshape.hpp"
#include "analysis/ops/shuffle_channels.hpp"
#include "analysis/ops/slice_channels.hpp"
#include "analysis/ops/sum_channels.hpp"
#include "analysis/ops/transpose.hpp"
#include "analysis/ops/tt_merge.hpp"
#include "analysis/ops/zeros.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pare {

/// The closed set of primitives: adding one makes the compiler list every place that must handle it.
using Op =
    std::variant<Input, Parameter, Buffer, Conv, Linear, BatchNorm,
#define PARE_ELEMENTWISE(Type, name) Type,
#include "analysis/ops/elementwise.def"
#undef PARE_ELEMENTWISE
                 MaxPool, AvgPool, GlobalAvgPool, AdaptiveAvgPool, Flatten, Add, Multiply, Dropout, AddBias, Concat, Crop,
                 SliceChannels, RepeatChannels, SumChannels, ShuffleChannels, Zeros, Gather, TtMerge, ModeProduct, CpMerge,
                 AcdcProduct, AcdcTransform, Contract, ContractWeights, BlockDiagonal, CirculantMerge, Transpose, Reshape>;

inline constexpr std::size_t kOpKindCount = std::variant_size_v<Op>;

static_assert([]<class... Ops>(std::variant<Ops...> *) { return (Primitive<Ops> && ...); }(static_cast<Op *>(nullptr)),
              "an op does not say all that analysis/ops/primitive.hpp asks for");

/// Ops whose layers have parameters of their own.
template <class T>
concept Owner = requires(Owned owned) {
  T::visit_owned(owned, [](auto &&...) {});
};
/// Ops with fields that have no standard value.
template <class T>
concept HasNeeded = requires {
  T::kNeeded;
};

/// Index of an op's kind in [0, kOpKindCount), and its name: "conv".
inline std::size_t kind_index(const Op &op) { return op.index(); }
std::string_view kind_name(std::size_t index);
inline std::string_view kind_name(const Op &op) { return kind_name(op.index()); }
std::optional<std::size_t> kind_from(std::string_view name);
/// A default-constructed op of a kind.
Op make_op(std::size_t kind);

// What an op of a kind says of itself (analysis/ops/primitive.hpp).
Role role_of(std::size_t kind);
bool is_in_files(std::size_t kind);
bool makes_tensor(const Op &op);
Events events_of(std::size_t kind);
/// Whether a field of this name has no standard value: files must say it.
bool is_needed(std::size_t kind, std::string_view field);

// The parameters that its layer owns: none for most.
bool owns_parameters(std::size_t kind);
OwnedParameters owned_parameters(const Op &op, const Owned &owned, const Shape &x, const Initialisation &initialisation);
/// What its inputs, parameters among them, say.
Owned owned_of(const Op &op, InputShapes inputs);

/// What tables call its kernel: "3 x 3 depthwise"; empty where it has none.
std::string kernel_text(const Op &op, InputShapes inputs);

/// Output shape; throws Error{kInvalidConfig} or {kOverflow}, placed at the field that is wrong.
TensorShape infer_shape(const Op &op, InputShapes inputs);
/// Events of one execution on the whole batch.
void tally(const Op &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare
