"""Real tables for the bench of quality, and what peers make of them with their defaults.

Usage: quality.py CASE FOLDER SEED ROWS OUT PEER...
Writes the rows to OUT, those of the test last, and prints a JSON array with each peer's seconds and loss on the test. All that
is before it, a peer may use as it likes. A peer that doesn't do a case is left out of it.
"""

import io
import json
import sys
import time
import warnings

import numpy
import pandas
import sklearn.datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TEST = 0.2
REGRESSIONS = ["delay", "diabetes"]
HORIZON, LAGS = 24, 48


def penguins(folder):
    table = pandas.read_csv(f"{folder}/penguins/data/penguins.csv")
    table = table[table.bill_length_mm.notna()]
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
    return table[[*columns, "species"]], "species"


def sex(folder):
    """Of the same birds, by their measures, species and island: harder than the species."""
    table = pandas.read_csv(f"{folder}/penguins/data/penguins.csv")
    table = table[table.sex.notna()]
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "species", "island"]
    return table[[*columns, "sex"]], "sex"


def of_scikit_learn(name):
    """A table that comes with scikit-learn; the kinds of a class as words, as a file would have them."""

    def read(_):
        data = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
        table = data.frame
        if name != "diabetes":
            table["target"] = numpy.asarray(data.target_names)[table.target]
        return table, "target"

    return read


def departures(folder):
    """What is known of a flight when it leaves, with the weather of its hour."""
    flights = pandas.read_parquet(f"{folder}/flights/data/flights.parquet")
    weather = pandas.read_parquet(f"{folder}/flights/data/weather.parquet")
    measures = ["temp", "humid", "wind_speed", "precip", "visib", "pressure"]
    at = ["origin", "time_hour"]
    table = flights[flights.arr_delay.notna()].merge(weather[at + measures], on=at, how="left")
    known = ["dep_delay", "distance", "carrier", "origin", "dest", "month", "hour"]
    return table[["arr_delay", *known, *measures]]


def late(folder):
    table = departures(folder)
    table["late"] = table.pop("arr_delay") > 15
    return table, "late"


def delay(folder):
    return departures(folder), "arr_delay"


def digits(folder):
    return pandas.read_parquet(f"{folder}/digits/data/digits.parquet")[["image", "label"]], "label"


def pixels(table):
    """A row a picture, its pixels from 0 to 1."""
    from PIL import Image

    rows = [numpy.asarray(Image.open(io.BytesIO(image))).ravel() for image in table.image]
    return pandas.DataFrame(numpy.stack(rows).astype("float32") / 255)


def windows(table):
    """Windows of the hourly weather: what was seen, what came, and where the test begins; the latest rows are the test."""
    times = table.time_hour.sort_values()
    border = times.iloc[round(len(times) * (1 - TEST))]
    places = sorted(table.origin.unique())
    measures = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure"]
    train, test = ([], [], []), ([], [], [])
    for place in places:
        rows = table[table.origin == place].set_index("time_hour").sort_index()
        rows = rows[~rows.index.duplicated(keep="last")]
        rows = rows.reindex(pandas.date_range(rows.index[0], rows.index[-1], freq="h"))
        hour, day = rows.index.hour, rows.index.dayofyear
        waves = [f(2 * numpy.pi * x) for x in (hour / 24, day / 365) for f in (numpy.sin, numpy.cos)]
        known = rows.temp.notna().to_numpy()
        filled = rows[measures].ffill().bfill().to_numpy("float64")
        context = numpy.column_stack([*waves, *[numpy.full(len(rows), place == other) for other in places]])
        for origin in range(LAGS - 1, len(rows) - HORIZON):
            ahead = slice(origin + 1, origin + 1 + HORIZON)
            if not known[ahead].all():
                continue
            if rows.index[origin + HORIZON] < border:
                part = train
            elif rows.index[origin + 1] >= border:
                part = test
            else:
                continue
            seen = filled[origin + 1 - LAGS : origin + 1]
            part[0].append(numpy.concatenate([seen.ravel(), context[origin]]))
            # As Aloft does: the change since the last value that was seen.
            part[1].append(filled[ahead, 0] - filled[origin, 0])
            part[2].append(rows.index[origin])
    # In the order of time, so that a tenth that is held out is the latest, as ours is.
    orders = [numpy.argsort(numpy.array(part[2]), kind="stable") for part in (train, test)]
    return [
        numpy.stack(values)[order].astype("float32")
        for part, order in zip((train, test), orders)
        for values in part[:2]
    ]


