//! The declarations of the models in this folder. Generated: see `README.md`.

fnn::network! {
    /// `onnx_a_ts13_dyn.onnx`
    /// `onnx_a_ts13_fix.onnx`
    /// `onnx_a_ts17_dyn.onnx`
    /// `onnx_a_ts17_fix.onnx`
    /// `onnx_a_dy18_dyn.onnx`
    /// `onnx_a_dy18_fix.onnx`
    /// `onnx_a_dy20_dyn.onnx`
    /// `onnx_a_dy23_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxATs13Dyn: [4] -> [4] {
        fc1: Dense(4),
        Relu,
        fc2: Dense(4),
    }
}

fnn::network! {
    /// `onnx_b_ts13_fix.onnx`
    /// `onnx_b_ts17_dyn.onnx`
    /// `onnx_b_dy18_dyn.onnx`
    /// `onnx_b_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxBTs13Fix: [784] -> [10] {
        Dense(32),
        Relu,
        Dense(10),
    }
}

fnn::network! {
    /// `onnx_c_ts13_dyn.onnx`
    /// `onnx_c_ts13_fix.onnx`
    /// `onnx_c_ts17_dyn.onnx`
    /// `onnx_c_ts17_fix.onnx`
    /// `onnx_c_dy18_dyn.onnx`
    /// `onnx_c_dy18_fix.onnx`
    /// `onnx_c_dy20_dyn.onnx`
    /// `onnx_c_dy23_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxCTs13Dyn: [1, 16, 12] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(8, kernel = 3, padding = 1, groups = 2),
        Relu,
        Flatten,
        fc: Dense(10),
    }
}

fnn::network! {
    /// `onnx_c_ts17_unfused.onnx`
    /// `onnx_c_dy18_unfused.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxCTs17Unfused: [1, 16, 12] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        bn1: BatchNorm,
        Relu,
        MaxPool2d(2),
        conv2: Conv2d(8, kernel = 3, padding = 1, groups = 2),
        Relu,
        Flatten,
        fc: Dense(10),
    }
}

fnn::network! {
    /// `onnx_d_ts13_dyn.onnx`
    /// `onnx_d_ts13_fix.onnx`
    /// `onnx_d_ts17_dyn.onnx`
    /// `onnx_d_ts17_fix.onnx`
    /// `onnx_d_dy18_dyn.onnx`
    /// `onnx_d_dy18_fix.onnx`
    /// `onnx_d_dy20_dyn.onnx`
    /// `onnx_d_dy23_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxDTs13Dyn: [3, 12, 10] -> [5] {
        stem: Conv2d(8, kernel = 3, padding = 1),
        Relu6,
        dw: DepthwiseConv2d(kernel = 3, stride = 2, padding = 1),
        Relu6,
        pw: Conv2d(16, kernel = 1),
        Relu6,
        GlobalAvgPool,
        fc: Dense(5),
    }
}

fnn::network! {
    /// `onnx_d_ts17_unfused.onnx`
    /// `onnx_d_dy18_unfused.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxDTs17Unfused: [3, 12, 10] -> [5] {
        stem: Conv2d(8, kernel = 3, padding = 1, bias = false),
        stem_bn: BatchNorm,
        Relu6,
        dw: DepthwiseConv2d(kernel = 3, stride = 2, padding = 1, bias = false),
        dw_bn: BatchNorm,
        Relu6,
        pw: Conv2d(16, kernel = 1, bias = false),
        pw_bn: BatchNorm,
        Relu6,
        GlobalAvgPool,
        fc: Dense(5),
    }
}

