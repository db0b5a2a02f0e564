#pragma once

#include <string>

namespace pare::test {

/// A network file small enough to count by hand. Input 2 x 6 x 6.
///   a    conv 3 x 3, padding 1, 2 -> 4, replaceable: 2 * 4 * 9 = 72 parameters, 36 * 72 = 2592 macs, output 4 x 6 x 6
///   b    ReLU: 4 * 36 = 144 elements
///   c    conv 3 x 3, stride 2, padding 1, 4 groups, 4 -> 4: 36 parameters, 9 * 36 = 324 macs, output 4 x 3 x 3
///   d    conv 2 x 2, 2 groups, 4 -> 6: 6 * 2 * 4 = 48 parameters, 4 * 48 = 192 macs, output 6 x 2 x 2
///   e    max pool 2 x 2: 6 * 4 = 24 windows elements, output 6 x 1 x 1
///   f    flatten
///   g    linear 6 -> 5 with bias: 35 parameters, 30 macs, 5 additions
/// In all 72 + 36 + 48 + 35 = 191 parameters, 2592 + 324 + 192 + 30 = 3138 macs; reference: 3138 + 144 + 24 + 5 = 3311.
inline const std::string kByHand = R"({
  "schema": "pare.network/1",
  "name": "by hand",
  "input": [2, 6, 6],
  "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 4, "kernel": 3, "padding": 1, "replaceable": "Conv"},
    {"id": "b", "op": "relu", "inputs": ["a"]},
    {"id": "c", "op": "conv", "inputs": ["b"], "out_channels": 4, "kernel": 3, "stride": 2, "padding": 1, "groups": 4},
    {"id": "d", "op": "conv", "inputs": ["c"], "out_channels": 6, "kernel": 2, "groups": 2},
    {"id": "e", "op": "max_pool", "inputs": ["d"], "kernel": 2, "stride": 2},
    {"id": "f", "op": "flatten", "inputs": ["e"]},
    {"id": "g", "op": "linear", "inputs": ["f"], "out_features": 5, "bias": true}
  ],
  "attention_taps": ["b"],
  "output": "g"
}
)";

/// Layer names that are markup in one format or another.
inline const std::string kMarkup = R"({
  "schema": "pare.network/1",
  "name": "mark_up & 100 %",
  "input": [3, 8, 8],
  "layers": [
    {"id": "a|b", "op": "relu", "inputs": ["input"]},
    {"id": "say \"hi\", twice", "op": "relu", "inputs": ["a|b"]},
    {"id": "[50%] of #1 & {x}_y^2 ~ \\z", "op": "relu", "inputs": ["say \"hi\", twice"]},
    {"id": "two\nlines", "op": "relu", "inputs": ["[50%] of #1 & {x}_y^2 ~ \\z"]}
  ],
  "attention_taps": [],
  "output": "two\nlines"
}
)";

} // namespace pare::test
