#include "analysis/ops/contract_weights.hpp"

namespace pare {

TensorShape infer_shape(const ContractWeights &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 2);
  expect_legs(op.a, expect_weight(inputs, 0).elements(), "a");
  if (inputs.size() == 2) expect_legs(op.b, expect_weight(inputs, 1).elements(), "b");
  const std::int64_t elements = elements_of(op.out);
  expect_legs(op.out, elements, "out");
  expect_result(op.a, op.b, op.out, "out");
  return Extents{elements};
}

void tally(const ContractWeights &op, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  out.add(inputs.size() == 2 ? Event::kMac : Event::kElement, elements_of(union_of(op.a, op.b)));
}

} // namespace pare
