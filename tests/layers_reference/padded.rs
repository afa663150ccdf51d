//! Layers whose padding differs at the two ends, against `tests/fixtures/paddings.py`: PyTorch's, and for `same` JAX's,
//! which is TensorFlow's.

use crate::Row;
use crate::declared::{layers, row};
use crate::fixtures::Tensors;

layers! {
    conv2d_ends: [3, 7, 8] -> [4, 4, 10] {
        Conv2d(4, kernel = (3, 2), stride = (2, 1), padding = ((2, 0), (0, 3)))
    }
    conv2d_ends_larger: [8, 9, 11] -> [16, 9, 13] { Conv2d(16, kernel = 3, padding = ((0, 2), (3, 1))) }
    conv2d_ends_few_filters: [3, 6, 7] -> [2, 5, 7] {
        Conv2d(2, kernel = 3, padding = ((1, 0), (0, 2)), bias = false)
    }
    conv2d_ends_strided: [2, 8, 7] -> [3, 4, 4] { Conv2d(3, kernel = 3, stride = 2, padding = ((0, 1), (2, 1))) }
    conv2d_ends_of_columns: [2, 5, 6] -> [3, 5, 6] { Conv2d(3, kernel = 3, padding = (1, (0, 2))) }
    conv2d_ends_pointwise: [5, 4, 5] -> [6, 5, 7] { Conv2d(6, kernel = 1, padding = ((0, 1), (2, 0))) }
    conv2d_ends_grouped: [4, 6, 5] -> [8, 7, 4] {
        Conv2d(8, kernel = (2, 3), groups = 2, dilation = (2, 1), padding = ((3, 0), (0, 1)))
    }
    depthwise_ends: [4, 8, 8] -> [4, 4, 4] { DepthwiseConv2d(kernel = 3, stride = 2, padding = ((0, 1), (0, 1))) }
    depthwise_ends_beyond: [3, 4, 5] -> [6, 7, 9] {
        DepthwiseConv2d(kernel = 2, multiplier = 2, padding = ((4, 0), (0, 5)))
    }
    conv1d_ends: [3, 11] -> [4, 11] { Conv1d(4, kernel = 4, padding = (0, 3)) }
    conv1d_causal: [3, 11] -> [4, 11] { Conv1d(4, kernel = 4, dilation = 3, padding = causal) }
    conv1d_causal_strided: [2, 10] -> [6, 5] { Conv1d(6, kernel = 3, stride = 2, padding = causal) }
    depthwise1d: [3, 8] -> [3, 6] { DepthwiseConv1d(kernel = 3) }
    depthwise1d_causal: [4, 9] -> [8, 9] {
        DepthwiseConv1d(kernel = 3, multiplier = 2, dilation = 2, padding = causal, bias = false)
    }

    conv2d_same_strided: [3, 7, 8] -> [4, 4, 3] { Conv2d(4, kernel = (3, 4), stride = (2, 3), padding = same) }
    conv2d_same_even: [3, 8, 8] -> [8, 4, 4] { Conv2d(8, kernel = 3, stride = 2, padding = same) }
    conv2d_same_dilated: [2, 9, 10] -> [3, 5, 5] { Conv2d(3, kernel = 3, stride = 2, dilation = 2, padding = same) }
    conv2d_same_far: [2, 7, 9] -> [4, 3, 3] { Conv2d(4, kernel = (1, 2), stride = (3, 4), padding = same) }
    depthwise_same_strided: [4, 9, 6] -> [4, 5, 3] {
        DepthwiseConv2d(kernel = (3, 5), stride = 2, padding = same, bias = false)
    }
    conv1d_same_strided: [3, 13] -> [5, 3] { Conv1d(5, kernel = 6, stride = 5, padding = same) }
    depthwise1d_same: [3, 11] -> [6, 4] { DepthwiseConv1d(kernel = 4, multiplier = 2, stride = 3, padding = same) }

    maxpool2d_ends: [2, 6, 7] -> [2, 3, 4] { MaxPool2d((3, 2), stride = 2, padding = ((0, 2), (1, 0))) }
    maxpool2d_ceil: [2, 6, 7] -> [2, 4, 4] { MaxPool2d((3, 2), stride = 2, padding = ((1, 2), (0, 1))) }
    maxpool2d_same: [2, 7, 6] -> [2, 4, 3] { MaxPool2d((3, 2), stride = 2, padding = same) }
    maxpool2d_same_still: [2, 4, 5] -> [2, 4, 5] { MaxPool2d((2, 3), stride = 1, padding = same) }
    maxpool1d_same: [3, 10] -> [3, 4] { MaxPool1d(4, stride = 3, padding = same) }
    avgpool2d_ends: [2, 6, 7] -> [2, 3, 4] { AvgPool2d((3, 2), stride = 2, padding = ((0, 2), (1, 0))) }
    avgpool2d_ends_uncounted: [2, 6, 7] -> [2, 3, 4] {
        AvgPool2d((3, 2), stride = 2, padding = ((0, 2), (1, 0)), count_padding = false)
    }
    avgpool2d_uncounted: [2, 7, 6] -> [2, 3, 3] {
        AvgPool2d((4, 3), stride = (3, 2), padding = (2, 1), count_padding = false)
    }
    avgpool1d_uncounted: [3, 9] -> [3, 9] { AvgPool1d(3, stride = 1, padding = 1, count_padding = false) }
    avgpool2d_ceil: [2, 6, 8] -> [2, 4, 5] {
        AvgPool2d(3, stride = 2, padding = ((1, 2), (1, 2)), count_padding = false)
    }
    avgpool2d_ceil_counted: [2, 6, 8] -> [2, 4, 5] {
        ZeroPad2d(1), AvgPool2d(3, stride = 2, padding = ((0, 1), (0, 1)), count_padding = false)
    }
    avgpool2d_same: [2, 5, 6] -> [2, 5, 3] { AvgPool2d(3, stride = (1, 2), padding = same) }
    avgpool1d_same: [3, 10] -> [3, 4] { AvgPool1d(4, stride = 3, padding = same) }
    avgpool2d_same_counted: [2, 5, 6] -> [2, 5, 3] {
        AvgPool2d(3, stride = (1, 2), padding = same, count_padding = true)
    }

    zero_pad2d: [2, 3, 4] -> [2, 5, 6] { ZeroPad2d(1) }
    zero_pad2d_axes: [2, 3, 4] -> [2, 3, 10] { ZeroPad2d((0, 3)) }
    zero_pad2d_ends: [2, 3, 4] -> [2, 7, 6] { ZeroPad2d(((3, 1), (0, 2))) }
    zero_pad1d_ends: [3, 5] -> [3, 8] { ZeroPad1d((2, 1)) }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    declared(&Tensors::read("paddings"))
}
