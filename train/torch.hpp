#pragma once

// What of LibTorch the trainer uses, precompiled. <torch/torch.h> would bring all of its layers, optimisers and loaders: every
// file that includes it compiles for twice as long.

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/version.h>
