#pragma once

// Tensors that the 2019 code wrote (tests/golden/numerics), and how ours are compared with them.

#include "formats/tensor_file.hpp"
#include "tests/support.hpp"
#include "train/torch.hpp"
#include "train/weights.hpp"

#include <map>
#include <string>

namespace pare::train::test {

using pare::test::expect_error;
using pare::test::test_name;
using Json = nlohmann::ordered_json;

inline const Json &manifest() {
  static const Json file = pare::test::golden("numerics/manifest.json");
  return file;
}

/// The tensors of a fixture by name.
inline std::map<std::string, torch::Tensor> fixture(const std::string &file) {
  std::map<std::string, torch::Tensor> out;
  for (const auto &[name, bytes] : formats::read_tensor_file(pare::test::golden_folder() + "/numerics/" + file).tensors)
    out.emplace(name, tensor_of(bytes));
  return out;
}

/// max |a - b| / max |b|, and max |a - b| where b is zero.
inline double error_of(const torch::Tensor &a, const torch::Tensor &b) {
  const torch::Tensor x = a.detach().to(torch::kCPU, torch::kFloat64);
  const torch::Tensor y = b.to(torch::kCPU, torch::kFloat64);
  if (y.numel() == 0) return 0;
  const double difference = (x - y).abs().max().item<double>();
  const double scale = y.abs().max().item<double>();
  return scale > 0 ? difference / scale : difference;
}

} // namespace pare::train::test
