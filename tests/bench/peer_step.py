#!/usr/bin/env python3
"""One step of attention transfer on a wide residual network, in PyTorch, as one writes it by hand: the peer of `step_bench`.

nn.Conv2d and F.conv2d, index_select for hashed weights, structured weights built once per step, SGD of torch.optim; eager,
recorded as a CUDA graph, or by torch.compile. Prints the seconds of each step as JSON. Run by step_table.py, in turns with step_bench.
"""
import argparse
import json
import math
import time

import torch
import torch.nn.functional as F
from torch import nn


class Dense(nn.Module):
    def __init__(self, c_i, c_o, stride):
        super().__init__()
        self.conv = nn.Conv2d(c_i, c_o, 3, stride, 1, bias=False)

    def forward(self, x):
        return self.conv(x)


class Generic(nn.Module):
    def __init__(self, c_i, c_o, stride, scale):
        super().__init__()
        rank = int(scale * max(c_i, c_o))
        self.grouped = nn.Conv2d(c_i, c_i, 3, stride, 1, groups=c_i, bias=False)
        self.contract = nn.Conv2d(c_i, rank, 1, bias=False)
        self.expand = nn.Conv2d(rank, c_o, 1, bias=False)

    def forward(self, x):
        return self.expand(self.contract(self.grouped(x)))


class Shuffle(nn.Module):
    def __init__(self, c_i, c_o, stride, groups):
        super().__init__()
        b = c_o // 4
        groups = int(groups)
        while c_i % groups or c_o % groups or b % groups:
            groups -= 1
        self.groups = groups
        self.gconv1 = nn.Conv2d(c_i, b, 1, groups=groups, bias=False)
        self.dwconv = nn.Conv2d(b, b, 3, stride, 1, groups=b, bias=False)
        self.gconv2 = nn.Conv2d(b, c_o, 1, groups=groups, bias=False)

    def forward(self, x):
        x = self.gconv1(x)
        n, c, h, w = x.shape
        x = x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.gconv2(self.dwconv(x))


class Hashed(nn.Module):
    def __init__(self, c_i, c_o, stride, ratio):
        super().__init__()
        self.shape = (c_o, c_i, 3, 3)
        self.stride = stride
        n = c_i * c_o * 9
        k = int(n * ratio)
        bound = 1 / math.sqrt(c_i * 9)
        self.values = nn.Parameter(torch.empty(k).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(c_o))
        self.register_buffer("idxs", torch.randint(0, k - 1, (n,)))

    def forward(self, x):
        weight = self.values.index_select(0, self.idxs).view(self.shape)
        return F.conv2d(x, weight, self.bias, self.stride, 1)


class Acdc(nn.Module):
    def __init__(self, c_i, c_o, stride, layers):
        super().__init__()
        n = max(c_i, c_o)
        self.times = n // c_i
        self.grouped = nn.Conv2d(c_i, c_i, 3, stride, 1, groups=c_i, bias=False)
        self.a = nn.ParameterList(nn.Parameter(torch.empty(n, 1).normal_(1, 0.01)) for _ in range(int(layers) - 1))
        self.d = nn.ParameterList(nn.Parameter(torch.empty(n, 1).normal_(1, 0.01)) for _ in range(int(layers) - 1))
        i = torch.arange(n, dtype=torch.float64)
        dct = 2 * torch.cos(math.pi * i[None, :] * (2 * i[:, None] + 1) / (2 * n))
        riffle = torch.cat([torch.arange(0, n, 2), torch.arange(1, n, 2)])
        self.register_buffer("dct", dct.float()[:, riffle].contiguous())
        self.register_buffer("idct", torch.linalg.inv(dct).float()[:, riffle].contiguous())

    def forward(self, x):
        x = self.grouped(x)
        if self.times > 1:
            x = x.repeat(1, self.times, 1, 1)
        weight = None
        for a, d in zip(self.a, self.d):
            factor = (a * self.dct) @ (d * self.idct)
            weight = factor if weight is None else weight @ factor
        return F.conv2d(x, weight[:, :, None, None])


def modes(n, d=3):
    equal = math.exp(math.log(n) / d)
    if abs(equal - round(equal)) < 1e-6:
        return [round(equal)] * d
    target, out = round(equal), []
    for _ in range(d - 1):
        m = next((q for q in range(target, n + 1) if n % q == 0), n)
        out.append(m)
        n //= m
    return out + [n]


class TensorTrain(nn.Module):
    def __init__(self, c_i, c_o, stride, scale):
        super().__init__()
        self.shape = (c_o, c_i, 1, 1)
        self.grouped = nn.Conv2d(c_i, c_i, 3, stride, 1, groups=c_i, bias=False)
        n = modes(c_i * c_o)
        r = [1] + [max(1, round(scale * min(n[k], n[k + 1]))) for k in range(2)] + [1]
        self.cores = nn.ParameterList(
            nn.Parameter(torch.empty(r[k], n[k], r[k + 1]).normal_(0, 0.1)) for k in range(3)
        )

    def forward(self, x):
        weight = self.cores[0].reshape(-1, self.cores[0].shape[2])
        for core in list(self.cores)[1:]:
            weight = (weight @ core.reshape(core.shape[0], -1)).reshape(-1, core.shape[2])
        return F.conv2d(self.grouped(x), weight.view(self.shape))


