#include "train/plan/protocol.hpp"

namespace pare::train {

namespace {

// The protocols of the 2019 experiments: Zagoruyko and Komodakis 2016 for wide residual networks, Liu et al. 2018 for DARTS,
// both with cutout (DeVries and Taylor 2017).

struct Channels {
  std::array<double, 3> mean;
  std::array<double, 3> std;
};
constexpr Channels kCifar10{{.4914, .4822, .4465}, {.2023, .1994, .2010}};
constexpr Channels kCifar10Exact{{.49139968, .48215827, .44653124}, {.24703233, .24348505, .26158768}};
constexpr Channels kCifar100{{.5071, .4866, .4409}, {.2009, .1984, .2023}};
// Of the training images with their border: over 32 x 32 pixels, and not 28 x 28.
constexpr Channels kFashionMnist{{.2190, .2190, .2190}, {.3318, .3318, .3318}};
constexpr Channels kMnist{{.1000, .1000, .1000}, {.2752, .2752, .2752}};
// Of the training images; of STL-10's labelled ones.
constexpr Channels kStl10{{.4467, .4398, .4066}, {.2603, .2566, .2713}};
constexpr Channels kTinyImageNet{{.4802, .4481, .3975}, {.2770, .2691, .2821}};
constexpr Channels kImageNet{{.485, .456, .406}, {.229, .224, .225}};

Augmentation cifar(const Channels &channels, std::int64_t cutout) {
  return {.kind = Crop::kPadCrop,
          .size = 32,
          .pad = 4,
          .flip = true,
          .cutout = cutout,
          .mean = channels.mean,
          .std = channels.std,
          .evaluation = EvaluationCrop::kWhole};
}

Augmentation imagenet() {
  return {.kind = Crop::kRandomResizedCrop,
          .size = 224,
          .flip = true,
          .mean = kImageNet.mean,
          .std = kImageNet.std,
          .evaluation = EvaluationCrop::kResizeCrop,
          .evaluation_resize = 256};
}

Protocol wrn(const std::string &data, Augmentation augmentation) {
  return {.name = data + "-wrn",
          .description = "wide residual networks on " + data,
          .data = data,
          .for_networks = {"wide_resnet"},
          .batch = 128,
          .epochs = 200,
          .learning_rate = 0.1,
          .weight_decay = 5e-4,
          .schedule = {.kind = ScheduleKind::kStep, .milestones = {60, 120, 160}, .factor = 0.2},
          .augmentation = std::move(augmentation),
          .clip_grad = {},
          .decay_scaling = standard_decay_scaling()};
}

/// Zagoruyko and Komodakis 2016 for SVHN: bytes divided by 255, and nothing else is done to the images.
Protocol wrn_on_svhn() {
  Protocol out =
      wrn("svhn", {.kind = Crop::kNone, .size = 32, .mean = {0, 0, 0}, .std = {1, 1, 1}, .evaluation = EvaluationCrop::kWhole});
  out.epochs = 160;
  out.learning_rate = 0.01;
  out.schedule.milestones = {80, 120};
  out.schedule.factor = 0.1;
  return out;
}

/// Pare's own: what is done on CIFAR, whose 4 pixels of padding are an eighth of the side.
Protocol wrn_on_larger(const std::string &data, const Channels &channels, std::int64_t side) {
  Protocol out = wrn(data, cifar(channels, 0));
  out.description += ", as on cifar100; Pare's own";
  out.augmentation.size = side;
  out.augmentation.pad = side / 8;
  return out;
}

/// Pare's own, for experiments of minutes: runs of a few epochs want less attention transfer than 2019's of 200. Tried on
/// Fashion-MNIST at five epochs of 12,000 images: errors of 13.7 to 14.5 % with beta 100, 19.2 to 22.2 % with 1000.
Protocol small_grey(const std::string &data, const Channels &channels, bool flip) {
  Protocol out = wrn(data, cifar(channels, 0));
  out.name = data;
  out.description = "wide residual networks on " + data + " in minutes; Pare's own";
  out.epochs = 30;
  out.schedule = {.kind = ScheduleKind::kCosine, .milestones = {}};
  out.augmentation.flip = flip;
  out.beta = 100;
  return out;
}

Protocol darts(const std::string &data, Augmentation augmentation) {
  return {.name = data + "-darts",
          .description = "DARTS on " + data,
          .data = data,
          .for_networks = {"darts"},
          .batch = 96,
          .epochs = 600,
          .learning_rate = 0.025,
          .weight_decay = 3e-4,
          .schedule = {.kind = ScheduleKind::kCosine, .milestones = {}},
          .augmentation = std::move(augmentation),
          .auxiliary_head = true,
          .drop_path = 0.2,
          .clip_grad = {},
          .decay_scaling = standard_decay_scaling()};
}

Protocol residual_on_imagenet() {
  return {.name = "imagenet-wrn-50-2",
          .description = "WRN-50-2 and other residual networks on ImageNet",
          .data = "imagenet",
          .for_networks = {"wrn_50_2", "resnet"},
          .batch = 256,
          .epochs = 90,
          .learning_rate = 0.1,
          .weight_decay = 1e-4,
          .schedule = {.kind = ScheduleKind::kStep, .milestones = {30, 60}, .factor = 0.1},
          .augmentation = imagenet(),
          .clip_grad = {},
          .decay_scaling = standard_decay_scaling()};
}

Protocol mobilenet_on_imagenet() {
  return {.name = "imagenet-mobilenet-v2",
          .description = "MobileNetV2 on ImageNet",
          .data = "imagenet",
          .for_networks = {"mobilenet_v2"},
          .batch = 256,
          .epochs = 150,
          .learning_rate = 0.05,
          .weight_decay = 4e-5,
          .schedule = {.kind = ScheduleKind::kCosine, .milestones = {}},
          .augmentation = imagenet(),
          .clip_grad = {},
          .decay_scaling = standard_decay_scaling()};
}

} // namespace

std::span<const Protocol> protocols() {
  static const std::vector<Protocol> all = {
      wrn("cifar10", cifar(kCifar10, 16)),
      darts("cifar10", cifar(kCifar10Exact, 16)),
      wrn("cifar100", cifar(kCifar100, 0)),
      darts("cifar100", cifar(kCifar100, 0)),
      small_grey("fashion-mnist", kFashionMnist, true),
      small_grey("mnist", kMnist, false), // a digit's mirror image is none
      wrn_on_svhn(),
      wrn_on_larger("stl10", kStl10, 96),
      wrn_on_larger("tiny-imagenet", kTinyImageNet, 64),
      residual_on_imagenet(),
      mobilenet_on_imagenet(),
  };
  return all;
}

} // namespace pare::train