def is_text(column):
    return not pandas.api.types.is_numeric_dtype(column)


def peer(name, regression, seed):
    """A peer for a table with its defaults, and what it needs before it."""
    gaps = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    prepared = make_column_transformer(
        (gaps, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
    )
    match name, regression:
        case "mlp", False:
            return make_pipeline(prepared, MLPClassifier(random_state=seed))
        case "mlp", True:
            return make_pipeline(prepared, MLPRegressor(random_state=seed))
        case "hist-gradient-boosting", False:
            return HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
        case "hist-gradient-boosting", True:
            return HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=seed)
        case "lightgbm", _:
            import lightgbm

            kind = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
            return kind(verbosity=-1, random_state=seed)
        case ("realmlp" | "tabm"), _:
            # PyTorch is large: imported by those alone that ask for it.
            import pytabkit

            kind = {"realmlp": "RealMLP_TD", "tabm": "TabM_D"}[name]
            model = getattr(pytabkit, f"{kind}_{'Regressor' if regression else 'Classifier'}")
            # They take categories as they are, and no missing numbers.
            filled = make_column_transformer(
                (SimpleImputer(strategy="median"), make_column_selector(dtype_include="number")),
                remainder="passthrough",
                verbose_feature_names_out=False,
            )
            return make_pipeline(filled.set_output(transform="pandas"), model(random_state=seed, device="cpu"))
    return None


class Network:
    """A PyTorch twin of ours: the same layers and epochs, AdamW along a cosine, the best epoch of a tenth held out."""

    def __init__(self, layers, loss, epochs, rate, seed):
        self.layers, self.loss, self.epochs, self.rate, self.seed = layers, loss, epochs, rate, seed

    def fit(self, x, y):
        import torch

        torch.manual_seed(self.seed)
        self.network = self.layers(torch.nn)
        x, y = torch.from_numpy(numpy.asarray(x)), torch.from_numpy(numpy.asarray(y))
        held = len(x) // 10
        rows, (vx, vy) = len(x) - held, (x[-held:], y[-held:])
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.rate)
        loss = getattr(torch.nn, self.loss)()
        steps = self.epochs * -(-rows // 256)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        best = (numpy.inf, None)
        for _ in range(self.epochs):
            self.network.train()
            for batch in torch.randperm(rows).split(256):
                optimizer.zero_grad()
                loss(self.network(x[batch]), y[batch]).backward()
                optimizer.step()
                schedule.step()
            self.network.eval()
            with torch.no_grad():
                held_loss = loss(self.network(vx), vy).item()
            if held_loss < best[0]:
                best = (held_loss, {k: v.clone() for k, v in self.network.state_dict().items()})
        self.network.load_state_dict(best[1])
        return self

    def predict(self, x):
        import torch

        with torch.no_grad():
            return self.network(torch.from_numpy(numpy.asarray(x))).numpy()


class Convolutions(Network):
    classes_ = list(range(10))

    def __init__(self, seed):
        def layers(nn):
            return nn.Sequential(
                nn.Unflatten(1, (1, 28, 28)),
                nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(64 * 49, 64), nn.ReLU(), nn.Dropout(0.1),
                nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1),
                nn.Linear(64, 10),
            )  # fmt: skip

        super().__init__(layers, "CrossEntropyLoss", 12, 2e-3, seed)

    def predict_proba(self, x):
        scores = super().predict(x).astype("float64")
        scores = numpy.exp(scores - scores.max(1, keepdims=True))
        return scores / scores.sum(1, keepdims=True)

    def predict(self, x):
        return self.predict_proba(x).argmax(1)


