"""Writes the weights of a run as other programs would hold them: python write_checkpoints.py WEIGHTS FOLDER

WEIGHTS is a safetensors file of a wide residual network with one block in each group.
"""

import collections
import json
import pickle
import re
import struct
import sys

import torch

weights, folder = sys.argv[1:]
with open(weights, "rb") as file:
    data = file.read()
length = struct.unpack("<Q", data[:8])[0]
own = collections.OrderedDict()
for name, entry in json.loads(data[8 : 8 + length]).items():
    if name != "__metadata__":
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        dtype = {"F32": torch.float32, "I64": torch.int64}[entry["dtype"]]
        own[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(entry["shape"])


def save(name, value):
    torch.save(value, folder + "/" + name)


def renamed(rules, state=own):
    out = collections.OrderedDict()
    for name, tensor in state.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        out[name] = tensor
    return out


xternalz = renamed([(r"^block(\d)\.0\.layer", r"block\1.layer"), (r"(conv[12])\.conv\.", r"\1.")])
functional = renamed(
    [(r"^conv1\.weight", "conv0"), (r"^bn1\.", "bn."), (r"^block1", "group0"), (r"^block2", "group1"), (r"^block3", "group2"),
     (r"\.0\.layer\.(\d+)", r".block\1"), (r"\.conv1\.conv\.weight$", ".conv0"), (r"\.conv2\.conv\.weight$", ".conv1"),
     (r"\.convShortcut\.weight$", ".convdim"), (r"\.bn1\.", ".bn0."), (r"\.bn2\.", ".bn1.")],
    {name: tensor for name, tensor in own.items() if "num_batches_tracked" not in name})

# As RobustBench's and TRADES' checkpoints: wrapped in a normalisation and in DataParallel, with a block that is not used.
unused = {"sub_block1.layer.0.conv1.weight": torch.zeros(4, 4, 3, 3)}
wrapped = collections.OrderedDict(("module.model." + name, tensor) for name, tensor in {**xternalz, **unused}.items())
wrapped["module.mu"] = torch.zeros(3)
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2, 3))], lr=0.1, momentum=0.9)
optimizer.param_groups[0]["params"][0].sum().backward()
optimizer.step()
save("wrapped.pt", {"epoch": 3, "model_state_dict": wrapped, "optimizer": optimizer.state_dict(),
                    "scheduler": {"milestones": collections.Counter([1, 2])}})
save("functional.pt7", {"params": functional, "epoch": 3, "optimizer": optimizer.state_dict()})
# The average beside it, which here is nothing.
zeros = collections.OrderedDict((name, torch.zeros_like(tensor)) for name, tensor in own.items())
save("two.pth", {"state_dict": own, "state_dict_ema": zeros})
# Numbered in the order in which layers are run, which safetensors do not keep.
norm = ["weight", "bias", "running_mean", "running_var"]
order = ["conv1.weight"]
for group in (1, 2, 3):
    block = "block%d.0.layer.0." % group
    order += [block + "bn1." + part for part in norm] + [block + "conv1.conv.weight"]
    order += [block + "bn2." + part for part in norm] + [block + "conv2.conv.weight", block + "convShortcut.weight"]
order += ["bn1." + part for part in norm] + ["fc.weight", "fc.bias"]
order = [name for name in order if name in own]
save("list.pt", collections.OrderedDict(("layers.%d" % i, own[name]) for i, name in enumerate(order)))
save("odd.pt", {"net/" + name.replace(".", "/").replace("weight", "kernel"): tensor for name, tensor in own.items()})
with open(folder + "/arrays.pkl", "wb") as file:
    pickle.dump({name: tensor.numpy() for name, tensor in own.items()}, file)
save("escape.pt", {**own, "mu\x1b[2J": torch.zeros(3)})
save("missing.pt", {name: tensor for name, tensor in own.items() if name != "bn1.bias"})
save("deeper.pt", {**own, "block1.0.layer.1.conv1.conv.weight": torch.zeros(4, 4, 3, 3)})
save("classes.pt", {**own, "fc.weight": torch.zeros(1000, own["fc.weight"].shape[1]), "fc.bias": torch.zeros(1000)})
