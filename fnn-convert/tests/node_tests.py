"""Writes ONNX's own node tests to a folder, for `node_tests.rs`: `python node_tests.py FOLDER`, or those named behind it.

`SELECTION=yes python node_tests.py node_tests` writes those that are in the repository.

Each case of 32-bit floats becomes OPERATOR__NAME.onnx, with its inputs `x0`, `x1` … and its output `y` in
OPERATOR__NAME.io.safetensors. Cases pass their weights as inputs: of several inputs, OPERATOR__NAME.constant.onnx has all but the
first as initializers.
"""

import os
import pathlib
import sys
import warnings

import numpy
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession
from safetensors.numpy import save_file

warnings.filterwarnings("ignore")


def as_array(value):
    """Single numbers are arrays, too."""
    return numpy.asarray(value) if isinstance(value, numpy.generic) else value


# One for each way in which the converter declares an operator; some more are below.
SELECTION = """
    averagepool_2d_ceil averagepool_3d_dilations_small maxpool_3d_dilations
    resize_downsample_scales_cubic_antialias resize_downsample_scales_linear resize_downsample_sizes_linear_antialias
    resize_downsample_sizes_nearest_not_larger resize_tf_crop_and_resize_extrapolation_value
    resize_upsample_scales_cubic_A_n0p5_exclude_outside resize_upsample_scales_linear
    resize_upsample_scales_linear_align_corners resize_upsample_sizes_nearest_ceil_half_pixel
    convtranspose_group_2 convtranspose_output_shape convtranspose_autopad_same convtranspose_1d convtranspose_3d
    batchnorm_example_training_mode lrn
    matmul_3d matmul_1d_3d max_example min_example gather_1 tile_precomputed expand_dim_changed
    center_crop_pad_crop_axes_chw depthtospace_crd_mode_example depthtospace_example spacetodepth_example
    unsqueeze_three_axes slice_neg_steps reduce_min_keepdims_example reduce_l1_keep_dims_example
    l2normalization_axis_1 mvn softmax_axis_1_expanded logsoftmax_example_1_expanded_ver18
    layer_normalization_2d_axis1_expanded group_normalization_example_expanded rms_normalization_2d_axis1_expanded
    clip_example_expanded elu_example_expanded_ver18 selu_example_expanded_ver18 leakyrelu_example_expanded
    hardsigmoid_example_expanded_ver18 shrink_soft shrink_hard_expanded_ver18 thresholdedrelu_example
    thresholdedrelu_example_expanded_ver18 prelu_broadcast_expanded celu_expanded
"""

# ONNX Runtime, like PyTorch, aligns the corners of a whole number of elements, and ONNX's reference implementation those of 2.4.
DIFFERENT = "resize_downsample_scales_cubic_align_corners resize_downsample_scales_linear_align_corners".split()

folder = pathlib.Path(sys.argv[1])
names = SELECTION.split() if "SELECTION" in os.environ else sys.argv[2:]
folder.mkdir(parents=True, exist_ok=True)
left_out = written = 0
for case in collect_testcases(None):
    name = case.name.removeprefix("test_")
    if name in DIFFERENT or names and name not in names:
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
    stem = folder / f"{operator}__{name}"
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


def constants(**arrays):
    """Initializers of these names."""
    return [numpy_helper.from_array(numpy.asarray(array), name) for name, array in arrays.items()]


def own(name, operator, shape, extra=(), version=19, **attributes):
    """A case that ONNX has for other types only, or not at all, computed by ONNX Runtime, or where that lacks the operator or its mode by
    ONNX's reference implementation."""
    # An input that is left out has no name.
    inputs = ["x", *("" if tensor.name.startswith("no_") else tensor.name for tensor in extra)]
    extra = [tensor for tensor in extra if tensor.name in inputs]
    node = helper.make_node(operator, inputs, ["y"], **attributes)
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph([node], name, [x], [y], extra)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=9)
    given = numpy.random.default_rng(7).standard_normal(shape).astype("float32")
    lacking = version > 19 or operator == "BatchNormalization"
    evaluator = ReferenceEvaluator(model) if lacking else InferenceSession(model.SerializeToString())
    output, *_ = evaluator.run(None, {"x": given})
    onnx.save(model, folder / f"{operator}__{name}.onnx")
    save_file({"x0": given, "y": numpy.ascontiguousarray(output)}, folder / f"{operator}__{name}.io.safetensors")


