"""A model that Aloft has trained, in PyTorch.

    from load import load
    model = load("folder with model.safetensors and model.json")
    model.predict({"age": [31.0, None], "city": ["Ghent", "Oslo"], ...})

`predict` takes a list or array for each column and gives the same numbers as `aloft predict`. `model.network` is a
torch.nn.Module to go on with: it takes numbers [rows, ..] and indices [rows, ..], which `model.encode` makes of columns.
As a program, `python load.py ROWS.csv` writes predictions as CSV. It needs torch and numpy alone.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-5


def read_tensors(path):
    """The tensors of a safetensors file: the length of a header in JSON, the header, the bytes."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']} where F32 is expected")
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(numbers.copy())
    return tensors


# --- The network ------------------------------------------------------------------------------------------------------


def activate(name, x):
    """A function of each number."""
    functions = {"identity": lambda x: x, "relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}
    return functions[name](x)


def known(indices, count):
    """Indices of which those from `count` on are 0."""
    return torch.where(indices < count, indices, torch.zeros_like(indices))


def linear(sizes, inputs, parameters, indices):
    return activate(sizes["activation"], F.linear(inputs[0], *parameters))


def activation(sizes, inputs, parameters, indices):
    return activate(sizes["activation"], inputs[0])


def add(sizes, inputs, parameters, indices):
    return inputs[0].flatten(1) + inputs[1].flatten(1)


def offset(sizes, inputs, parameters, indices):
    return inputs[0].flatten(1) + parameters[0].flatten()


def dropout(sizes, inputs, parameters, indices):
    return F.dropout(inputs[0], sizes["share"], sizes["training"])


def embed(sizes, inputs, parameters, indices):
    parts = [inputs[0]]
    for column, slot in enumerate(sizes["slots"]):
        index = known(indices[:, column], slot["values"])
        if slot["encoding"] == "embedding":
            count = slot["values"] * slot["dimension"]
            table = parameters[0][slot["offset"] : slot["offset"] + count]
            parts.append(F.embedding(index, table.reshape(slot["values"], slot["dimension"])))
        else:
            parts.append(F.one_hot(index, slot["values"]).to(torch.float32))
    return torch.cat(parts, 1)


def tokens(sizes, inputs, parameters, indices):
    return F.embedding(known(indices, sizes["tokens"]), parameters[0]) + parameters[1]


def layer_norm(sizes, inputs, parameters, indices):
    return F.layer_norm(inputs[0], [sizes["width"]], *parameters, eps=EPSILON)


def rms_norm(sizes, inputs, parameters, indices):
    x = inputs[0]
    return x / torch.sqrt(x.square().mean(-1, keepdim=True) + EPSILON) * parameters[0]


def batch_norm(sizes, inputs, parameters, indices):
    scale, shift, mean, variance = parameters
    x = inputs[0].reshape(-1, sizes["channels"])
    out = F.batch_norm(x, mean, variance, scale, shift, sizes["training"], eps=EPSILON)
    return out.reshape(inputs[0].shape)


def image(sizes, x):
    """[rows, height, width, channels] to PyTorch's order, channels before height and width."""
    size = sizes["image"]
    return x.reshape(-1, size["height"], size["width"], size["channels"]).permute(0, 3, 1, 2)


def convolution(sizes, inputs, parameters, indices):
    above, below, left, right = sizes["padding"]
    x = F.pad(image(sizes, inputs[0]), (left, right, above, below))
    filters = parameters[0].permute(0, 3, 1, 2)
    out = F.conv2d(x, filters, parameters[1], stride=sizes["stride"], dilation=sizes["dilation"])
    return activate(sizes["activation"], out.permute(0, 2, 3, 1))


def pool(sizes, inputs, parameters, indices):
    kind = F.max_pool2d if sizes["kind"] == "max" else F.avg_pool2d
    return kind(image(sizes, inputs[0]), sizes["kernel"], sizes["stride"]).permute(0, 2, 3, 1)


def reduce(sizes, inputs, parameters, indices):
    x = inputs[0].reshape(-1, sizes["positions"], sizes["width"])
    return x.mean(1) if sizes["kind"] == "mean" else x[:, -1]


def attention(sizes, inputs, parameters, indices):
    positions, heads, size = sizes["positions"], sizes["heads"], sizes["size"]
    queries, keys, values = inputs[0].reshape(-1, positions, 3, heads, size).permute(2, 0, 3, 1, 4)
    scores = queries @ keys.transpose(-1, -2) / size**0.5
    if sizes["causal"]:
        later = torch.ones(positions, positions, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -1e30)
    if sizes["masked"]:
        unseen = indices == 0
        nothing = unseen.all(1) | sizes["causal"]
        unseen[:, 0] &= ~nothing
        scores = scores.masked_fill(unseen[:, None, None, :], -1e30)
    return (scores.softmax(-1) @ values).transpose(1, 2).reshape(-1, positions, heads * size)


def members(sizes, inputs, parameters, indices):
    return inputs[0].reshape(-1, 1, sizes["width"]) * parameters[0]


def maps(x, weight, bias):
    """A linear map for each of [rows, maps, inputs]."""
    return torch.einsum("rmi,moi->rmo", x, weight) + bias


def member_linear(sizes, inputs, parameters, indices):
    return maps(inputs[0].reshape(-1, sizes["members"], sizes["inputs"]), *parameters)


def periodic(sizes, inputs, parameters, indices):
    """Numbers, and behind them learned waves of some of them."""
    x = inputs[0]
    frequencies, phases, weight, bias = parameters
    turns = x[:, sizes["columns"]].unsqueeze(-1) * frequencies + phases
    # Whole turns are taken off first: an angle of many turns is only known roughly in 32 bits.
    waves = torch.cos((turns - turns.detach().round()) * (2.0 * torch.pi))
    return torch.cat([x, maps(waves, weight, bias).flatten(1)], 1)


def gru(sizes, inputs, parameters, indices):
    x = inputs[0]
    state = x.new_zeros(1, len(x), sizes["hidden"])
    return torch.gru(x, state, parameters, True, 1, 0.0, False, False, True)[0]


def lstm(sizes, inputs, parameters, indices):
    x = inputs[0]
    state = x.new_zeros(1, len(x), sizes["hidden"])
    return torch.lstm(x, (state, state), parameters, True, 1, 0.0, False, False, True)[0]


OPS = {
    "linear": linear,
    "activation": activation,
    "add": add,
    "offset": offset,
    "dropout": dropout,
    "embed": embed,
    "tokens": tokens,
    "layer norm": layer_norm,
    "rms norm": rms_norm,
    "batch norm": batch_norm,
    "convolution": convolution,
    "pool": pool,
    "reduce": reduce,
    "attention": attention,
    "members": members,
    "member linear": member_linear,
    "periodic": periodic,
    "gru": gru,
    "lstm": lstm,
}


class Network(nn.Module):
    """The network: numbers [rows, ..] and indices [rows, ..] to logits or standardized numbers."""

    def __init__(self, network, tensors):
        super().__init__()
        self.steps = network["steps"]
        self.output = network["output"]
        # A name of a parameter can't have dots.
        self.names = {name: name.replace(".", "_") for name in tensors}
        for name, tensor in tensors.items():
            if "running_" in name:
                self.register_buffer(self.names[name], tensor)
            else:
                self.register_parameter(self.names[name], nn.Parameter(tensor))

    def forward(self, numbers, indices):
        values = [numbers]
        for step in self.steps:
            inputs = [values[index].reshape(len(numbers), *shape) for index, shape in step["inputs"]]
            parameters = [getattr(self, self.names[name]) for name in step["parameters"]]
            sizes = {**step["sizes"], "training": self.training}
            values.append(OPS[step["op"]](sizes, inputs, parameters, indices))
        return values[self.output].reshape(len(numbers), -1)


# --- Preprocessing, in double precision ---------------------------------------------------------------------------------

SOFT_CLIP = 3.0
LEAST_RANK = 1e-7
DAY = 24 * 3600 * 1000


def is_missing(value):
    return value is None or value == "" or value != value


def floats(values):
    numbers = np.array([np.nan if is_missing(value) else float(value) for value in values])
    return np.where(np.isfinite(numbers), numbers, np.nan)


def flag(value):
    if is_missing(value):
        return np.nan
    if isinstance(value, str):
        return {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}[value.strip().lower()]
    return float(bool(value))


def milliseconds(value):
    """Since 1970, or since midnight for a time of day; texts as ISO 8601."""
    if is_missing(value) or str(value) == "NaT":
        return None
    if isinstance(value, (int, np.integer)):
        return int(value)
    text = str(value).strip().replace(" ", "T")
    if len(text) > 2 and text[2] == ":":
        text = "1970-01-01T" + text
    return int(np.datetime64(text.removesuffix("Z"), "ms").astype(np.int64))


def with_indicator(column, parts, missing):
    return parts + [missing.astype(np.float64)] if column["indicator"] else parts


def linear_scale(column, numbers):
    score = (numbers - column["center"]) / column["width"]
    if column.get("straight"):
        return score
    excess = np.maximum(np.abs(score) - SOFT_CLIP, 0.0)
    return np.where(excess > 0.0, np.sign(score) * (SOFT_CLIP + np.log1p(excess)), score)


def quantile_scale(column, numbers):
    """The quantile of a standard normal distribution that a number is among those of training."""
    quantiles = np.array(column["quantiles"])
    last = max(len(quantiles) - 1, 1)
    below = np.searchsorted(quantiles, numbers, "left")
    not_above = np.searchsorted(quantiles, numbers, "right")
    high = np.clip(below, 1, last)
    low_value, high_value = quantiles[high - 1], quantiles[high]
    steps = high - 1 + (numbers - low_value) / np.where(high_value > low_value, high_value - low_value, 1.0)
    places = np.where(below < not_above, (below + not_above - 1) / 2.0, np.clip(steps, 0.0, last))
    shares = torch.from_numpy(np.clip(places / last, LEAST_RANK, 1.0 - LEAST_RANK))
    return torch.special.ndtri(shares).numpy()


SCALES = {"linear": linear_scale, "quantile": quantile_scale}


def number(column, values):
    numbers = floats(values)
    missing = np.isnan(numbers)
    scaled = SCALES[column["scaling"]](column, np.where(missing, column["fill"], numbers))
    return with_indicator(column, [scaled], missing)


def boolean(column, values):
    flags = np.array([flag(value) for value in values])
    missing = np.isnan(flags)
    return with_indicator(column, [np.where(missing, float(column["mode"]), flags)], missing)


def circle(turns):
    return [np.sin(turns * 2.0 * np.pi), np.cos(turns * 2.0 * np.pi)]


def moment(column, values):
    times = [milliseconds(value) for value in values]
    missing = np.array([time is None for time in times])
    times = np.array([column["median"] if time is None else time for time in times], dtype=np.int64)
    parts = []
    if column["date"]:
        days = times // DAY
        years = days.astype("datetime64[D]").astype("datetime64[Y]")
        of_year = days - years.astype("datetime64[D]").astype(np.int64)
        parts.append((times - column["mean"]) / column["deviation"])
        parts += circle(of_year / 366.0) + circle((days % 7) / 7.0)
    if column["time"]:
        parts += circle((times % DAY) / DAY)
    return with_indicator(column, parts, missing)


def category(column, values):
    codes = {value: code for code, value in enumerate(column["values"], 1)}
    return np.array([0 if value is None else codes.get(str(value), 0) for value in values], dtype=np.int64)


def target_means(column, values):
    """What the target came to in the training rows of each text."""
    return list(np.array(column["means"])[category(column, values)].T)


NUMBERS = {"number": number, "flag": boolean, "moment": moment, "target": target_means}


def labelled(labels, types, shares):
    """What is said of each label, in its own type, and its probability."""
    columns = {}
    for label, kind, share in zip(labels, types, shares.T):
        words = ["false", "true"] if kind == "boolean" else [0, 1]
        columns[f"prediction_{label}"] = np.array(words)[(share > 0.5).astype(np.int64)]
        columns[f"probability_{label}"] = share
    return columns


class Model:
    """A network with what is before and behind it."""

    def __init__(self, description, tensors):
        self.description = description
        self.columns = description["inputs"]["columns"]
        self.network = Network(description["network"], tensors).eval()

    def encode(self, table):
        """Numbers [rows, ..] and indices [rows, ..] of a table: a list or an array for each column."""
        lacking = [column["name"] for column in self.columns if column["name"] not in table]
        if lacking:
            raise KeyError(f"the rows lack columns that the model was trained on: {', '.join(lacking)}")
        rows = len(table[self.columns[0]["name"]])
        numbers, indices = [], []
        for column in self.columns:
            values = list(table[column["name"]])
            if column["kind"] == "category":
                indices.append(category(column, values))
            elif column["kind"] in NUMBERS:
                numbers += NUMBERS[column["kind"]](column, values)
            else:
                raise ValueError(f"column {column['name']} is a {column['kind']}, which this program doesn't know")
        numbers = np.stack(numbers, 1) if numbers else np.zeros((rows, 0))
        indices = np.stack(indices, 1) if indices else np.zeros((rows, 0), dtype=np.int64)
        return torch.from_numpy(numbers.astype(np.float32)), torch.from_numpy(indices)

    def predict(self, table):
        """A dict of columns: `prediction` and `probability_<class>` for each class, or `quantile_<share>` for each, or
        `prediction_<label>` and `probability_<label>` for each label."""
        with torch.no_grad():
            out = self.network(*self.encode(table)).double().numpy()
        task = self.description
        # What several members say is averaged: numbers as they are, classes as probabilities.
        labels = task["labels"] if task["task"] == "multilabel" else None
        width = len(labels or task.get("classes") or task.get("quantiles") or [None])
        out = out.reshape(len(out), -1, width)
        if labels:
            return labelled(labels, task["types"], (1.0 / (1.0 + np.exp(-out))).mean(1))
        if "classes" not in task:
            numbers = out.mean(1) * task["deviation"] + task["mean"]
            if task["task"] == "regression":
                return {"prediction": numbers[:, 0]}
            return {f"quantile_{share}": column for share, column in zip(task["quantiles"], np.sort(numbers, 1).T)}
        shares = np.exp(out - out.max(2, keepdims=True))
        shares = (shares / shares.sum(2, keepdims=True)).mean(1)
        classes = np.array(task["classes"])
        columns = {"prediction": classes[shares.argmax(1)]}
        for index, name in enumerate(task["classes"]):
            columns[f"probability_{name}"] = shares[:, index]
        return columns


def load(folder):
    """The model of a folder."""
    folder = pathlib.Path(folder)
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return Model(description, read_tensors(folder / "model.safetensors"))


def main():
    model = load(pathlib.Path(__file__).parent)
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        sys.exit("the file has no rows")
    columns = model.predict({name: [row[name] for row in rows] for name in rows[0]})
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))


if __name__ == "__main__":
    main()
