#include "formats/name_maps.hpp"

#include <vector>

namespace pare::formats {

namespace {

NameMap map_of(std::string_view name, std::string_view covers, const std::vector<Rename> &rules) {
  return {.name = name, .covers = covers, .ours = Renamer(rules, std::string(name))};
}

// Ours: what a substitution may replace is named X.conv.weight where it stays a convolution, and X.grouped.weight and
// X.pointwise.weight where it is separable (X.pointwise.weight alone where it is 1 x 1): but for the two, fit_tensors() knows.
// It takes a name as it stands where what a map makes of it is none of the network's.
//
// A rule sees what the rules before it left: of modules that are numbered anew, those whose number falls go up from the lowest,
// those whose number rises down from the highest.

std::vector<NameMap> make_name_maps() {
  std::vector<NameMap> out;

  // torchvision.models.resnet, and timm's, which has its names: .downsample.0 is a convolution, .downsample.1 its batch norm.
  out.push_back(
      map_of("torchvision ResNet", "resnet18 to resnet152, resnext and wide_resnet50_2, timm's too",
             {{R"(^(layer\d+\.\d+\.downsample)\.0\.)", R"(\1.conv.)"}, {R"(^(layer\d+\.\d+\.downsample)\.1\.)", R"(\1.bn.)"}}));

  // torchvision.models.mobilenetv2: features.B.conv.I.J with J = 0 (convolution) and 1 (batch norm) of the I-th convolution
  // with an activation behind it; then features.B.conv.I, the last convolution, and I + 1, its batch norm. Block 1 does not
  // expand. Ours number convolution, batch norm and activation in one row.
  out.push_back(map_of("torchvision MobileNetV2", "mobilenet_v2",
                       {{R"(^(features\.(?:[2-9]|1\d)\.conv)\.3\.(\w+)$)", R"(\1.7.\2)"},
                        {R"(^(features\.(?:[2-9]|1\d)\.conv)\.2\.(\w+)$)", R"(\1.6.\2)"},
                        {R"(^(features\.(?:[2-9]|1\d)\.conv)\.1\.1\.)", R"(\1.4.)"},
                        {R"(^(features\.(?:[2-9]|1\d)\.conv)\.1\.0\.)", R"(\1.3.)"},
                        {R"(^(features\.(?:[2-9]|1\d)\.conv)\.0\.1\.)", R"(\1.1.)"},
                        {R"(^(features\.(?:[2-9]|1\d)\.conv)\.0\.0\.)", R"(\1.0.)"},
                        {R"(^(features\.1\.conv)\.2\.(\w+)$)", R"(\1.4.\2)"},
                        {R"(^(features\.1\.conv)\.1\.(\w+)$)", R"(\1.3.\2)"},
                        {R"(^(features\.1\.conv)\.0\.1\.)", R"(\1.1.)"},
                        {R"(^(features\.1\.conv)\.0\.0\.)", R"(\1.0.)"},
                        {R"(^classifier\.1\.)", "classifier_conv."}}));

  // github.com/d-li14/mobilenetv2.pytorch (whose last convolution is conv.0) and github.com/tonylins/pytorch-mobilenet-v2
  // (features.18.0; in checkpoints of before, classifier.1): numbered as ours.
  out.push_back(map_of("d-li14's or tonylins' MobileNetV2", "mobilenetv2, mobilenet_v2",
                       {{R"(^conv\.([01])\.)", R"(features.18.\1.)"}, {R"(^classifier\.(?:1\.)?)", "classifier_conv."}}));

  // timm's mobilenetv2: blocks.STAGE.BLOCK, which ours number in one row.
  std::vector<Rename> timm = {{R"(^conv_stem\.)", "features.0.0."},
                              {R"(^bn1\.)", "features.0.1."},
                              {R"(^conv_head\.)", "features.18.0."},
                              {R"(^bn2\.)", "features.18.1."},
                              {R"(^classifier\.)", "classifier_conv."},
                              {R"(^(blocks\.0\.0)\.conv_dw\.)", R"(\1.conv.0.)"},
                              {R"(^(blocks\.0\.0)\.bn1\.)", R"(\1.conv.1.)"},
                              {R"(^(blocks\.0\.0)\.conv_pw\.)", R"(\1.conv.3.)"},
                              {R"(^(blocks\.0\.0)\.bn2\.)", R"(\1.conv.4.)"},
                              {R"(^(blocks\.\d\.\d)\.conv_pw\.)", R"(\1.conv.0.)"},
                              {R"(^(blocks\.\d\.\d)\.bn1\.)", R"(\1.conv.1.)"},
                              {R"(^(blocks\.\d\.\d)\.conv_dw\.)", R"(\1.conv.3.)"},
                              {R"(^(blocks\.\d\.\d)\.bn2\.)", R"(\1.conv.4.)"},
                              {R"(^(blocks\.\d\.\d)\.conv_pwl\.)", R"(\1.conv.6.)"},
                              {R"(^(blocks\.\d\.\d)\.bn3\.)", R"(\1.conv.7.)"}};
  int block = 1;
  for (int stage = 0; const int blocks : {1, 2, 3, 4, 3, 3, 1}) {
    for (int i = 0; i < blocks; ++i)
      timm.push_back({"^blocks\\." + std::to_string(stage) + "\\." + std::to_string(i) + "\\.",
                      "features." + std::to_string(block++) + "."});
    ++stage;
  }
  out.push_back(map_of("timm MobileNetV2", "mobilenetv2_100", timm));

  // torchvision.models.densenet, whose checkpoints have the names of 2017: norm.1 for norm1.
  out.push_back(map_of("torchvision DenseNet of 2017", "densenet121 to densenet201",
                       {{R"(^(features\.denseblock\d+\.denselayer\d+\.(?:norm|conv))\.([12])\.)", R"(\1\2.)"}}));

  // github.com/xternalz/WideResNet-pytorch; TRADES and RobustBench have its names, and a sub_block1 that is not used.
  out.push_back(map_of("xternalz's WideResNet", "wide residual networks for 32 x 32 images",
                       {{R"(^block(\d)\.layer\.)", R"(block\1.0.layer.)"}}));

  // github.com/szagoruyko/wide-residual-networks, pytorch/resnet.py, which is functional: convolutions have a name and no
  // module. Before 2018 the statistics of batch norms were a dictionary of their own.
  out.push_back(map_of("szagoruyko's WideResNet", "wide residual networks for 32 x 32 images",
                       {{R"(^(?:params|stats)\.)", ""},
                        {R"(^conv0$)", "conv1.weight"},
                        {R"(^bn\.)", "bn1."},
                        {R"(^group0\.block(\d+)\.)", R"(block1.0.layer.\1.)"},
                        {R"(^group1\.block(\d+)\.)", R"(block2.0.layer.\1.)"},
                        {R"(^group2\.block(\d+)\.)", R"(block3.0.layer.\1.)"},
                        {R"(^(block\d\.0\.layer\.\d+)\.bn1\.)", R"(\1.bn2.)"},
                        {R"(^(block\d\.0\.layer\.\d+)\.bn0\.)", R"(\1.bn1.)"},
                        {R"(^(block\d\.0\.layer\.\d+)\.convdim$)", R"(\1.convShortcut.weight)"},
                        {R"(^(block\d\.0\.layer\.\d+)\.conv1$)", R"(\1.conv2.weight)"},
                        {R"(^(block\d\.0\.layer\.\d+)\.conv0$)", R"(\1.conv1.weight)"}}));

  // github.com/quark0/darts, cnn/operations.py and model.py: SepConv and DilConv are rows of ReLU, depthwise, pointwise, batch
  // norm; what ours call op.1 is the depthwise and the pointwise together.
  out.push_back(map_of("published DARTS", "CIFAR and ImageNet networks of github.com/quark0/darts and what follows it",
                       {{R"(^(cells\.\d+\._ops\.\d+\.op\.1)\.weight$)", R"(\1.grouped.weight)"},
                        {R"(^(cells\.\d+\._ops\.\d+\.op)\.2\.weight$)", R"(\1.1.pointwise.weight)"},
                        {R"(^(cells\.\d+\._ops\.\d+\.op)\.3\.(\w+)$)", R"(\1.2.\2)"},
                        {R"(^(cells\.\d+\._ops\.\d+\.op)\.5\.weight$)", R"(\1.4.grouped.weight)"},
                        {R"(^(cells\.\d+\._ops\.\d+\.op)\.6\.weight$)", R"(\1.4.pointwise.weight)"},
                        {R"(^(cells\.\d+\._ops\.\d+\.op)\.7\.(\w+)$)", R"(\1.5.\2)"},
                        {R"(^(cells\.\d+\._ops\.\d+)\.(\d)\.)", R"(\1.op.\2.)"}})); // conv_7x1_1x7 is a row without a name
  return out;
}

} // namespace

bool is_batch_counter(std::string_view name) {
  constexpr std::string_view kCounter = "num_batches_tracked";
  return name.ends_with(kCounter) && (name.size() == kCounter.size() || name[name.size() - kCounter.size() - 1] == '.');
}

std::span<const NameMap> name_maps() {
  static const std::vector<NameMap> maps = make_name_maps();
  return maps;
}

} // namespace pare::formats
