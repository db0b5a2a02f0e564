"""Writes files of weights as PyTorch writes them, for tests: python write_teachers.py FOLDER

Beside the files, expected.json says what is in each. Values are chosen so that every type holds them exactly.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import pickle
import struct
import sys
import types

import numpy
import torch

folder = sys.argv[1]
expected = {}


def ramp(shape, dtype=torch.float32, start=0):
    """start, start + 1/4, start + 2/4, ..."""
    count = torch.Size(shape).numel()
    if dtype.is_floating_point:
        return (torch.arange(count, dtype=torch.float64) / 4 + start).to(dtype).reshape(shape)
    return (torch.arange(count) + start).to(dtype).reshape(shape)


DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def expect(name, format, tensors, metadata=None):
    described = {
        key: {"dtype": DTYPES[t.dtype], "sizes": list(t.shape), "values": t.detach().double().flatten().tolist()}
        for key, t in tensors.items()
    }
    expected[name] = {"format": format, "tensors": described, "metadata": metadata or {}}


class AsFromGpu:
    """Files as a machine with a GPU wrote them in 2019: there is none here, so what the pickler is told is replaced."""

    def __enter__(self):
        self.tag = torch.serialization.location_tag
        self.type = torch.storage.TypedStorage._pickle_storage_type
        torch.serialization.location_tag = lambda storage: "cuda:0"

        def cuda_type(storage):
            name = self.type(storage)
            # torch.save looks the class up in torch by this name; pickle then writes the class's own module, torch.cuda.
            setattr(torch, "cuda." + name, getattr(torch.cuda, name))
            return "cuda." + name

        torch.storage.TypedStorage._pickle_storage_type = cuda_type

    def __exit__(self, *_):
        torch.serialization.location_tag = self.tag
        torch.storage.TypedStorage._pickle_storage_type = self.type


def legacy(name, value, **options):
    torch.save(value, os.path.join(folder, name), _use_new_zipfile_serialization=False, **options)


def zipped(name, value):
    torch.save(value, os.path.join(folder, name))


def read(name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


# The reference's .t7. A real module's state dict, with its `_metadata`; a transposed view; two views of one storage.
torch.manual_seed(0)
model = torch.nn.Sequential(collections.OrderedDict(
    conv1=torch.nn.Conv2d(3, 4, 3, bias=False), bn1=torch.nn.BatchNorm2d(4), fc=torch.nn.Linear(4, 10)))
net = model.state_dict()
net["transposed"] = ramp((5, 7)).t()
shared = ramp((24,), start=-3)
net["left"] = shared[2:8].view(2, 3)
net["right"] = shared[6:24:3]
net["repeated"] = ramp((3, 1)).expand(3, 4)
net["idxs"] = ramp((6,), torch.int64, start=1 << 40)
beside = {
    "epoch": 200, "width": 2.0, "depth": 16, "conv": "Generic_0.1", "blocktype": "BasicBlock", "module": None,
    "args": ["main.py", "cifar10", "--conv", "Generic_0.1"],
    "train_losses": [2.25, float("nan"), float("-inf")], "val_losses": [1.5, 1.25],
    "train_errors": [90.0, 12.5], "val_errors": [91.0, 11.5],
}
checkpoint = dict(beside, net=net)
checkpoint["train_errors"] = [torch.tensor(v) for v in beside["train_errors"]]
checkpoint["val_errors"] = [torch.tensor(v, dtype=torch.float64) for v in beside["val_errors"]]
with AsFromGpu():
    legacy("reference.t7", checkpoint)
data = read("reference.t7")
assert b"ctorch.cuda\nFloatStorage\n" in data and b"ctorch.cuda\nDoubleStorage\n" in data and b"cuda:0" in data, "not as from a GPU"
assert b"ctorch\nFloatStorage\n" not in data and b"_metadata" in data
beside["train_losses"] = [2.25, "NaN", "-Infinity"]  # JSON has neither
expect("reference.t7", "torch legacy", net, {key: json.dumps(value) for key, value in beside.items()})

# DataParallel's prefix, in the newest pickle protocol.
plain = collections.OrderedDict(("weight%d" % i, ramp((2, 3), dtype)) for i, dtype in enumerate(DTYPES) if dtype != torch.bool)
plain["empty"] = torch.zeros(0, 3)
plain["scalar"] = torch.tensor(7.0)
plain["flags"] = torch.tensor([True, False, True])
parallel = collections.OrderedDict(("module." + key, value) for key, value in plain.items())
legacy("parallel.pt", parallel, pickle_protocol=5)
expect("parallel.pt", "torch legacy", parallel)

# Zip files: a bare state dict, and one in a checkpoint with an optimizer's state beside it.
bare = collections.OrderedDict(net, parameter=torch.nn.Parameter(ramp((2, 2))))
with AsFromGpu():
    zipped("bare.pth", bare)
expect("bare.pth", "torch zip", bare)
zipped("nested.pt", {"state_dict": parallel, "best": torch.tensor(3), "optimizer": {"state": {0: {"m": ramp((2, 3))}}, "lr": 0.1}})
expect("nested.pt", "torch zip", parallel,
       {"best": "3", "optimizer": json.dumps({"lr": 0.1, "state": {"0": {"m": "a tensor F32 [2, 3]"}}})})

# safetensors, written by hand: header length, header, data.
header, body = {"__metadata__": {"network": "wrn-16-2", "text": "\u00fc \"quoted\""}}, b""
for key, t in plain.items():
    raw = t.view(torch.uint8).flatten().tolist() if t.dtype != torch.bool and t.dim() else (t.reshape(-1).view(torch.uint8).tolist())
    header[key] = {"dtype": DTYPES[t.dtype], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(raw)]}
    body += bytes(raw)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(folder, "plain.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
expect("plain.safetensors", "safetensors", plain, header["__metadata__"])


# What stands beside a state dict in checkpoints and is harmless; and a state dict of numpy's arrays.
zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
harmless = {
    "milestones": (collections.Counter([60, 120, 120]), {"60": 1, "120": 2}),
    "per_layer": (collections.defaultdict(list, {"conv1": [1, 2]}), {"conv1": [1, 2]}),
    "window": (collections.deque([1.5, 2.5], maxlen=4), [1.5, 2.5]),
    "args": (argparse.Namespace(lr=0.1, epochs=200, tags={"a"}, out=pathlib.PurePosixPath("/runs/one")),
             {"lr": 0.1, "epochs": 200, "tags": ["a"], "out": "/runs/one"}),
    "simple": (types.SimpleNamespace(depth=28), {"depth": 28}),
    "path": (pathlib.Path("runs") / "best.pt", "runs/best.pt"),
    "frozen": (frozenset([3]), [3]),
    "range": (range(2, 6), [2, 6, 1]),
    "complex": (complex(1, -2), "1-2j"),
    "bytes": (b"\x00\xff\x80 bytes", "bytes"),
    "empty": (b"", "bytes"),
    "array": (bytearray(b"ab\xe9"), "bytes"),
    "when": (datetime.datetime(2019, 3, 1, 12, 30, 5, 250), "2019-03-01T12:30:05.000250"),
    "zoned": (datetime.datetime(2019, 3, 1, 12, 30, tzinfo=zone), "2019-03-01T12:30:00+05:30"),
    "day": (datetime.date(2018, 12, 20), "2018-12-20"),
    "time": (datetime.time(7, 5), "07:05:00"),
    "took": (datetime.timedelta(days=1, seconds=2, microseconds=500000), 86402.5),
    "f64": (numpy.float64(93.25), 93.25),
    "f32": (numpy.float32(0.5), 0.5),
    "f16": (numpy.float16(-1.5), -1.5),
    "i64": (numpy.int64(-7), -7),
    "i16": (numpy.int16(-300), -300),
    "u8": (numpy.uint8(200), 200),
    "u64": (numpy.uint64(2**63), 9223372036854775808.0),
    "flag": (numpy.bool_(True), True),
    "big": (numpy.array(2.5, dtype=">f8")[()], 2.5),
    "confusion": (numpy.arange(6, dtype=">i4").reshape(2, 3), "an array >i4 [2, 3]"),
    "names": (numpy.array(["cat", "horse"]), "an array <U5 [2]"),
    "objects": (numpy.array([None, {}], dtype=object), "an array |O8 [2]"),
    "dtype": (numpy.dtype("float32"), "a type of numpy's"),
}
arrays = {"c": numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 4, "fortran": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
          "index": numpy.arange(3), "half": numpy.array([0.5, 2], dtype=numpy.float16)}
for name, save, options in (("inert.pt", zipped, {}), ("inert4.t7", legacy, {"pickle_protocol": 4}), ("inert2.t7", legacy, {})):
    weights = collections.OrderedDict(ramp=ramp((2, 3)), **arrays)
    checkpoint = {"epoch": 3, "model": {"inner": weights}}
    checkpoint.update({key: value for key, (value, _) in harmless.items()})
    save(name, checkpoint, **options)
    beside = {key: json.dumps(text) for key, (_, text) in harmless.items()}
    expect(name, "torch zip" if save is zipped else "torch legacy",
           {key: torch.as_tensor(numpy.ascontiguousarray(value)) if key != "ramp" else value for key, value in weights.items()},
           dict(beside, epoch="3", model=json.dumps({"inner": "tensors"})))


# What must be refused: each calls something when Python reads it.
class Calls:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


marker = "executed"  # where it runs, whoever reads the file
legacy("system.t7", {"net": {"w": ramp((2,))}, "epoch": Calls(os.system, ("touch " + marker,))})
legacy("eval.t7", {"net": {"w": Calls(eval, ("open(%r, 'w')" % marker,))}}, pickle_protocol=4)
zipped("eval.pt", {"net": {"w": ramp((2,))}, "epoch": Calls(eval, ("open(%r, 'w')" % marker,))})
legacy("model.t7", model)

with open(os.path.join(folder, "expected.json"), "w") as file:
    json.dump(expected, file)
