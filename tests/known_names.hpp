#pragma once

// The names that messages about unknown ones list, in order. Who adds a family or an op adds its names here.

#define PARE_KNOWN_SUBSTITUTIONS                                                                                               \
  "Conv, baseline, convolution, Sep, sep, Generic_S, generic, LR_S, lr, Hashed_S, HashedDecimate, hashed, SepHashed_S, "       \
  "SepHashedDecimate, sep_hashed, HashedSeparable_S, hashed_separable, ACDC_S, OriginalACDC, acdc, Shuffle_S, shuffle, "       \
  "TensorTrain_S, tensor_train, Tucker_S, tucker, CP_S, cp, tt_matrix, kronecker, tucker2, spatial, grouped, monarch, btt, "   \
  "block_circulant, butterfly"

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