def several(name, shape, nodes, weights, data_type=onnx.TensorProto.FLOAT):
    """A model of several nodes, (operator, inputs, attributes), each of which takes the output of the one before as `x`."""
    nodes = [(operator, [name if name != "x" or index == 0 else f"y{index - 1}" for name in inputs], attributes)
             for index, (operator, inputs, attributes) in enumerate(nodes)]  # fmt: skip
    nodes = [helper.make_node(operator, inputs, [f"y{index}"], **attributes)
             for index, (operator, inputs, attributes) in enumerate(nodes)]  # fmt: skip
    x = helper.make_tensor_value_info("x", data_type, shape)
    y = helper.make_tensor_value_info(f"y{len(nodes) - 1}", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, name, [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def chain(name, shape, nodes, weights):
    """Several operators, computed by ONNX Runtime."""
    model = several(name, shape, nodes, weights)
    given = numpy.random.default_rng(7).standard_normal(shape).astype("float32")
    (output,) = InferenceSession(model.SerializeToString()).run(None, {"x": given})
    onnx.save(model, folder / f"{name}.onnx")
    save_file({"x0": given, "y": numpy.ascontiguousarray(output)}, folder / f"{name}.io.safetensors")


def batch(channels, drawn):
    """The weights and the running statistics of a batch norm."""
    return constants(
        **{name: abs(drawn(channels)).astype("float32") for name in ["scale", "shift", "running_mean", "running_var"]}
    )


if "SELECTION" in os.environ:
    for mode in ["reflect", "edge", "wrap"]:
        own(f"own_{mode}", "Pad", [2, 3, 4, 5], constants(pads=[0, 0, 1, 2, 0, 0, 3, 1]), mode=mode)
    own("own_long_reflect", "Pad", [1, 2, 12], constants(pads=[0, 0, 11, 0, 0, 10]), mode="reflect")
    own("own_negative", "Pad", [2, 3, 4, 5], constants(pads=[0, 1, -1, 2, 0, -1, 1, -2], value=numpy.float32(0.5)))
    own("own_steps", "Slice", [2, 3, 7, 5], constants(starts=[1, 4], ends=[7, 0], axes=[2, 3], steps=[3, -2]))
    own("own_alpha", "Swish", [2, 3, 4], version=24, alpha=0.5)
    pool = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0], "ceil_mode": 1}
    own("own_padding_counted", "AveragePool", [1, 2, 6, 6], count_include_pad=1, **pool)
    sizes = constants(no_region=0, no_scales=0, sizes=[2, 3, 7, 3])
    own("own_half_pixel", "Resize", [2, 3, 4, 5], sizes, mode="linear")
    own("own_asymmetric", "Resize", [2, 3, 4, 5], sizes, mode="linear", coordinate_transformation_mode="asymmetric")
    sizes = constants(no_region=0, no_scales=0, sizes=[2, 3, 9])
    own("own_sequence", "Resize", [2, 3, 4], sizes, mode="linear", coordinate_transformation_mode="align_corners")
    sizes = constants(no_region=0, scales=numpy.float32([1, 1, 0.6, 1.3]))
    own("own_aligned", "Resize", [1, 2, 7, 5], sizes, mode="linear", coordinate_transformation_mode="align_corners")
    own("own_aligned_cubic", "Resize", [1, 1, 4, 4], sizes, mode="cubic", coordinate_transformation_mode="align_corners")
    own("own_middles", "Resize", [1, 2, 4, 7], sizes, mode="nearest")
    own("own_by_size", "Resize", [1, 2, 7, 5], constants(scales=numpy.float32([1, 1, 0.6, 1.3])), version=10)
    sizes = constants(no_region=0, scales=numpy.float32([1, 1, 1.1, 1.3]))
    own("own_same_size", "Resize", [1, 2, 3, 3], sizes, mode="linear")
    own("own_channels", "Resize", [2, 3, 4], constants(no_region=0, scales=numpy.float32([1, 2, 0.5])), mode="nearest")
    own("own_volume", "Transpose", [2, 2, 3, 2, 3, 2], perm=[0, 4, 2, 5, 1, 3])
    drawn = numpy.random.default_rng(8).standard_normal
    filters = constants(weight=drawn([6, 2, 3, 2, 3]).astype("float32"), bias=drawn(6).astype("float32"))
    slides = {"strides": [2, 1, 2], "dilations": [1, 2, 1], "pads": [1, 0, 2, 2, 1, 0], "group": 2}
    own("own_three_axes", "Conv", [2, 4, 5, 6, 7], filters, **slides)
    filters = constants(weight=drawn([4, 3, 3, 2, 2]).astype("float32"), bias=drawn(6).astype("float32"))
    slides = {"strides": [2, 1, 2], "dilations": [2, 1, 1], "pads": [1, 0, 0, 2, 1, 0], "group": 2}
    own("own_three_axes", "ConvTranspose", [2, 4, 3, 4, 2], filters, output_padding=[1, 0, 0], **slides)
    own("own_one_sample", "BatchNormalization", [1, 3, 4, 5], batch(3, drawn), training_mode=1, momentum=0.9)
    # Paddings beside which other numbers are rounded, and the padding of max pools.
    pads = constants(pads=[0, 0, 1, 1, 0, 0, 0, 1])
    pool = ("MaxPool", ["x"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 0, 1], "ceil_mode": 1})
    for word, number in [("infinity", -numpy.inf), ("lowest", numpy.finfo("float32").min), ("far", -1e9)]:
        nodes = [("Pad", ["x", "pads", "value"], {}), pool]
        chain(f"Pad__own_{word}_and_pool", [2, 3, 5, 6], nodes, pads + constants(value=numpy.float32(number)))
    nodes = [("Pad", ["x", "pads", "value"], {}), ("Clip", ["x", "", "high"], {})]
    axes = constants(pads=[0, 1, 0, 2, 0, 0, 1, 0], value=numpy.float32(1e4), high=numpy.float32(2))
    chain("Pad__own_far_and_clip", [2, 2, 3, 4], nodes, axes)

    # What can't be declared.
    (folder / "refused").mkdir(exist_ok=True)
    nodes = [("Pad", ["x", "pads", "value"], {}), ("Conv", ["x", "weight"], {})]
    weights = constants(value=numpy.float32(-numpy.inf), weight=drawn([1, 3, 2, 2]).astype("float32"))
    refused = {"infinite_padding": several("refused", [2, 3, 5, 6], nodes, pads + weights)}
    bounds = constants(bounds=numpy.float32([-1e9, 0.3]))
    refused["far_bounds"] = several("refused", [2, 2], [("Max", ["x", "bounds"], {})], bounds)
    table = helper.make_node("ConstantOfShape", ["sizes"], ["table"])
    sizes = constants(sizes=[65537, 2])
    tokens = several("refused", [2, 4], [("Gather", ["table", "x"], {})], sizes, onnx.TensorProto.INT64)
    tokens.graph.node.insert(0, table)
    refused["vocabulary"] = tokens
    refused["factors"] = several("refused", [1, 2**25], [("Add", ["x", "term"], {})], constants(term=numpy.float32(1)))
    for name, model in refused.items():
        onnx.save(model, folder / "refused" / f"{name}.onnx")
print(f"{written} cases of 32-bit floats; {left_out} of other types, or of sequences left out")
