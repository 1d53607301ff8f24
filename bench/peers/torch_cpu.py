"""PyTorch on the CPU as a program of the comparison; needs nothing but torch. See protocol.ts for how it is asked."""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

RECORD = "\x1e"
MASK = 0xFFFFFFFF
EPS = 1e-5


def say(message):
    sys.stdout.write(RECORD + json.dumps(message) + "\n")
    sys.stdout.flush()


def mix(h):
    """The finaliser of MurmurHash3 on 32 bits held in int64; see inputs.ts."""
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def fill(spec):
    count = math.prod(spec["shape"])
    start = (spec["seed"] * 0x9E3779B1) & MASK
    bits = mix((torch.arange(count, dtype=torch.int64) + start) & MASK)
    numbers = ((bits >> 8).double() / 2**23 - 1) * spec["scale"] + spec["shift"]
    return numbers.float().reshape(spec["shape"])


def matmul(case, a, b):
    return lambda: {"c": a @ b}


def conv(case, x, weight):
    return lambda: {"y": F.conv2d(x, weight, padding=1, groups=case["groups"])}


def conv_backward(case, x, weight, dy):
    x.requires_grad_()
    weight.requires_grad_()
    y = F.conv2d(x, weight, padding=1, groups=case["groups"])

    def run():
        dx, dweight = torch.autograd.grad(y, [x, weight], dy, retain_graph=True)
        return {"dx": dx, "dweight": dweight}

    return run


def attention(case, q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return lambda: {"y": F.scaled_dot_product_attention(q, k, v)}
    # PyTorch before 2.0.
    return lambda: {"y": torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v}


def pair_distances(case, x, y):
    def run():
        lengths = x.square().sum(1, keepdim=True) + y.square().sum(1)
        return {"d": torch.addmm(lengths, x, y.T, alpha=-2).clamp_(min=0)}

    return run


def block_step(case, x, target, *parameters):
    names = [output["name"] for output in case["outputs"] if "from" in output]
    for one in [x, *parameters]:
        one.requires_grad_()
    weight1, gamma1, beta1, weight2, gamma2, beta2 = parameters
    optimiser = torch.optim.SGD(parameters, lr=case["lr"])

    def layer(value, weight, gamma, beta):
        return F.batch_norm(F.conv2d(value, weight, padding=1), None, None, gamma, beta, training=True, eps=EPS)

    def run():
        first = F.relu(layer(x, weight1, gamma1, beta1))
        loss = F.mse_loss(F.relu(layer(first, weight2, gamma2, beta2) + x), target)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        dx, x.grad = x.grad, None
        return {"loss": loss, "dx": dx, **dict(zip(names, parameters))}

    return run


PREPARE = {
    "matmul": matmul,
    "conv": conv,
    "convBackward": conv_backward,
    "attention": attention,
    "pairDistances": pair_distances,
    "blockStep": block_step,
}


class Session:
    """The case at hand."""

    def prepare(self, question):
        case = question["case"]
        self.at = question["at"]
        self.run = PREPARE[case["kind"]](case, *[fill(spec) for spec in case["inputs"]])
        first = self.time({"calls": 1})["ms"][0]
        return {"first_ms": first, **self.values(question)}

    def time(self, question):
        ms = []
        cpu = time.process_time()
        for _ in range(question["calls"]):
            start = time.perf_counter()
            self.outputs = self.run()
            ms.append((time.perf_counter() - start) * 1000)
        return {"ms": ms, "cpu_ms": (time.process_time() - cpu) * 1000 / question["calls"]}

    def values(self, question):
        def at(name, tensor):
            numbers = tensor.detach().reshape(-1)[self.at[name]].tolist()
            return [number if math.isfinite(number) else None for number in numbers]

        return {"values": {name: at(name, tensor) for name, tensor in self.outputs.items()}}

    def release(self, question):
        self.run = self.outputs = None
        return {}


def main():
    session = Session()
    say({"version": torch.__version__, "adapter": f"CPU, {torch.get_num_threads()} threads"})
    for line in sys.stdin:
        question = json.loads(line.lstrip(RECORD))
        try:
            say(getattr(session, question["do"])(question))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


main()
