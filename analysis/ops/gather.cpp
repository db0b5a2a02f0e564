#include "analysis/ops/gather.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Gather &op, InputShapes inputs) {
  expect_inputs(inputs, 2, 3);
  const Extents &values = expect_weight(inputs, 0);
  if (values.rank() != 1)
    throw Error(ErrorCode::kInvalidConfig, "inputs", fmt::format("values {} must have one dimension", to_string(values)));
  for (std::size_t port = 1; port < inputs.size(); ++port)
    if (expect_weight(inputs, port).elements() != op.extents.elements())
      throw Error(ErrorCode::kInvalidConfig, "extents",
                  fmt::format("input {} has {} elements, {} has {}", port, expect_weight(inputs, port).elements(),
                              to_string(op.extents), op.extents.elements()));
  return op.extents;
}

void tally(const Gather &op, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  const std::int64_t elements = op.extents.elements();
  out.add(Event::kCopy, elements);
  if (inputs.size() == 3) out.add(Event::kMultiply, elements);
}

} // namespace pare
