"""Writes ONNX's own node tests to a folder, for `node_tests.rs`: `python node_tests.py FOLDER`, or those named behind it.

`SELECTION=yes python node_tests.py node_tests` writes those that are in the repository.

Each case of 32-bit floats becomes OPERATOR__NAME.onnx, with its inputs `x0`, `x1` … and its output `y` in
OPERATOR__NAME.io.safetensors. Where a case passes its weights as inputs, as all of them do, OPERATOR__NAME.constant.onnx has all
inputs but the first as initializers.
"""

import os
import pathlib
import sys
import warnings

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases
from safetensors.numpy import save_file

warnings.filterwarnings("ignore")


def as_array(value):
    """Single numbers are arrays, too."""
    return numpy.asarray(value) if isinstance(value, numpy.generic) else value


# One for each way in which the converter declares an operator.
SELECTION = """
    averagepool_2d_ceil averagepool_3d_dilations_small maxpool_3d_dilations
    resize_downsample_scales_cubic_antialias resize_downsample_scales_linear resize_downsample_sizes_linear_antialias
    resize_downsample_sizes_nearest_not_larger resize_tf_crop_and_resize_extrapolation_value
    resize_upsample_scales_cubic_A_n0p5_exclude_outside resize_upsample_scales_linear
    resize_upsample_scales_linear_align_corners resize_upsample_sizes_nearest_ceil_half_pixel
    convtranspose_group_2 convtranspose_output_shape convtranspose_autopad_same convtranspose_1d
    matmul_3d matmul_1d_3d max_example min_example gather_1 tile_precomputed expand_dim_changed
    center_crop_pad_crop_axes_chw depthtospace_crd_mode_example depthtospace_example spacetodepth_example
    unsqueeze_three_axes slice_neg_steps reduce_min_keepdims_example reduce_l1_keep_dims_example
    l2normalization_axis_1 mvn softmax_axis_1_expanded logsoftmax_example_1_expanded_ver18
    layer_normalization_2d_axis1_expanded group_normalization_example_expanded rms_normalization_2d_axis1_expanded
    clip_example_expanded elu_example_expanded_ver18 selu_example_expanded_ver18 leakyrelu_example_expanded
    hardsigmoid_example_expanded_ver18 shrink_soft shrink_hard_expanded_ver18 thresholdedrelu_example
    thresholdedrelu_example_expanded_ver18 prelu_broadcast_expanded celu_expanded
"""

folder = pathlib.Path(sys.argv[1])
names = SELECTION.split() if "SELECTION" in os.environ else sys.argv[2:]
folder.mkdir(parents=True, exist_ok=True)
left_out = written = 0
for case in collect_testcases(None):
    if names and case.name.removeprefix("test_") not in names:
        continue
    graph = case.model.graph
    inputs, outputs = [[as_array(value) for value in values] for values in case.data_sets[0]]
    number = len(inputs) + len(outputs)
    arrays = [value for value in [*inputs, *outputs] if isinstance(value, numpy.ndarray)]
    data = inputs[0] if inputs else None
    floats = isinstance(data, numpy.ndarray) and data.dtype == numpy.float32 and data.size > 0
    # Of several outputs, the first: a norm has its statistics, too.
    del graph.output[1:]
    outputs = outputs[:1]
    single = len(outputs) == 1 and isinstance(outputs[0], numpy.ndarray) and outputs[0].dtype == numpy.float32
    if not (floats and single and len(arrays) == number and outputs[0].size > 0):
        left_out += 1
        continue
    operator = graph.node[0].op_type if len(graph.node) == 1 else "expanded"
    stem = folder / f"{operator}__{case.name.removeprefix('test_')}"
    onnx.save(case.model, f"{stem}.onnx")
    if len(inputs) > 1:
        constant = onnx.ModelProto()
        constant.CopyFrom(case.model)
        for index, (info, value) in enumerate(zip(graph.input, inputs)):
            if index > 0:
                constant.graph.initializer.append(numpy_helper.from_array(value, info.name))
                constant.graph.input.remove(info)
        onnx.save(constant, f"{stem}.constant.onnx")
    tensors = {f"x{index}": numpy.ascontiguousarray(value) for index, value in enumerate(inputs)}
    tensors["y"] = numpy.ascontiguousarray(outputs[0])
    save_file({name: value.astype("float32") for name, value in tensors.items()}, f"{stem}.io.safetensors")
    written += 1
print(f"{written} cases of 32-bit floats; {left_out} of other types, or of sequences left out")