class Gru(Network):
    def __init__(self, numbers, seed):
        def layers(nn):
            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.gru = nn.GRU(numbers, 64, batch_first=True)
                    self.out = nn.Linear(64, HORIZON)

                def forward(self, x):
                    # What is known of the place in time stands beside each step.
                    steps = x[:, : -self.context].unflatten(1, (LAGS, -1))
                    beside = x[:, -self.context :].unsqueeze(1).expand(-1, LAGS, -1)
                    return self.out(self.gru(__import__("torch").cat([steps, beside], 2))[0][:, -1])

            Model.context = numbers - 6
            return Model()

        super().__init__(layers, "MSELoss", 8, 2e-3, seed)


def scored(name, model, x, y, test_x, measure):
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    return {"model": name, "seconds": seconds, "metrics": measure(model, test_x)}


def table_scores(case, table, target, seed, peers):
    truth = table.pop(target)
    test = len(table) - round(len(table) * TEST)
    if case == "digits":
        table = pixels(table)
    for name in table.columns:
        if is_text(table[name]):
            table[name] = table[name].astype("category")

    def measure(model, x):
        y = truth[test:]
        if case in REGRESSIONS:
            return {"rmse": root_mean_squared_error(y, model.predict(x))}
        said = model.predict_proba(x)
        loss = log_loss(y, said, labels=list(model.classes_))
        return {"log_loss": loss, "accuracy": accuracy_score(y, model.predict(x))}

    for name in peers:
        model = peer(name, case in REGRESSIONS, seed)
        if name == "torch" and case == "digits":
            model = Convolutions(seed)
        if model is not None:
            yield scored(name, model, table[:test], truth[:test], table[test:], measure)


def weather_scores(table, seed, peers):
    x, y, test_x, test_y = windows(table)
    scale, unit = StandardScaler().fit(x), y.std()
    x, test_x = scale.transform(x).astype("float32"), scale.transform(test_x).astype("float32")

    def measure(model, x):
        return {"rmse": float(numpy.sqrt(((model.predict(x) * unit - test_y) ** 2).mean()))}

    models = {
        "mlp": lambda: MLPRegressor(random_state=seed),
        "hist-gradient-boosting": lambda: MultiOutputRegressor(HistGradientBoostingRegressor(random_state=seed)),
        "torch": lambda: Gru(x.shape[1] - LAGS * 6 + 6, seed),
    }
    for name in peers:
        if name in models:
            yield scored(name, models[name](), x, y / unit, test_x, measure)


def main():
    case, folder, seed, rows, out, *peers = sys.argv[1:]
    seed = int(seed)
    warnings.filterwarnings("ignore")
    if case == "weather":
        table = pandas.read_parquet(f"{folder}/weather/data/weather.parquet")
        columns = ["origin", "time_hour", "temp", "dewp", "humid", "wind_speed", "precip", "pressure"]
        table = table[columns][table.temp.notna()]
        table.to_parquet(out, index=False)
        scores = weather_scores(table, seed, peers)
    else:
        cases = {"penguins": penguins, "sex": sex, "late": late, "delay": delay, "digits": digits}
        known = {"cancer": "breast_cancer", "wine": "wine", "diabetes": "diabetes"}
        read = of_scikit_learn(known[case]) if case in known else cases[case]
        table, target = read(folder)
        order = numpy.random.default_rng(seed).permutation(len(table))[: int(rows)]
        table = table.iloc[order].reset_index(drop=True)
        table.assign(place=numpy.arange(len(table))).to_parquet(out, index=False)
        scores = table_scores(case, table, target, seed, peers)
    json.dump(list(scores), sys.stdout)


main()
