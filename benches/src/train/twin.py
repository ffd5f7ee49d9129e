"""PyTorch's side of the training bench: the same model, weights, rows, optimizer and threads."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

FIRST_STEPS, LEARNING_RATE, WEIGHT_DECAY = 20, 1e-3, 1e-2


class Block(nn.Module):
    """A transformer block, normalized before each part."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.layers_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.input, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        rows, positions, width = x.shape
        y = self.input(self.attention_norm(x))
        q, k, v = y.view(rows, positions, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.output(y.transpose(1, 2).reshape(rows, positions, width))
        return x + self.second(F.gelu(self.first(self.layers_norm(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(1000, 128)
        self.positions = nn.Parameter(torch.zeros(64, 128))
        self.blocks = nn.ModuleList([Block(128, 4, 512) for _ in range(2)])
        self.norm, self.last = nn.LayerNorm(128), nn.Linear(128, 10)

    def forward(self, x):
        x = self.tokens(x) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.last(self.norm(x).mean(1))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layer, self.last = kind(16, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.last(self.layer(x)[0][:, -1])


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def linear(module, weights, name):
    module.weight.copy_(weights[f"{name}.weight"])
    module.bias.copy_(weights[f"{name}.bias"])


def build(workload, weights):
    """The model with Aloft's first weights, and what turns stored numbers into its input."""
    if workload in ("tabular", "mnist", "wide"):
        model = mlp(30, 128, 64, 2) if workload == "tabular" else mlp(784, 512, 256, 10)
        for index, module in enumerate(model[::2]):
            linear(module, weights, f"layers.{index}")
        return model, lambda x: x
    if workload == "cnn":
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
        )
        # Aloft's channels come last.
        for index, place in enumerate((0, 3)):
            model[place].weight.copy_(weights[f"convolutions.{index}.weight"].permute(0, 3, 1, 2))
            model[place].bias.copy_(weights[f"convolutions.{index}.bias"])
        linear(model[7], weights, "layers.0")
        by_channel = weights["layers.0.weight"].view(128, 7, 7, 64).permute(0, 3, 1, 2)
        model[7].weight.copy_(by_channel.reshape(128, 3136))
        linear(model[9], weights, "layers.1")
        return model, lambda x: x.view(-1, 28, 28, 1).permute(0, 3, 1, 2).contiguous()
    if workload == "transformer":
        model = Transformer()
        model.tokens.weight.copy_(weights["input.tokens"])
        model.positions.copy_(weights["input.positions"])
        for index, block in enumerate(model.blocks):
            for module, name in (
                (block.attention_norm, "attention.norm"), (block.input, "attention.input"),
                (block.output, "attention.output"), (block.layers_norm, "layers.norm"),
                (block.first, "layers.0"), (block.second, "layers.1"),
            ):
                linear(module, weights, f"blocks.{index}.{name}")
        linear(model.norm, weights, "norm")
        linear(model.last, weights, "output")
        return model, lambda x: x
    model = Recurrent(nn.GRU if workload == "gru" else nn.LSTM)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(model.layer, f"{name}_l0").copy_(weights[f"recurrent.0.{name}"])
    linear(model.last, weights, "output")
    return model, lambda x: x.view(-1, 64, 16)


def main():
    file, workload, batch, threads, mode, device, precision = sys.argv[1:]
    batch = int(batch)
    torch.set_num_threads(int(threads))
    stored = load_file(file)
    weights = {name[8:]: tensor for name, tensor in stored.items() if name.startswith("weights/")}
    with torch.no_grad():
        model, shape = build(workload, weights)
    rows = stored["tokens"] if workload == "transformer" else shape(stored["numbers"])
    rows, classes = rows.to(device), stored["classes"].flatten().to(device)
    model.to(device)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, fused=True)
    run = torch.compile(model) if mode == "compile" else model
    done = 0

    def step():
        nonlocal done
        first = done * batch % len(classes)
        done += 1
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = F.cross_entropy(run(rows[first:first + batch]), classes[first:first + batch])
        loss.backward()
        optimizer.step()
        return loss.item()

    print(json.dumps({"losses": [step() for _ in range(FIRST_STEPS)]}), flush=True)
    for line in sys.stdin:
        seconds, samples = json.loads(line)["seconds"], 0
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            step()
            samples += batch
        took = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"samples": samples, "seconds": took, "peak_bytes": peak}), flush=True)


main()
