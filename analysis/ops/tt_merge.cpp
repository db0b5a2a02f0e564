#include "analysis/ops/tt_merge.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const TtMerge &op, InputShapes inputs) {
  expect_inputs(inputs, 1, Extents::kMaxRank);
  std::int64_t elements = 1;
  std::int64_t rank = 1;
  for (std::size_t port = 0; port < inputs.size(); ++port) {
    const Extents &core = expect_weight(inputs, port);
    if (core.rank() != 3 || core[0] != rank || (port + 1 == inputs.size() && core[2] != 1))
      throw Error(ErrorCode::kInvalidConfig, "inputs",
                  fmt::format("core {} has extents {}, [{}, mode, {}] expected", port, to_string(core), rank,
                              port + 1 == inputs.size() ? "1" : "rank"));
    elements = checked_mul(elements, core[1]);
    rank = core[2];
  }
  if (elements != op.extents.elements())
    throw Error(ErrorCode::kInvalidConfig, "extents",
                fmt::format("the cores make {} elements, {} has {}", elements, to_string(op.extents), op.extents.elements()));
  return op.extents;
}

void tally(const TtMerge & /*op*/, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  std::int64_t rows = 1;
  std::int64_t macs = 0;
  for (std::size_t port = 0; port < inputs.size(); ++port) {
    const Extents &core = std::get<Extents>(*inputs[port]);
    rows = checked_mul(rows, core[1]);
    if (port > 0) macs = checked_add(macs, checked_mul(rows, core[0], core[2]));
  }
  out.add(Event::kMac, macs);
}

} // namespace pare