FAMILIES = {"Generic": Generic, "Shuffle": Shuffle, "Hashed": Hashed, "ACDC": Acdc, "TensorTrain": TensorTrain}


def maker(text):
    if text == "Conv":
        return Dense
    name, setting = text.split("_")
    return lambda c_i, c_o, stride: FAMILIES[name](c_i, c_o, stride, float(setting))


class Block(nn.Module):
    def __init__(self, c_i, c_o, stride, make):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(c_i)
        self.conv1 = make(c_i, c_o, stride)
        self.bn2 = nn.BatchNorm2d(c_o)
        self.conv2 = make(c_o, c_o, 1)
        same = stride == 1 and c_i == c_o
        self.shortcut = None if same else nn.Conv2d(c_i, c_o, 1, stride, bias=False)

    def forward(self, x):
        a = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return y + (x if self.shortcut is None else self.shortcut(a))


class WideResNet(nn.Module):
    def __init__(self, depth, width, make):
        super().__init__()
        n = (depth - 4) // 6
        channels = [16, 16 * width, 32 * width, 64 * width]
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.groups = nn.ModuleList(
            nn.Sequential(
                *(
                    Block(channels[g] if i == 0 else channels[g + 1], channels[g + 1], 2 if i == 0 and g > 0 else 1, make)
                    for i in range(n)
                )
            )
            for g in range(3)
        )
        self.bn = nn.BatchNorm2d(channels[3])
        self.fc = nn.Linear(channels[3], 10)

    def forward(self, x):
        x = self.conv1(x)
        taps = []
        for group in self.groups:
            x = group(x)
            taps.append(x)
        x = F.avg_pool2d(F.relu(self.bn(x)), 8).flatten(1)
        return self.fc(x), taps


def attention(x):
    return F.normalize(x.pow(2).mean(1).flatten(1))


def step_of(options, device):
    """A function that trains a step, and the student's parameters."""
    depth, width = (int(part) for part in options.network.split("-")[1:])
    student = WideResNet(depth, width, maker(options.student)).to(device)
    teacher = WideResNet(depth, width, Dense).eval().to(device)
    if options.channels_last:
        student, teacher = (module.to(memory_format=torch.channels_last) for module in (student, teacher))
    parameters = sum(p.numel() for p in student.parameters())
    sgd = torch.optim.SGD(student.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    x = torch.randn(options.batch, 3, 32, 32).to(device)
    if options.channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    y = torch.randint(0, 10, (options.batch,)).to(device)

    def losses():
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            if not options.no_teacher:
                with torch.no_grad():
                    maps = [attention(tap) for tap in teacher(x)[1]]
            logits, taps = student(x)
            loss = F.cross_entropy(logits, y)
            if not options.no_teacher:
                loss = loss + 1000 * sum((attention(s) - t).pow(2).mean() for s, t in zip(taps, maps))
        return loss

    if options.mode == "compile":
        losses = torch.compile(losses, mode="reduce-overhead" if device.type == "cuda" else None)

    def step():
        loss = losses()
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss

    if options.mode != "graph":
        return step, parameters
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    sgd.zero_grad()
    with torch.cuda.graph(graph):
        loss = step()

    def replay():
        graph.replay()
        return loss

    return replay, parameters


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="wrn-16-2", help="a wide residual network")
    parser.add_argument("--student", required=True, help="Conv, Generic_0.1, Shuffle_4, Hashed_0.1, ACDC_12, TensorTrain_0.3")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=15, help="that are timed")
    parser.add_argument("--at-once", type=int, default=1, help="steps between two looks at the clock")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "tf32", "bf16"])
    parser.add_argument("--mode", default="eager", choices=["eager", "graph", "compile"])
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--no-teacher", action="store_true", help="cross-entropy alone")
    parser.add_argument("--search", action="store_true", help="cuDNN tries its algorithms")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision == "tf32"
    torch.backends.cudnn.benchmark = options.search
    step, parameters = step_of(options, torch.device(options.device))
    seconds = []
    loss = 0
    for done in range(-options.warmup, options.steps, options.at_once):
        begin = time.perf_counter()
        for _ in range(options.at_once):
            out = step()
        loss = out.item()
        if done >= 0:
            seconds.append((time.perf_counter() - begin) / options.at_once)
    print(json.dumps({"student": options.student, "parameters": parameters, "seconds": seconds, "loss": loss}))


if __name__ == "__main__":
    main()
