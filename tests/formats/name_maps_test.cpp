#include "formats/name_maps.hpp"

#include "analysis/lower.hpp"
#include "analysis/state.hpp"
#include "formats/fit.hpp"
#include "models/network.hpp"
#include "tests/formats/files.hpp"

namespace pare::formats {
namespace {

using test::file_of;

NamedSizes state_of(const std::string &network) { return state_tensors(lower(make_network(network).graph, {}).graph); }

struct NamesCase {
  std::string theirs;
  std::string ours;
  std::string map;
  NamedSizes tensors;
};

/// What other programs call the tensors of networks of ours.
std::vector<NamesCase> names_cases() {
  std::vector<NamesCase> out;
  const auto add = [&](const nlohmann::ordered_json &tensors, const std::string &theirs, const std::string &ours,
                       const std::string &map) {
    NamesCase it{.theirs = theirs, .ours = ours, .map = map, .tensors = {}};
    const auto put = [&](const std::string &name, const nlohmann::ordered_json &sizes) {
      it.tensors.emplace_back(name, sizes.get<std::vector<std::int64_t>>());
    };
    if (tensors.is_object())
      for (const auto &[name, sizes] : tensors.items()) put(name, sizes);
    else
      for (const auto &item : tensors) put(item[0].get<std::string>(), item[1]);
    out.push_back(std::move(it));
  };
  const auto torchvision = test::golden("torchvision_names.json")["networks"];
  add(torchvision["resnet18"], "resnet18", "resnet-18", "torchvision ResNet");
  add(torchvision["resnet50"], "resnet50", "resnet-50", "torchvision ResNet");
  add(torchvision["wide_resnet50_2"], "wide_resnet50_2", "wrn-50-2", "torchvision ResNet");
  add(torchvision["wide_resnet50_2"], "wide_resnet50_2", "resnet:depth=50,width=2,expansion=2", "torchvision ResNet");
  add(torchvision["mobilenet_v2"], "mobilenet_v2", "mobilenet-v2", "torchvision MobileNetV2");
  const std::map<std::string, std::string> maps = {{"xternalz_wrn_16_2", "xternalz's WideResNet"},
                                                   {"szagoruyko_wrn_16_2", "szagoruyko's WideResNet"},
                                                   {"kuangliu_mobilenet_v2", ""},
                                                   {"d_li14_mobilenet_v2", "d-li14's or tonylins' MobileNetV2"},
                                                   {"tonylins_mobilenet_v2", "d-li14's or tonylins' MobileNetV2"},
                                                   {"darts_cifar", "published DARTS"},
                                                   {"darts_v1_cifar", "published DARTS"},
                                                   {"darts_imagenet", "published DARTS"},
                                                   {"darts_amoebanet", "published DARTS"},
                                                   {"darts_conv_7x1_1x7", "published DARTS"},
                                                   {"darts_nor_conv_3x3", "published DARTS"},
                                                   {"torchvision_densenet121_2017", "torchvision DenseNet of 2017"},
                                                   {"timm_resnet18", "torchvision ResNet"},
                                                   {"timm_resnet50", "torchvision ResNet"},
                                                   {"timm_wide_resnet50_2", "torchvision ResNet"},
                                                   {"timm_mobilenetv2_100", "timm MobileNetV2"}};
  const auto golden = test::golden("checkpoint_names.json")["networks"];
  for (const auto &[theirs, network] : golden.items())
    add(network["tensors"], theirs, network["ours"].get<std::string>(), maps.at(theirs));
  return out;
}

class OthersNames : public testing::TestWithParam<NamesCase> {};

/// Networks list their tensors in the order in which they define their layers, which is that of execution, as our nodes: so the
/// order tells which is which where many have one shape. szagoruyko's alone lists those of a block otherwise: its names say it.
TEST_P(OthersNames, MapOneToOneInOrder) {
  const NamesCase &it = GetParam();
  const NamedSizes ours = state_of(it.ours);
  const Fit found = fit_tensors(ours, file_of(it.tensors), {}, "file");
  ASSERT_TRUE(found.whole()) << found.problems();
  EXPECT_EQ(found.names, it.map);
  EXPECT_EQ(found.prefix, "");
  NamedSizes theirs; // without the auxiliary head, which is no part of the network
  std::vector<std::string> heads;
  for (const auto &item : it.tensors)
    if (!item.first.starts_with("auxiliary_head."))
      theirs.push_back(item);
    else if (!is_batch_counter(item.first))
      heads.push_back(item.first);
  EXPECT_EQ(found.left, heads);
  std::map<std::string, std::string> used;
  for (const auto &[name, source] : found.source) EXPECT_TRUE(used.emplace(source, name).second) << source << " is two tensors";
  if (it.theirs.starts_with("szagoruyko")) return;
  ASSERT_EQ(theirs.size(), ours.size());
  ASSERT_EQ(found.source.size(), ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(found.source.at(ours[i].first), theirs[i].first);
}

INSTANTIATE_TEST_SUITE_P(Networks, OthersNames, testing::ValuesIn(names_cases()), [](const auto &param_info) {
  return test::test_name(param_info.param.theirs + "_" + param_info.param.ours);
});

TEST(NameMaps, FunctionalWideResNetIsWhatItsCodeSays) {
  NamedSizes theirs;
  const auto golden = test::golden("checkpoint_names.json")["networks"]["szagoruyko_wrn_16_2"]["tensors"];
  for (const auto &item : golden) theirs.emplace_back(item[0].get<std::string>(), item[1].get<std::vector<std::int64_t>>());
  const NamedSizes ours = state_of("wrn-16-2");
  // pytorch/resnet.py, block(): bn0, conv0, bn1, conv1 in that order, convdim on the output of bn0.
  const auto expect = [&](const Fit &found, const std::string &prefix) {
    ASSERT_TRUE(found.whole());
    EXPECT_EQ(found.source.at("conv1.weight"), prefix + "conv0");
    EXPECT_EQ(found.source.at("block1.0.layer.0.bn1.weight"), prefix + "group0.block0.bn0.weight");
    EXPECT_EQ(found.source.at("block1.0.layer.0.conv1.conv.weight"), prefix + "group0.block0.conv0");
    EXPECT_EQ(found.source.at("block2.0.layer.1.bn2.bias"), prefix + "group1.block1.bn1.bias");
    EXPECT_EQ(found.source.at("block3.0.layer.1.conv2.conv.weight"), prefix + "group2.block1.conv1");
    EXPECT_EQ(found.source.at("block3.0.layer.0.convShortcut.weight"), prefix + "group2.block0.convdim");
    EXPECT_EQ(found.source.at("bn1.bias"), prefix + "bn.bias");
    EXPECT_EQ(found.source.at("fc.weight"), prefix + "fc.weight");
  };
  expect(fit_tensors(ours, file_of(theirs), {}, "file"), "");
  // In a dictionary called params; statistics in one of their own.
  NamedSizes apart;
  for (const auto &[name, sizes] : theirs)
    apart.emplace_back((name.find("running_") != std::string::npos ? "stats." : "params.") + name, sizes);
  const Fit found = fit_tensors(ours, file_of(apart), {}, "file");
  expect(found, "params.");
  EXPECT_EQ(found.source.at("block1.0.layer.0.bn2.running_var"), "stats.group0.block0.bn1.running_var");
}

TEST(NameMaps, OwnNamesAreTakenAsTheyAre) {
  const NamedSizes ours = state_of("resnet-18");
  const Fit found = fit_tensors(ours, file_of(ours), {}, "file");
  EXPECT_TRUE(found.whole());
  EXPECT_EQ(found.names, "");
}

TEST(NameMaps, EveryMapLeavesNamesOfNobodyInPeace) {
  for (const NameMap &map : name_maps())
    for (const char *name : {"", ".", "....", "weight", "layer.0.conv1.weight", "layer1.x.conv1.weight", "features.x.0.weight",
                             "features.99.conv.0.0.weight", "features.-1.0.weight", "head.weight"})
      EXPECT_EQ(map.ours(name), name) << map.name;
}

} // namespace
} // namespace pare::formats