fnn::network! {
    /// `onnx_e_all_dy18_dyn.onnx`
    /// `onnx_e_all_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEAllDy18Dyn: [10] -> [4] {
        embed: Embedding(9, 6),
        Permute(1, 0),
        Residual {
            conv1: Conv1d(6, kernel = 3, padding = 1),
            GroupNorm(2),
            PRelu(slopes = each),
        },
        ln: LayerNorm,
        Flatten,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_all_ts13_fix.onnx`
    /// `onnx_e_all_ts17_dyn.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEAllTs13Fix: [10] -> [4] {
        embed: Embedding(9, 6),
        Permute(1, 0),
        Residual {
            conv1: Conv1d(6, kernel = 3, padding = 1),
            norm: GroupNorm(2),
            act: PRelu(slopes = each),
        },
        ln: LayerNorm,
        Flatten,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_c1d_ts13_fix.onnx`
    /// `onnx_e_c1d_ts17_dyn.onnx`
    /// `onnx_e_c1d_dy18_dyn.onnx`
    /// `onnx_e_c1d_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEC1dTs13Fix: [2, 24] -> [4] {
        conv1: Conv1d(6, kernel = 5, stride = 2, padding = 2),
        Relu,
        conv2: Conv1d(8, kernel = 3, dilation = 2),
        Elu,
        MaxPool1d(2),
        Flatten,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_c1d_ts17_unfused.onnx`
    /// `onnx_e_c1d_dy18_unfused.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEC1dTs17Unfused: [2, 24] -> [4] {
        conv1: Conv1d(6, kernel = 5, stride = 2, padding = 2, bias = false),
        bn1: BatchNorm,
        Relu,
        conv2: Conv1d(8, kernel = 3, dilation = 2),
        Elu,
        MaxPool1d(2),
        Flatten,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_emb_ts13_fix.onnx`
    /// `onnx_e_emb_ts17_dyn.onnx`
    /// `onnx_e_emb_dy18_dyn.onnx`
    /// `onnx_e_emb_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEEmbTs13Fix: [4] -> [3] {
        emb: Embedding(11, 5),
        Flatten,
        mlp_1: Dense(8),
        Tanh,
        mlp_3: Dense(3),
    }
}

fnn::network! {
    /// `onnx_e_gn_dy18_dyn.onnx`
    /// `onnx_e_gn_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEGnDy18Dyn: [2, 8, 10] -> [4] {
        conv1: Conv2d(6, kernel = 3, padding = 1),
        GroupNorm(3),
        LeakyRelu(0.1),
        conv2: Conv2d(8, kernel = 3, stride = 2),
        GroupNorm(1),
        LeakyRelu(0.1),
        GlobalAvgPool,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_gn_ts13_fix.onnx`
    /// `onnx_e_gn_ts17_dyn.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEGnTs13Fix: [2, 8, 10] -> [4] {
        conv1: Conv2d(6, kernel = 3, padding = 1),
        gn1: GroupNorm(3),
        LeakyRelu(0.1),
        conv2: Conv2d(8, kernel = 3, stride = 2),
        gn2: GroupNorm(1),
        LeakyRelu(0.1),
        GlobalAvgPool,
        fc: Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_ln_ts13_fix.onnx`
    /// `onnx_e_ln_ts17_dyn.onnx`
    /// `onnx_e_ln_dy18_dyn.onnx`
    /// `onnx_e_ln_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxELnTs13Fix: [10] -> [4] {
        Dense(12),
        LayerNorm,
        Gelu,
        Dense(4),
    }
}

fnn::network! {
    /// `onnx_e_prelu_dy18_dyn.onnx`
    /// `onnx_e_prelu_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEPreluDy18Dyn: [1, 6, 7] -> [2] {
        conv: Conv2d(3, kernel = 3),
        PRelu(slopes = each),
        Flatten,
        fc1: Dense(6),
        PRelu,
        fc2: Dense(6),
        PRelu(slopes = each),
        fc3: Dense(2),
    }
}

fnn::network! {
    /// `onnx_e_prelu_ts13_fix.onnx`
    /// `onnx_e_prelu_ts17_dyn.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEPreluTs13Fix: [1, 6, 7] -> [2] {
        conv: Conv2d(3, kernel = 3),
        prelu1: PRelu(slopes = each),
        Flatten,
        fc1: Dense(6),
        prelu2: PRelu,
        fc2: Dense(6),
        prelu3: PRelu(slopes = each),
        fc3: Dense(2),
    }
}

fnn::network! {
    /// `onnx_e_res_ts13_fix.onnx`
    /// `onnx_e_res_ts17_dyn.onnx`
    /// `onnx_e_res_dy18_dyn.onnx`
    /// `onnx_e_res_dy20_fix.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxEResTs13Fix: [2, 8, 6] -> [3] {
        conv1: Conv2d(4, kernel = 3, padding = 1),
        Relu,
        blocks_0: Residual {
            conv1: Conv2d(4, kernel = 3, padding = 1),
            Relu,
            conv2: Conv2d(4, kernel = 3, padding = 1),
        },
        Relu,
        blocks_1: Residual {
            conv1: Conv2d(4, kernel = 3, padding = 1),
            Relu,
            conv2: Conv2d(4, kernel = 3, padding = 1),
        },
        Relu,
        Flatten,
        fc: Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_clip_hardtanh.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActClipHardtanh: [4] -> [3] {
        Dense(6),
        Clip(-1.0, 1.0),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_clip_inputs.onnx`
    /// `onnx_h_act_clip_attrs.onnx`
    /// `onnx_h_act_clip_const.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActClipInputs: [4] -> [3] {
        Dense(6),
        Relu6,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_elu.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActElu: [4] -> [3] {
        Dense(6),
        Elu(0.7),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_elu_default.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActEluDefault: [4] -> [3] {
        Dense(6),
        Elu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_gelu.onnx`
    /// `onnx_h_act_gelu_erf_parts.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActGelu: [4] -> [3] {
        Dense(6),
        Gelu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_gelu_tanh.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActGeluTanh: [4] -> [3] {
        Dense(6),
        Gelu(tanh),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_hardsigmoid.onnx`
    /// `onnx_h_act_hardsigmoid_default.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActHardsigmoid: [4] -> [3] {
        Dense(6),
        Clip(0.0, 1.0),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_hardsigmoid_torch.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActHardsigmoidTorch: [4] -> [3] {
        Dense(6),
        HardSigmoid,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_hardswish.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActHardswish: [4] -> [3] {
        Dense(6),
        HardSwish,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_leakyrelu.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActLeakyrelu: [4] -> [3] {
        Dense(6),
        LeakyRelu(0.2),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_leakyrelu_default.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActLeakyreluDefault: [4] -> [3] {
        Dense(6),
        LeakyRelu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_logsoftmax.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActLogsoftmax: [4] -> [6] {
        Dense(6),
        LogSoftmax,
    }
}

fnn::network! {
    /// `onnx_h_act_mish_parts.onnx`
    /// `onnx_h_act_mish.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActMishParts: [4] -> [3] {
        Dense(6),
        Mish,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_prelu_channel.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActPreluChannel: [4] -> [3] {
        Dense(6),
        PRelu(slopes = each),
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_prelu_conv.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActPreluConv: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 3),
        PRelu(slopes = each),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_prelu_single.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActPreluSingle: [4] -> [3] {
        Dense(6),
        PRelu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_relu.onnx`
    /// `onnx_h_act_clip_min_only.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActRelu: [4] -> [3] {
        Dense(6),
        Relu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_selu.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSelu: [4] -> [3] {
        Dense(6),
        Selu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_sigmoid.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSigmoid: [4] -> [3] {
        Dense(6),
        Sigmoid,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_silu_parts.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSiluParts: [4] -> [3] {
        Dense(6),
        Silu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_softmax.onnx`
    /// `onnx_h_act_softmax_axis1.onnx`
    /// `onnx_h_act_softmax_opset11.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSoftmax: [4] -> [6] {
        Dense(6),
        Softmax,
    }
}

fnn::network! {
    /// `onnx_h_act_softmax11_4d.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSoftmax114d: [3, 2, 3] -> [3, 2, 3] {
        Conv2d(3, kernel = 1),
        Softmax(axes = 3),
    }
}

fnn::network! {
    /// `onnx_h_act_softmax13_4d.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSoftmax134d: [3, 2, 3] -> [3, 2, 3] {
        Conv2d(3, kernel = 1),
        Permute(1, 2, 0),
        Softmax(axes = 1),
        Permute(2, 0, 1),
    }
}

fnn::network! {
    /// `onnx_h_act_softplus.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSoftplus: [4] -> [3] {
        Dense(6),
        Softplus,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_softsign.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActSoftsign: [4] -> [3] {
        Dense(6),
        Softsign,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_act_tanh.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHActTanh: [4] -> [3] {
        Dense(6),
        Tanh,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_avgpool.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHAvgpool: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        AvgPool2d(2),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_avgpool_pads_exclude.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHAvgpoolPadsExclude: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        AvgPool2d(3, stride = 2, padding = (1, (0, 1)), count_padding = false),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_avgpool_pads_include.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHAvgpoolPadsInclude: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        AvgPool2d(3, stride = 2, padding = (1, (0, 1))),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_avgpool_same_upper.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHAvgpoolSameUpper: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        AvgPool2d(3, stride = 2, padding = same),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_bn_after_conv.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHBnAfterConv: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 3, padding = 1),
        BatchNorm,
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_bn_after_relu.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHBnAfterRelu: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        BatchNorm(epsilon = 0.001),
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_bn_dense.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHBnDense: [5] -> [3] {
        Dense(7),
        BatchNorm(epsilon = 0.002),
        Relu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_bn_first.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHBnFirst: [3, 8, 9] -> [3] {
        BatchNorm,
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_concat.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConcat: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Concat {
            { Conv2d(3, kernel = 3, padding = 1) },
            {},
        },
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_concat_dense.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConcatDense: [5] -> [3] {
        Concat {
            { Dense(3), Relu },
            { Dense(4), Tanh },
            {},
        },
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_concat_three.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConcatThree: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Concat {
            {},
            { Conv2d(3, kernel = 3, padding = 1) },
            { MaxPool2d(3, stride = 1, padding = 1) },
        },
        GlobalAvgPool,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_conv1d.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConv1d: [2, 16] -> [3] {
        Conv1d(4, kernel = 5, stride = 2, padding = (2, 1)),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_1x1_nobias.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConv1x1Nobias: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 1, bias = false),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_asym_pads.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvAsymPads: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, padding = ((0, 2), 1)),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_bias_add.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvBiasAdd: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Conv2d(3, kernel = 3),
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_conv_depthwise.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvDepthwise: [4, 8, 10] -> [3] {
        DepthwiseConv2d(kernel = 3, stride = 2, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_depthwise_mult2.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvDepthwiseMult2: [3, 8, 10] -> [3] {
        DepthwiseConv2d(kernel = 3, multiplier = 2, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_dilated.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvDilated: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, padding = (1, 2), dilation = 2),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_groups.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvGroups: [4, 8, 10] -> [3] {
        Conv2d(6, kernel = 3, padding = 1, groups = 2),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_kws.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvKws: [1, 49, 10] -> [3] {
        Conv2d(4, kernel = (10, 4), stride = 2, padding = same),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_plain.onnx`
    /// `onnx_h_conv_valid.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvPlain: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_lower_evenkernel.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameLowerEvenkernel: [2, 9, 7] -> [3] {
        Conv2d(4, kernel = (2, 4), padding = ((1, 0), (2, 1))),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_lower_s2_even.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameLowerS2Even: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, stride = 2, padding = ((1, 0), (1, 0))),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_upper_evenkernel.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameUpperEvenkernel: [2, 9, 7] -> [3] {
        Conv2d(4, kernel = (2, 4), padding = same),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_upper_s1.onnx`
    /// `onnx_h_conv_notset_pads.onnx`
    /// `onnx_h_conv_batch1.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameUpperS1: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_upper_s2_even.onnx`
    /// `onnx_h_conv_asym_pads_s2.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameUpperS2Even: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, stride = 2, padding = same),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_same_upper_s2_odd.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvSameUpperS2Odd: [2, 9, 7] -> [3] {
        Conv2d(4, kernel = 3, stride = 2, padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_conv_stride_hw.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHConvStrideHw: [2, 8, 10] -> [3] {
        Conv2d(4, kernel = 3, stride = (2, 1), padding = 1),
        Relu,
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_flatten.onnx`
    /// `onnx_h_flatten_neg.onnx`
    /// `onnx_h_reshape_0_m1.onnx`
    /// `onnx_h_reshape_m1_k.onnx`
    /// `onnx_h_reshape_1_k.onnx`
    /// `onnx_h_reshape_const.onnx`
    /// `onnx_h_reshape_shape_chain.onnx`
    /// `onnx_h_identity_dropout.onnx`
    /// `onnx_h_dropout_opset10.onnx`
    /// `onnx_h_dropout_false.onnx`
    /// `onnx_h_mul_add_const.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHFlatten: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_gap.onnx`
    /// `onnx_h_reduce_mean.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHGap: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        GlobalAvgPool,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_gemm_nobias.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHGemmNobias: [5] -> [3] {
        Dense(7, bias = false),
        Relu,
        Dense(3, bias = false),
    }
}

fnn::network! {
    /// `onnx_h_gemm_transb1.onnx`
    /// `onnx_h_gemm_transb0.onnx`
    /// `onnx_h_gemm_alphabeta_t1.onnx`
    /// `onnx_h_gemm_alphabeta_t0.onnx`
    /// `onnx_h_gemm_c_row.onnx`
    /// `onnx_h_gemm_c_scalar.onnx`
    /// `onnx_h_gemm_float_data.onnx`
    /// `onnx_h_gemm_const_nodes.onnx`
    /// `onnx_h_gemm_opset11.onnx`
    /// `onnx_h_external_data.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHGemmTransb1: [5] -> [3] {
        Dense(7),
        Relu,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_gmp.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHGmp: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        GlobalMaxPool,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_inits_as_inputs.onnx`
    /// `onnx_h_weights_f16.onnx`
    /// `onnx_h_weights_f64.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHInitsAsInputs: [5] -> [7] {
        Dense(7),
    }
}

fnn::network! {
    /// `onnx_h_matmul_add.onnx`
    /// `onnx_h_matmul_add_bias_first.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMatmulAdd: [5] -> [3] {
        Dense(7),
        Tanh,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_matmul_nobias.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMatmulNobias: [5] -> [3] {
        Dense(7, bias = false),
        Tanh,
        Dense(3, bias = false),
    }
}

fnn::network! {
    /// `onnx_h_maxpool.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpool: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d(2),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_maxpool_ceil0.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpoolCeil0: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d(3, stride = 2),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_maxpool_ceil1.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpoolCeil1: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d(2, padding = same),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_maxpool_overlap.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpoolOverlap: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d((2, 3), stride = 1),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_maxpool_pads.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpoolPads: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d(3, stride = 2, padding = (1, (0, 1))),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_maxpool_same_upper.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHMaxpoolSameUpper: [3, 8, 9] -> [3] {
        Conv2d(3, kernel = 1),
        MaxPool2d(3, stride = 2, padding = same),
        Flatten,
        Dense(3),
    }
}

fnn::network! {
    /// `onnx_h_nhwc.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHNhwc: [3, 4, 6] -> [5] {
        Conv2d(4, kernel = 3, stride = 2, padding = same),
        Relu,
        Flatten,
        Dense(5),
        Softmax,
    }
}

fnn::network! {
    /// `onnx_h_nhwc_gap.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHNhwcGap: [3, 4, 6] -> [5] {
        Conv2d(4, kernel = 3, padding = 1),
        Relu,
        GlobalAvgPool,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_pad_conv.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHPadConv: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Conv2d(3, kernel = 2, padding = ((0, 1), (1, 0)), bias = false),
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_reshape_fold.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHReshapeFold: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Reshape(3, 6, 4),
        Conv2d(3, kernel = 3, padding = 1),
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_residual.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHResidual: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Residual {
            Conv2d(3, kernel = 3, padding = 1),
        },
        Relu,
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_residual_projection.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHResidualProjection: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Sum {
            {
                Conv2d(5, kernel = 3, stride = 2, padding = 1),
                Relu,
                Conv2d(5, kernel = 3, padding = 1),
            },
            { Conv2d(5, kernel = 1, stride = 2, bias = false) },
        },
        Relu,
        GlobalAvgPool,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_residual_shortcut_first.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHResidualShortcutFirst: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Residual {
            Conv2d(3, kernel = 3, padding = 1),
            Relu,
            Conv2d(3, kernel = 3, padding = 1),
        },
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_resize_asym_floor.onnx`
    /// `onnx_h_resize_halfpixel.onnx`
    /// `onnx_h_resize_sizes.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHResizeAsymFloor: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Upsample2d(2),
        Conv2d(3, kernel = 3, padding = 1),
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_resize_linear.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHResizeLinear: [3, 4, 6] -> [5] {
        Conv2d(3, kernel = 3, padding = 1),
        Relu,
        Resize2d((8, 12)),
        Conv2d(3, kernel = 3, padding = 1),
        Flatten,
        Dense(5),
    }
}

fnn::network! {
    /// `onnx_h_shared_weight.onnx`
    #[derive(Clone, Debug)]
    pub struct OnnxHSharedWeight: [5] -> [5] {
        Dense(5),
        Relu,
        Dense(5),
    }
}

/// Run the network of a file with these weights.
#[rustfmt::skip]
pub(crate) fn run(file: &str, weights: &[u8], inputs: &[f64]) -> super::support::Ran {
    match file {
        "onnx_a_ts13_dyn.onnx" | "onnx_a_ts13_fix.onnx" | "onnx_a_ts17_dyn.onnx" | "onnx_a_ts17_fix.onnx" | "onnx_a_dy18_dyn.onnx" | "onnx_a_dy18_fix.onnx" | "onnx_a_dy20_dyn.onnx" | "onnx_a_dy23_fix.onnx" => super::support::run::<OnnxATs13Dyn>(weights, inputs),
        "onnx_b_ts13_fix.onnx" | "onnx_b_ts17_dyn.onnx" | "onnx_b_dy18_dyn.onnx" | "onnx_b_dy20_fix.onnx" => super::support::run::<OnnxBTs13Fix>(weights, inputs),
        "onnx_c_ts13_dyn.onnx" | "onnx_c_ts13_fix.onnx" | "onnx_c_ts17_dyn.onnx" | "onnx_c_ts17_fix.onnx" | "onnx_c_dy18_dyn.onnx" | "onnx_c_dy18_fix.onnx" | "onnx_c_dy20_dyn.onnx" | "onnx_c_dy23_fix.onnx" => super::support::run::<OnnxCTs13Dyn>(weights, inputs),
        "onnx_c_ts17_unfused.onnx" | "onnx_c_dy18_unfused.onnx" => super::support::run::<OnnxCTs17Unfused>(weights, inputs),
        "onnx_d_ts13_dyn.onnx" | "onnx_d_ts13_fix.onnx" | "onnx_d_ts17_dyn.onnx" | "onnx_d_ts17_fix.onnx" | "onnx_d_dy18_dyn.onnx" | "onnx_d_dy18_fix.onnx" | "onnx_d_dy20_dyn.onnx" | "onnx_d_dy23_fix.onnx" => super::support::run::<OnnxDTs13Dyn>(weights, inputs),
        "onnx_d_ts17_unfused.onnx" | "onnx_d_dy18_unfused.onnx" => super::support::run::<OnnxDTs17Unfused>(weights, inputs),
        "onnx_e_all_dy18_dyn.onnx" | "onnx_e_all_dy20_fix.onnx" => super::support::run::<OnnxEAllDy18Dyn>(weights, inputs),
        "onnx_e_all_ts13_fix.onnx" | "onnx_e_all_ts17_dyn.onnx" => super::support::run::<OnnxEAllTs13Fix>(weights, inputs),
        "onnx_e_c1d_ts13_fix.onnx" | "onnx_e_c1d_ts17_dyn.onnx" | "onnx_e_c1d_dy18_dyn.onnx" | "onnx_e_c1d_dy20_fix.onnx" => super::support::run::<OnnxEC1dTs13Fix>(weights, inputs),
        "onnx_e_c1d_ts17_unfused.onnx" | "onnx_e_c1d_dy18_unfused.onnx" => super::support::run::<OnnxEC1dTs17Unfused>(weights, inputs),
        "onnx_e_emb_ts13_fix.onnx" | "onnx_e_emb_ts17_dyn.onnx" | "onnx_e_emb_dy18_dyn.onnx" | "onnx_e_emb_dy20_fix.onnx" => super::support::run::<OnnxEEmbTs13Fix>(weights, inputs),
        "onnx_e_gn_dy18_dyn.onnx" | "onnx_e_gn_dy20_fix.onnx" => super::support::run::<OnnxEGnDy18Dyn>(weights, inputs),
        "onnx_e_gn_ts13_fix.onnx" | "onnx_e_gn_ts17_dyn.onnx" => super::support::run::<OnnxEGnTs13Fix>(weights, inputs),
        "onnx_e_ln_ts13_fix.onnx" | "onnx_e_ln_ts17_dyn.onnx" | "onnx_e_ln_dy18_dyn.onnx" | "onnx_e_ln_dy20_fix.onnx" => super::support::run::<OnnxELnTs13Fix>(weights, inputs),
        "onnx_e_prelu_dy18_dyn.onnx" | "onnx_e_prelu_dy20_fix.onnx" => super::support::run::<OnnxEPreluDy18Dyn>(weights, inputs),
        "onnx_e_prelu_ts13_fix.onnx" | "onnx_e_prelu_ts17_dyn.onnx" => super::support::run::<OnnxEPreluTs13Fix>(weights, inputs),
        "onnx_e_res_ts13_fix.onnx" | "onnx_e_res_ts17_dyn.onnx" | "onnx_e_res_dy18_dyn.onnx" | "onnx_e_res_dy20_fix.onnx" => super::support::run::<OnnxEResTs13Fix>(weights, inputs),
        "onnx_h_act_clip_hardtanh.onnx" => super::support::run::<OnnxHActClipHardtanh>(weights, inputs),
        "onnx_h_act_clip_inputs.onnx" | "onnx_h_act_clip_attrs.onnx" | "onnx_h_act_clip_const.onnx" => super::support::run::<OnnxHActClipInputs>(weights, inputs),
        "onnx_h_act_elu.onnx" => super::support::run::<OnnxHActElu>(weights, inputs),
        "onnx_h_act_elu_default.onnx" => super::support::run::<OnnxHActEluDefault>(weights, inputs),
        "onnx_h_act_gelu.onnx" | "onnx_h_act_gelu_erf_parts.onnx" => super::support::run::<OnnxHActGelu>(weights, inputs),
        "onnx_h_act_gelu_tanh.onnx" => super::support::run::<OnnxHActGeluTanh>(weights, inputs),
        "onnx_h_act_hardsigmoid.onnx" | "onnx_h_act_hardsigmoid_default.onnx" => super::support::run::<OnnxHActHardsigmoid>(weights, inputs),
        "onnx_h_act_hardsigmoid_torch.onnx" => super::support::run::<OnnxHActHardsigmoidTorch>(weights, inputs),
        "onnx_h_act_hardswish.onnx" => super::support::run::<OnnxHActHardswish>(weights, inputs),
        "onnx_h_act_leakyrelu.onnx" => super::support::run::<OnnxHActLeakyrelu>(weights, inputs),
        "onnx_h_act_leakyrelu_default.onnx" => super::support::run::<OnnxHActLeakyreluDefault>(weights, inputs),
        "onnx_h_act_logsoftmax.onnx" => super::support::run::<OnnxHActLogsoftmax>(weights, inputs),
        "onnx_h_act_mish_parts.onnx" | "onnx_h_act_mish.onnx" => super::support::run::<OnnxHActMishParts>(weights, inputs),
        "onnx_h_act_prelu_channel.onnx" => super::support::run::<OnnxHActPreluChannel>(weights, inputs),
        "onnx_h_act_prelu_conv.onnx" => super::support::run::<OnnxHActPreluConv>(weights, inputs),
        "onnx_h_act_prelu_single.onnx" => super::support::run::<OnnxHActPreluSingle>(weights, inputs),
        "onnx_h_act_relu.onnx" | "onnx_h_act_clip_min_only.onnx" => super::support::run::<OnnxHActRelu>(weights, inputs),
        "onnx_h_act_selu.onnx" => super::support::run::<OnnxHActSelu>(weights, inputs),
        "onnx_h_act_sigmoid.onnx" => super::support::run::<OnnxHActSigmoid>(weights, inputs),
        "onnx_h_act_silu_parts.onnx" => super::support::run::<OnnxHActSiluParts>(weights, inputs),
        "onnx_h_act_softmax.onnx" | "onnx_h_act_softmax_axis1.onnx" | "onnx_h_act_softmax_opset11.onnx" => super::support::run::<OnnxHActSoftmax>(weights, inputs),
        "onnx_h_act_softmax11_4d.onnx" => super::support::run::<OnnxHActSoftmax114d>(weights, inputs),
        "onnx_h_act_softmax13_4d.onnx" => super::support::run::<OnnxHActSoftmax134d>(weights, inputs),
        "onnx_h_act_softplus.onnx" => super::support::run::<OnnxHActSoftplus>(weights, inputs),
        "onnx_h_act_softsign.onnx" => super::support::run::<OnnxHActSoftsign>(weights, inputs),
        "onnx_h_act_tanh.onnx" => super::support::run::<OnnxHActTanh>(weights, inputs),
        "onnx_h_avgpool.onnx" => super::support::run::<OnnxHAvgpool>(weights, inputs),
        "onnx_h_avgpool_pads_exclude.onnx" => super::support::run::<OnnxHAvgpoolPadsExclude>(weights, inputs),
        "onnx_h_avgpool_pads_include.onnx" => super::support::run::<OnnxHAvgpoolPadsInclude>(weights, inputs),
        "onnx_h_avgpool_same_upper.onnx" => super::support::run::<OnnxHAvgpoolSameUpper>(weights, inputs),
        "onnx_h_bn_after_conv.onnx" => super::support::run::<OnnxHBnAfterConv>(weights, inputs),
        "onnx_h_bn_after_relu.onnx" => super::support::run::<OnnxHBnAfterRelu>(weights, inputs),
        "onnx_h_bn_dense.onnx" => super::support::run::<OnnxHBnDense>(weights, inputs),
        "onnx_h_bn_first.onnx" => super::support::run::<OnnxHBnFirst>(weights, inputs),
        "onnx_h_concat.onnx" => super::support::run::<OnnxHConcat>(weights, inputs),
        "onnx_h_concat_dense.onnx" => super::support::run::<OnnxHConcatDense>(weights, inputs),
        "onnx_h_concat_three.onnx" => super::support::run::<OnnxHConcatThree>(weights, inputs),
        "onnx_h_conv1d.onnx" => super::support::run::<OnnxHConv1d>(weights, inputs),
        "onnx_h_conv_1x1_nobias.onnx" => super::support::run::<OnnxHConv1x1Nobias>(weights, inputs),
        "onnx_h_conv_asym_pads.onnx" => super::support::run::<OnnxHConvAsymPads>(weights, inputs),
        "onnx_h_conv_bias_add.onnx" => super::support::run::<OnnxHConvBiasAdd>(weights, inputs),
        "onnx_h_conv_depthwise.onnx" => super::support::run::<OnnxHConvDepthwise>(weights, inputs),
        "onnx_h_conv_depthwise_mult2.onnx" => super::support::run::<OnnxHConvDepthwiseMult2>(weights, inputs),
        "onnx_h_conv_dilated.onnx" => super::support::run::<OnnxHConvDilated>(weights, inputs),
        "onnx_h_conv_groups.onnx" => super::support::run::<OnnxHConvGroups>(weights, inputs),
        "onnx_h_conv_kws.onnx" => super::support::run::<OnnxHConvKws>(weights, inputs),
        "onnx_h_conv_plain.onnx" | "onnx_h_conv_valid.onnx" => super::support::run::<OnnxHConvPlain>(weights, inputs),
        "onnx_h_conv_same_lower_evenkernel.onnx" => super::support::run::<OnnxHConvSameLowerEvenkernel>(weights, inputs),
        "onnx_h_conv_same_lower_s2_even.onnx" => super::support::run::<OnnxHConvSameLowerS2Even>(weights, inputs),
        "onnx_h_conv_same_upper_evenkernel.onnx" => super::support::run::<OnnxHConvSameUpperEvenkernel>(weights, inputs),
        "onnx_h_conv_same_upper_s1.onnx" | "onnx_h_conv_notset_pads.onnx" | "onnx_h_conv_batch1.onnx" => super::support::run::<OnnxHConvSameUpperS1>(weights, inputs),
        "onnx_h_conv_same_upper_s2_even.onnx" | "onnx_h_conv_asym_pads_s2.onnx" => super::support::run::<OnnxHConvSameUpperS2Even>(weights, inputs),
        "onnx_h_conv_same_upper_s2_odd.onnx" => super::support::run::<OnnxHConvSameUpperS2Odd>(weights, inputs),
        "onnx_h_conv_stride_hw.onnx" => super::support::run::<OnnxHConvStrideHw>(weights, inputs),
        "onnx_h_flatten.onnx" | "onnx_h_flatten_neg.onnx" | "onnx_h_reshape_0_m1.onnx" | "onnx_h_reshape_m1_k.onnx" | "onnx_h_reshape_1_k.onnx" | "onnx_h_reshape_const.onnx" | "onnx_h_reshape_shape_chain.onnx" | "onnx_h_identity_dropout.onnx" | "onnx_h_dropout_opset10.onnx" | "onnx_h_dropout_false.onnx" | "onnx_h_mul_add_const.onnx" => super::support::run::<OnnxHFlatten>(weights, inputs),
        "onnx_h_gap.onnx" | "onnx_h_reduce_mean.onnx" => super::support::run::<OnnxHGap>(weights, inputs),
        "onnx_h_gemm_nobias.onnx" => super::support::run::<OnnxHGemmNobias>(weights, inputs),
        "onnx_h_gemm_transb1.onnx" | "onnx_h_gemm_transb0.onnx" | "onnx_h_gemm_alphabeta_t1.onnx" | "onnx_h_gemm_alphabeta_t0.onnx" | "onnx_h_gemm_c_row.onnx" | "onnx_h_gemm_c_scalar.onnx" | "onnx_h_gemm_float_data.onnx" | "onnx_h_gemm_const_nodes.onnx" | "onnx_h_gemm_opset11.onnx" | "onnx_h_external_data.onnx" => super::support::run::<OnnxHGemmTransb1>(weights, inputs),
        "onnx_h_gmp.onnx" => super::support::run::<OnnxHGmp>(weights, inputs),
        "onnx_h_inits_as_inputs.onnx" | "onnx_h_weights_f16.onnx" | "onnx_h_weights_f64.onnx" => super::support::run::<OnnxHInitsAsInputs>(weights, inputs),
        "onnx_h_matmul_add.onnx" | "onnx_h_matmul_add_bias_first.onnx" => super::support::run::<OnnxHMatmulAdd>(weights, inputs),
        "onnx_h_matmul_nobias.onnx" => super::support::run::<OnnxHMatmulNobias>(weights, inputs),
        "onnx_h_maxpool.onnx" => super::support::run::<OnnxHMaxpool>(weights, inputs),
        "onnx_h_maxpool_ceil0.onnx" => super::support::run::<OnnxHMaxpoolCeil0>(weights, inputs),
        "onnx_h_maxpool_ceil1.onnx" => super::support::run::<OnnxHMaxpoolCeil1>(weights, inputs),
        "onnx_h_maxpool_overlap.onnx" => super::support::run::<OnnxHMaxpoolOverlap>(weights, inputs),
        "onnx_h_maxpool_pads.onnx" => super::support::run::<OnnxHMaxpoolPads>(weights, inputs),
        "onnx_h_maxpool_same_upper.onnx" => super::support::run::<OnnxHMaxpoolSameUpper>(weights, inputs),
        "onnx_h_nhwc.onnx" => super::support::run::<OnnxHNhwc>(weights, inputs),
        "onnx_h_nhwc_gap.onnx" => super::support::run::<OnnxHNhwcGap>(weights, inputs),
        "onnx_h_pad_conv.onnx" => super::support::run::<OnnxHPadConv>(weights, inputs),
        "onnx_h_reshape_fold.onnx" => super::support::run::<OnnxHReshapeFold>(weights, inputs),
        "onnx_h_residual.onnx" => super::support::run::<OnnxHResidual>(weights, inputs),
        "onnx_h_residual_projection.onnx" => super::support::run::<OnnxHResidualProjection>(weights, inputs),
        "onnx_h_residual_shortcut_first.onnx" => super::support::run::<OnnxHResidualShortcutFirst>(weights, inputs),
        "onnx_h_resize_asym_floor.onnx" | "onnx_h_resize_halfpixel.onnx" | "onnx_h_resize_sizes.onnx" => super::support::run::<OnnxHResizeAsymFloor>(weights, inputs),
        "onnx_h_resize_linear.onnx" => super::support::run::<OnnxHResizeLinear>(weights, inputs),
        "onnx_h_shared_weight.onnx" => super::support::run::<OnnxHSharedWeight>(weights, inputs),
        other => panic!("{other} has no declaration"),
    }
}
