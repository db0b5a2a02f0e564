#pragma once

#include "models/network.hpp"
#include "train/data/dataset.hpp"
#include "train/plan/protocol.hpp"

#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pare::train {

/// A field of a protocol: reading and writing files, --set, checks and documentation are made from it.
struct Field {
  std::string_view key; ///< a dot leads into an object of the file
  std::string_view description;
  bool required = false; ///< in a file
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool without_least = false; ///< the ends themselves are not accepted
  bool without_most = false;
  std::vector<std::string_view> choices = {};
  std::vector<std::string_view> elsewhere = {}; ///< what other programs call it: for whoever asks for that
  bool omitted = false; ///< from files, where it has its standard value: files of before are those of today
};

/// Of all families of networks.
inline std::vector<std::string_view> family_names() {
  std::vector<std::string_view> out;
  for (const NetworkFamily *family : network_families()) out.push_back(family->info().name);
  return out;
}

/// Calls visit(Field, value) for each field, in the order of the file.
template <class AProtocol, class Visit>
requires std::same_as<std::remove_const_t<AProtocol>, Protocol>
void visit_fields(AProtocol &p, Visit &&visit) {
  constexpr double kMany = 1e9;
  visit(Field{.key = "name", .description = "what it is called", .required = true}, p.name);
  visit(Field{.key = "description", .description = "in words"}, p.description);
  visit(Field{.key = "data", .description = "the data that it is for", .required = true, .choices = data_kind_names()}, p.data);
  visit(Field{.key = "for_networks", .description = "families of networks whose default it is", .choices = family_names()},
        p.for_networks);
  visit(Field{.key = "batch",
              .description = "images of one step",
              .required = true,
              .least = 1,
              .most = kMany,
              .elsewhere = {"batch_size", "bs"}},
        p.batch);
  visit(Field{.key = "epochs", .description = "how often each image is seen", .required = true, .least = 1, .most = kMany},
        p.epochs);
  visit(Field{.key = "learning_rate",
              .description = "of the first epoch",
              .required = true,
              .least = 0,
              .without_least = true,
              .elsewhere = {"lr", "base_lr"}},
        p.learning_rate);
  visit(Field{.key = "warmup_epochs",
              .description = "in which the learning rate rises to the schedule's: times 1 / n, 2 / n ...",
              .least = 0,
              .most = kMany,
              .elsewhere = {"warmup", "warmup_iters"},
              .omitted = true},
        p.warmup_epochs);
  visit(Field{.key = "momentum", .description = "of SGD", .least = 0, .most = 1, .without_most = true}, p.momentum);
  visit(Field{.key = "nesterov", .description = "Nesterov's momentum", .omitted = true}, p.nesterov);
  visit(Field{.key = "weight_decay",
              .description = "added to the gradient",
              .required = true,
              .least = 0,
              .elsewhere = {"wd", "l2"}},
        p.weight_decay);
  visit(Field{.key = "decay_norms_and_biases", .description = "weight decay on batch norms and biases too", .omitted = true},
        p.decay_norms_and_biases);
  visit(Field{.key = "schedule.kind", .description = "how the learning rate falls, epoch by epoch", .required = true},
        p.schedule.kind);
  visit(Field{.key = "schedule.milestones",
              .description = "step: the epochs, or shares of all epochs, from which factor applies once more",
              .least = 0,
              .most = kMany,
              .without_least = true,
              .elsewhere = {"milestones", "lr_milestones", "lr_steps"}},
        p.schedule.milestones);
  visit(Field{.key = "schedule.factor",
              .description = "step: what a milestone multiplies the learning rate by",
              .least = 0,
              .without_least = true,
              .elsewhere = {"gamma", "lr_gamma", "factor"}},
        p.schedule.factor);
  visit(Field{.key = "augmentation.kind", .description = "how training images are cut", .required = true}, p.augmentation.kind);
  visit(Field{.key = "augmentation.size",
              .description = "height and width of what the network sees, pixels",
              .required = true,
              .least = 1,
              .most = kMostPixels},
        p.augmentation.size);
  visit(Field{.key = "augmentation.pad", .description = "pad_crop: black pixels on each side", .least = 0, .most = kMostPixels},
        p.augmentation.pad);
  visit(Field{.key = "augmentation.flip", .description = "mirror every other training image", .required = true},
        p.augmentation.flip);
  visit(Field{.key = "augmentation.cutout",
              .description = "side of a square that is blanked in training, pixels; 0: none",
              .least = 0,
              .most = kMostPixels,
              .elsewhere = {"cutout"}},
        p.augmentation.cutout);
  // Of values between 0 and 1: means are there too, and no deviation is as large as 1.
  visit(Field{.key = "augmentation.mean",
              .description = "of red, green and blue, black being 0 and full colour 1",
              .required = true,
              .least = 0,
              .most = 1},
        p.augmentation.mean);
  visit(Field{.key = "augmentation.std",
              .description = "deviation of the same values",
              .required = true,
              .least = 0,
              .most = 1,
              .without_least = true},
        p.augmentation.std);
  visit(Field{.key = "augmentation.evaluation", .description = "how images are cut that are not trained on", .required = true},
        p.augmentation.evaluation);
  visit(Field{.key = "augmentation.evaluation_resize",
              .description = "resize_crop: the shorter side before the centre is cut out, pixels",
              .least = 0,
              .most = kMostPixels},
        p.augmentation.evaluation_resize);
  visit(
      Field{
          .key = "alpha", .description = "share of distillation from logits; the rest is cross-entropy", .least = 0, .most = 1},
      p.alpha);
  visit(Field{.key = "beta", .description = "weight of attention transfer", .least = 0}, p.beta);
  visit(Field{.key = "temperature",
              .description = "of distillation from logits",
              .least = 0,
              .without_least = true,
              .elsewhere = {"T", "kd_temperature"}},
        p.temperature);
  visit(Field{.key = "distillation",
              .description = "form of distillation from logits: averaged over classes too, times 2, as in 2019, or Hinton's",
              .omitted = true},
        p.distillation);
  visit(Field{.key = "distillation_weight",
              .description = "what distillation from logits is multiplied by, instead of alpha",
              .least = 0,
              .omitted = true},
        p.distillation_weight);
  visit(Field{.key = "cross_entropy_weight",
              .description = "what cross-entropy is multiplied by, instead of 1 - alpha",
              .least = 0,
              .omitted = true},
        p.cross_entropy_weight);
  visit(Field{.key = "distillation_ramp_epochs",
              .description = "in which what compares with the teacher rises to its weight: times 1 / n, 2 / n ...",
              .least = 0,
              .most = kMany,
              .omitted = true},
        p.distillation_ramp_epochs);
  visit(Field{.key = "label_smoothing",
              .description = "of cross-entropy: the share that is spread over all classes",
              .least = 0,
              .most = 1,
              .without_most = true,
              .elsewhere = {"smoothing"},
              .omitted = true},
        p.label_smoothing);
  visit(Field{.key = "attention",
              .description = "form of attention transfer: squared differences as in 2019, or the paper's norm"},
        p.attention);
  visit(Field{.key = "attention_resize",
              .description = "maps of different sizes: refused, or the larger one pooled",
              .omitted = true},
        p.attention_resize);
  visit(Field{.key = "auxiliary_head", .description = "train with the network's auxiliary head"}, p.auxiliary_head);
  visit(
      Field{.key = "drop_path", .description = "final probability, rising from 0", .least = 0, .most = 1, .without_most = true},
      p.drop_path);
  visit(Field{.key = "clip_grad",
              .description = "greatest norm of the gradient",
              .least = 0,
              .without_least = true,
              .elsewhere = {"grad_clip", "clip_grad_norm", "max_norm"}},
        p.clip_grad);
  visit(Field{.key = "ema_decay",
              .description = "after each step average = decay average + (1 - decay) weights; evaluated and saved beside them",
              .least = 0,
              .most = 1,
              .without_least = true,
              .without_most = true,
              .elsewhere = {"ema", "model_ema_decay"},
              .omitted = true},
        p.ema_decay);
  visit(Field{.key = "decay_scaling",
              .description = "weight decay times the compression ratio, or a number, on the marked parameters of a family"},
        p.decay_scaling);
  visit(Field{.key = "recompute", .description = "activations that are computed again instead of kept"}, p.recompute);
}

} // namespace pare::train
