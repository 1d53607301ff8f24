"""PyTorch's side of bench/gpu.sh: the same cases in float32, TF32 off.

Reads one JSON object from the standard input: {"cases": [{"name", "work"}], "until": seconds since 1970}. Writes lines of JSON:
{"begin": name} before each case and {"case", "ms", "batch"?, "message"?} as soon as it is done; {"skipped": number} at the end.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

ROUNDS = 5
ROUND = 0.08  # seconds of work that are queued at a time
ENOUGH = 1.5  # seconds after which no further round begins
TRAIN_SECONDS = 8

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")


def tell(**line):
    print(json.dumps(line), flush=True)


def wait():
    if CUDA:
        torch.cuda.synchronize()


def seconds_of(run, count):
    """Seconds of one run, in a queue of `count`: by events on a GPU, by the wall elsewhere."""
    if not CUDA:
        start = time.perf_counter()
        for _ in range(count):
            run()
        return (time.perf_counter() - start) / count
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(count):
        run()
    end.record()
    wait()
    return begin.elapsed_time(end) / 1000 / count


def milliseconds(run):
    """The median of some rounds; the first runs, which look for the best algorithm, do not count."""
    run()
    wait()
    few = max(1, min(8, int(0.005 / max(seconds_of(run, 1), 1e-7))))
    count = max(1, min(4000, int(ROUND / max(seconds_of(run, few), 1e-7))))
    rounds = []
    start = time.perf_counter()
    while len(rounds) < 2 or (len(rounds) < ROUNDS and time.perf_counter() - start < ENOUGH):
        rounds.append(seconds_of(run, count))
    rounds.sort()
    middle = len(rounds) // 2
    return 1000 * (rounds[middle] if len(rounds) % 2 else (rounds[middle - 1] + rounds[middle]) / 2)


def numbers(*shape, grad=False):
    t = torch.empty(*shape, device=DEVICE).uniform_(-1, 1)
    return t.requires_grad_(grad)


def back(y, inputs):
    """The way back of y, which may be walked again and again."""
    gradient = torch.empty_like(y).uniform_(-1, 1)
    return lambda: torch.autograd.grad(y, inputs, gradient, retain_graph=True)


def conv(work):
    which = work["pass"]
    x = numbers(work["batch"], work["channels"], work["height"], work["width"], grad=which == "dx")
    per = work["channels"] // work["groups"]
    w = numbers(work["outputs"], per, work["kernel"], work["kernel"], grad=which == "dw")

    def forward():
        return F.conv2d(x, w, None, work["stride"], work["padding"], 1, work["groups"])

    return forward if which == "forward" else back(forward(), [x if which == "dx" else w])


def matmul(work):
    a, b = numbers(work["m"], work["k"]), numbers(work["k"], work["n"])
    return lambda: a @ b


def attention(work):
    grad = work["pass"] == "backward"
    q, k, v = (numbers(1, work["batch"], n, work["depth"], grad=grad) for n in (work["queries"], work["keys"], work["keys"]))
    fused = getattr(F, "scaled_dot_product_attention", None)

    def forward():
        if fused:
            return fused(q, k, v)
        return torch.softmax(q @ k.transpose(-1, -2) * work["depth"] ** -0.5, -1) @ v

    return back(forward(), [q, k, v]) if grad else forward


def distance(work):
    x, y = numbers(work["m"], work["depth"]), numbers(work["n"], work["depth"])
    return lambda: torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")


def batch_norm(work):
    grad = work["pass"] == "backward"
    x = numbers(work["batch"], work["channels"], work["height"], work["width"], grad=grad)
    weight, bias = (numbers(work["channels"], grad=grad) for _ in range(2))

    def forward():
        return F.batch_norm(x, None, None, weight, bias, True)

    return back(forward(), [x, weight, bias]) if grad else forward


def add(work):
    x, y = numbers(work["size"]), numbers(work["size"])
    return lambda: x + y


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, 1x1, and the shortcut."""

    def __init__(self, inputs, planes, stride):
        super().__init__()
        outputs = 4 * planes
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, planes, 1, bias=False),
            nn.BatchNorm2d(planes),
            nn.ReLU(inplace=True),
            nn.Conv2d(planes, planes, 3, stride, 1, bias=False),
            nn.BatchNorm2d(planes),
            nn.ReLU(inplace=True),
            nn.Conv2d(planes, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.layers(x) + self.shortcut(x), inplace=True)


class Baseline(nn.Module):
    """A ResNet-50 with last stride 1, its map averaged; a norm between the average and the classifier."""

    def __init__(self, identities):
        super().__init__()
        blocks, inputs = [], 64
        for planes, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 1)):
            for i in range(count):
                blocks.append(Bottleneck(inputs, planes, stride if i == 0 else 1))
                inputs = 4 * planes
        stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        self.base = nn.Sequential(*stem, *blocks)
        self.neck = nn.BatchNorm1d(inputs)
        self.neck.bias.requires_grad_(False)
        self.classifier = nn.Linear(inputs, identities, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.classifier.weight, 0, 0.001)

    def forward(self, images):
        features = self.base(images).mean((2, 3))
        return features, self.classifier(self.neck(features))


def batch_hard(features, same, margin=0.3):
    """For every image its farthest positive and its nearest negative."""
    squares = features.pow(2).sum(1)
    distances = (squares[:, None] + squares[None] - 2 * features @ features.t()).clamp(min=1e-12).sqrt()
    positive = distances.masked_fill(~same, -1e9).amax(1)
    negative = distances.masked_fill(same, 1e9).amin(1)
    return F.relu(positive - negative + margin).mean()


def train_step(work, batch):
    model = Baseline(work["identities"]).to(DEVICE).train()
    optimiser = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=3.5e-4, weight_decay=5e-4)
    images = torch.randn(batch, 3, work["height"], work["width"], device=DEVICE)
    labels = (torch.arange(batch, device=DEVICE) // work["images"]) % work["identities"]
    same = labels[:, None] == labels[None]

    def step():
        features, logits = model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=0.1) + batch_hard(features, same)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return step


def time_training(name, work, until):
    for batch in work["batches"]:
        try:
            step = train_step(work, batch)
            for suffix, run in (("", step), (", loss read", lambda: step().item())):
                for _ in range(2):
                    run()
                wait()
                start = time.perf_counter()
                run()
                wait()
                one = time.perf_counter() - start
                room = min(TRAIN_SECONDS, max(until - time.time(), 0) / 3)
                count = max(1, min(40, int(room / one)))
                start = time.perf_counter()
                for _ in range(count):
                    run()
                wait()
                tell(case=name + suffix, batch=batch, ms=1000 * (time.perf_counter() - start) / count)
            return
        except RuntimeError as error:
            tell(case=name, batch=batch, ms=None, message=str(error)[:500])
            if CUDA:
                torch.cuda.empty_cache()


KINDS = {
    "conv": conv,
    "matmul": matmul,
    "attention": attention,
    "distance": distance,
    "batchNorm": batch_norm,
    "add": add,
}


def main():
    told = json.load(sys.stdin)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    skipped = 0
    for case in told["cases"]:
        name, work = case["name"], case["work"]
        if time.time() > told["until"]:
            skipped += 1
            continue
        tell(begin=name)
        if work["kind"] == "train":
            time_training(name, work, told["until"])
            continue
        try:
            tell(case=name, ms=milliseconds(KINDS[work["kind"]](work)))
        except RuntimeError as error:
            tell(case=name, ms=None, message=str(error)[:500])
        if CUDA:
            torch.cuda.empty_cache()
    if skipped:
        tell(skipped=skipped)


main()
