#!/usr/bin/env bash
# ai-edge-litert 2.3.0 (XNNPACK), NumPy 2.2.6, 2026-11-30, Python 3.11
#
# Guess:   operators of a `.tflite` file that share a weight tensor share its memory, so
#          unrolling a recurrent layer costs operators, but no weights.
# Instead: XNNPACK packs the matrix anew for each operator that multiplies by it; the
#          interpreter of Python has no option for its cache of packed weights.
# Seen:    4 MB of weights: 1 operator takes 7 MB more than none, 32 take 131 MB
# Matters: an LSTM unrolled over 16 steps fetches its state matrices from 16 places, which
#          no cache holds: graphs of 4 steps, called four times as often, took 0.6 of the
#          time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q ai-edge-litert==2.3.0 numpy==2.2.6
cat > grown.py <<'PY'
import re
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

SIZE = 1024


def tensor(shape, buffer=0):
    new = schema.TensorT()
    new.shape, new.buffer, new.type = list(shape), buffer, schema.TensorType.FLOAT32
    return new


def model(operators):
    """x @ W.T, again and again, with one tensor W."""
    data = schema.BufferT()
    weights = np.random.default_rng(0).normal(0, 0.01, (SIZE, SIZE))
    data.data = np.frombuffer(weights.astype(np.float32).tobytes(), np.uint8)
    graph = schema.SubGraphT()
    graph.tensors = [tensor((SIZE, SIZE), 1), tensor((1, SIZE))]
    graph.operators = []
    for _ in range(operators):
        graph.tensors.append(tensor((1, SIZE)))
        item = schema.OperatorT()
        last = len(graph.tensors) - 1
        item.opcodeIndex, item.inputs, item.outputs = 0, [last - 1, 0, -1], [last]
        item.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        item.builtinOptions = schema.FullyConnectedOptionsT()
        graph.operators.append(item)
    graph.inputs, graph.outputs = [1], [len(graph.tensors) - 1]
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.deprecatedBuiltinCode, code.version = code.builtinCode, 1
    whole = schema.ModelT()
    whole.version, whole.operatorCodes = 3, [code]
    whole.subgraphs, whole.buffers = [graph], [schema.BufferT(), data]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def resident():
    text = open("/proc/self/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


content = model(int(sys.argv[1]))
before = resident()
opened = Interpreter(model_content=content, num_threads=1)
opened.allocate_tensors()
opened.invoke()
print(round(resident() - before))
PY
grown() { env/bin/python grown.py "$1" 2> /dev/null; }
one=$(grown 1)
many=$(grown 32)
echo "4 MB of weights: 1 operator takes $one MB more than none, 32 take $many MB"
if [ $((many - one)) -lt 100 ]; then
  echo "CHANGED: operators share packed weights"
  exit 1
fi
