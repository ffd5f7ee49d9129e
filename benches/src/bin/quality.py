"""Real tables for the bench of quality, and what scikit-learn and LightGBM make of them with their defaults.

Usage: quality.py CASE FOLDER SEED ROWS OUT PEER...
Writes the rows to OUT in an order drawn by SEED, with a column `place`, and prints a JSON array with each peer's seconds and
loss on the last fifth of them. All that is before it, a peer may use as it likes.
"""

import json
import sys
import time
import warnings

import lightgbm
import numpy
import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TEST = 0.2


def penguins(folder):
    table = pandas.read_csv(f"{folder}/penguins/data/penguins.csv")
    table = table[table.bill_length_mm.notna()]
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
    return table[[*columns, "species"]], "species"


def departures(folder):
    """What is known of a flight when it leaves, with the weather of its hour."""
    flights = pandas.read_parquet(f"{folder}/flights/data/flights.parquet")
    weather = pandas.read_parquet(f"{folder}/flights/data/weather.parquet")
    measures = ["temp", "humid", "wind_speed", "precip", "visib", "pressure"]
    at = ["origin", "time_hour"]
    table = flights[flights.arr_delay.notna()].merge(weather[at + measures], on=at, how="left")
    known = ["dep_delay", "distance", "carrier", "origin", "dest", "month", "hour"]
    return table[["arr_delay", *known, *measures]]


def sex(folder):
    """The sex of a bird by its measures and its species: harder than the species."""
    table = pandas.read_csv(f"{folder}/penguins/data/penguins.csv")
    table = table[table.sex.notna()]
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "species", "island"]
    return table[[*columns, "sex"]], "sex"


def late(folder):
    table = departures(folder)
    table["late"] = table.pop("arr_delay") > 15
    return table, "late"


def delay(folder):
    return departures(folder), "arr_delay"


def is_text(column):
    return not pandas.api.types.is_numeric_dtype(column)


def peer(name, regression, seed):
    """A peer with its defaults, and what it needs before it."""
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
        case "lightgbm", False:
            return lightgbm.LGBMClassifier(verbosity=-1, random_state=seed)
        case "lightgbm", True:
            return lightgbm.LGBMRegressor(verbosity=-1, random_state=seed)
        case ("realmlp" | "tabm"), _:
            # PyTorch is large: imported by those alone that ask for it.
            import pytabkit

            kind = {"realmlp": "RealMLP_TD", "tabm": "TabM_D"}[name]
            model = getattr(pytabkit, f"{kind}_{'Regressor' if regression else 'Classifier'}")
            return model(random_state=seed, device="cpu")
    raise SystemExit(f"there is no peer {name}")


def main():
    case, folder, seed, rows, out, *peers = sys.argv[1:]
    warnings.filterwarnings("ignore")
    table, target = {"penguins": penguins, "sex": sex, "late": late, "delay": delay}[case](folder)
    order = numpy.random.default_rng(int(seed)).permutation(len(table))[: int(rows)]
    table = table.iloc[order].reset_index(drop=True)
    table.assign(place=numpy.arange(len(table))).to_parquet(out, index=False)

    truth = table.pop(target)
    for name in table.columns:
        if is_text(table[name]):
            table[name] = table[name].astype("category")
    test = len(table) - round(len(table) * TEST)
    scores = []
    for name in peers:
        start = time.perf_counter()
        model = peer(name, case == "delay", int(seed)).fit(table[:test], truth[:test])
        seconds = time.perf_counter() - start
        if case == "delay":
            metrics = {"rmse": root_mean_squared_error(truth[test:], model.predict(table[test:]))}
        else:
            said = model.predict_proba(table[test:])
            accuracy = accuracy_score(truth[test:], model.predict(table[test:]))
            metrics = {"log_loss": log_loss(truth[test:], said, labels=model.classes_), "accuracy": accuracy}
        scores.append({"model": name, "seconds": seconds, "metrics": metrics})
    json.dump(scores, sys.stdout)


main()
