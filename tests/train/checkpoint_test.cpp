// A teacher that nobody here wrote: a published checkpoint, given images beside the program that it was made with.

#include "tests/formats/files.hpp"
#include "tests/train/numerics.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/model.hpp"
#include "train/weights.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace pare::train {
namespace {

TEST(PublishedCheckpoint, ComputesWhatItsProgramComputes) {
  const pare::test::Folder folder;
  const std::string command = fmt::format("cd '{}' && '{}' -B -W ignore '{}/tests/train/efficientnet_lite0.py' peer.pt > said",
                                          folder.path().string(), PARE_TORCH_PYTHON, PARE_SOURCE_DIR);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const std::string said = pare::test::read_text(folder.path("said"));
  const std::size_t end = said.find_last_not_of('\n') + 1;
  const std::size_t begin = said.rfind('\n', end - 1) + 1; // the package says something too
  const std::string weights = said.substr(begin, end - begin);

  GraphModule module(lower(make_network("efficientnet-lite0").graph, {}).graph);
  EXPECT_EQ(load_weights(module, weights, {.strict = true}), std::vector<std::string>());
  const formats::TensorFile peer = formats::read_tensor_file(folder.path("peer.pt"));
  const torch::Tensor images = tensor_of(peer.tensors.at("images"));
  const torch::Tensor expected = tensor_of(peer.tensors.at("logits"));
  ASSERT_EQ(images.sizes(), (std::vector<std::int64_t>{2, 3, 224, 224}));
  const torch::NoGradGuard no_gradient;
  const Pass pass{.training = false};
  const torch::Tensor logits = module.run(images, pass).logits;
  ASSERT_EQ(logits.sizes(), expected.sizes());
  EXPECT_LT((logits - expected).abs().max().item<double>(), 1e-3);
  // They are no constants: the two photographs are two classes.
  EXPECT_NE(logits[0].argmax().item<std::int64_t>(), logits[1].argmax().item<std::int64_t>());
  // As a frozen teacher runs it.
  module.freeze();
  EXPECT_LT((module.run(images, pass).logits - expected).abs().max().item<double>(), 1e-3);
}

} // namespace
} // namespace pare::train
