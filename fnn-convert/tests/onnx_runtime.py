"""Runs the models of a folder in ONNX Runtime: each NAME.onnx on the inputs in NAME.x, compared with the outputs in NAME.y.

Both are files of 64-bit floats. The outputs must be within 1e-5 of the largest one.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)
worst, count, failed = 0.0, 0, []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    x = numpy.fromfile(path.with_suffix(".x"))
    x = x.astype("int64" if "int64" in given.type else "float32").reshape([-1, *given.shape[1:]])
    (y,) = session.run(None, {given.name: x})
    expected = numpy.fromfile(path.with_suffix(".y")).reshape(y.shape)
    deviation = abs(y - expected).max() / abs(expected).max()
    worst, count = max(worst, deviation), count + 1
    if not deviation <= 1e-5:
        failed.append(f"{path.name}: {deviation:.1e}")
print(f"{count} exported models run in ONNX Runtime {onnxruntime.__version__}; largest deviation {worst:.1e}")
sys.exit("\n".join(failed) or 0)
