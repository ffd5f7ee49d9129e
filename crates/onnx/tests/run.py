"""Runs an ONNX model by ONNX Runtime: `run.py MODEL INPUTS`, where INPUTS is JSON of {name: {"shape", "values"}} and null
is a missing number. Prints JSON of {name of an output: flat values}."""

import json
import sys

import numpy as np
import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
with open(sys.argv[2], encoding="utf-8") as file:
    given = json.load(file)
inputs = {}
for declared in session.get_inputs():
    values = given[declared.name]["values"]
    if declared.type in ("tensor(float)", "tensor(double)"):
        values = [np.nan if value is None else value for value in values]
    inputs[declared.name] = np.array(values, dtype=TYPES[declared.type]).reshape(given[declared.name]["shape"])
names = [output.name for output in session.get_outputs()]
results = session.run(names, inputs)
json.dump({name: result.ravel().tolist() for name, result in zip(names, results)}, sys.stdout)
