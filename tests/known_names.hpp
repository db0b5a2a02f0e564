#pragma once

// The names that messages about unknown ones list, in order. Who adds a family, a network or an op adds its names here.

#define PARE_KNOWN_SUBSTITUTIONS                                                                                               \
  "Conv, baseline, convolution, Sep, sep, Generic_S, generic, LR_S, lr, Hashed_S, HashedDecimate, hashed, SepHashed_S, "       \
  "SepHashedDecimate, sep_hashed, HashedSeparable_S, hashed_separable, ACDC_S, OriginalACDC, acdc, Shuffle_S, shuffle, "       \
  "TensorTrain_S, tensor_train, Tucker_S, tucker, CP_S, cp, tt_matrix, kronecker, tucker2, spatial, grouped, monarch, btt, "   \
  "block_circulant, butterfly"

#define PARE_KNOWN_NETWORKS                                                                                                    \
  "wrn-D-K, wide_resnet, darts, darts-imagenet, darts_imagenet, wrn-50-2, wide_resnet50_2, wrn_50_2, resnet-D, "               \
  "wide_resnet101_2, resnext50_32x4d, resnext101_32x8d, resnext101_64x4d, resnet, mobilenet-v2, mobilenet_v2, "                \
  "mobilenet-v2-cifar, mobilenet_v2_cifar, resnet-20, "                                                                        \
  "resnet-32, resnet-44, resnet-56, resnet-110, resnet-1202, resnet_cifar, vggD_bn, vggD, vgg, densenet-D, densenet, "         \
  "efficientnet-lite0, efficientnet_lite0"

/// Those that mark parameters whose weight decay is scaled, or may be.
#define PARE_KNOWN_DECAY_FAMILIES                                                                                              \
  "acdc, block_circulant, btt, butterfly, cp, generic, grouped, hashed, hashed_separable, kronecker, lr, monarch, "            \
  "sep_hashed, shuffle, spatial, tensor_train, tt_matrix, tucker, tucker2"

/// Of network files.
#define PARE_KNOWN_FILE_OPS                                                                                                    \
  "conv, linear, batch_norm, relu, relu6, sigmoid, silu, hard_sigmoid, hard_swish, gelu, tanh, max_pool, avg_pool, "           \
  "global_avg_pool, adaptive_avg_pool, flatten, add, multiply, dropout, concat, crop, slice_channels, repeat_channels, "       \
  "sum_channels, shuffle_channels, zeros"

/// Of conventions.
#define PARE_KNOWN_OPS                                                                                                         \
  "input, parameter, buffer, conv, linear, batch_norm, relu, relu6, sigmoid, silu, hard_sigmoid, hard_swish, gelu, tanh, "     \
  "max_pool, avg_pool, global_avg_pool, adaptive_avg_pool, flatten, add, multiply, dropout, add_bias, concat, crop, "          \
  "slice_channels, repeat_channels, sum_channels, shuffle_channels, zeros, gather, tt_merge, mode_product, cp_merge, "         \
  "acdc_product, acdc_transform, contract, contract_weights, block_diagonal, circulant_merge, transpose, reshape"
