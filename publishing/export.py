"""The network as ONNX.

The tensor that `preprocess` makes -> calibrated probabilities and the margin that says "not sure".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model import DigitCNN

FILE = "model.onnx"
OPSET, IR = 17, 8  # of 2022: what runtimes in use can read


class ExportError(RuntimeError):
    """The network cannot be written as ONNX. The message is one sentence."""


def export(net: DigitCNN, path: Path) -> None:
    """Write `net`: "image" (N, 1, 28, 28) float32 0..1 -> "probabilities" (N, 10) and "margin" (N,), equal to
    `predict`.

    Batch normalisation goes into the convolutions before it. The same network gives the same bytes. Raises
    ExportError.
    """
    try:
        import onnx
    except ImportError:
        raise ExportError(f"{FILE} needs the Python package onnx: `pip install onnx`.") from None
    from onnx import TensorProto, helper, numpy_helper
    from torch import nn

    nodes, tensors, now = [], [], "image"

    def constant(name: str, values: np.ndarray) -> str:
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def add(kind: str, *inputs: str, **attributes) -> str:
        nodes.append(helper.make_node(kind, [now, *inputs], [f"{kind}_{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    layers = [*net.features, net.dense]
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            state = {name: tensor.double().numpy() for name, tensor in after.state_dict().items()}
            scale = state["weight"] / np.sqrt(state["running_var"] + after.eps)
            kernel = layer.weight.detach().double().numpy() * scale[:, None, None, None]
            count = len(nodes)
            weights, bias = constant(f"kernel_{count}", kernel), state["bias"] - scale * state["running_mean"]
            now = add(
                "Conv", weights, constant(f"bias_{count}", bias), kernel_shape=[3, 3], pads=[1, 1, 1, 1]
            )
        elif isinstance(layer, nn.ReLU):
            now = add("Relu")
        elif isinstance(layer, nn.MaxPool2d):
            now = add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        elif isinstance(layer, nn.AdaptiveAvgPool2d):
            # ONNX has no pooling of 7 into 3. With this stride the parts are the same for these sizes.
            if (pool := net.config.places) not in (1, 2, 3, 6, 7):
                raise ExportError(f"{pool} places a side cannot be written as ONNX; 1, 2, 3, 6 and 7 can.")
            step = 7 // pool
            side = 7 - (pool - 1) * step
            now = add("AveragePool", kernel_shape=[side, side], strides=[step, step])
        elif isinstance(layer, nn.Flatten):
            now = add("Flatten")
        elif isinstance(layer, nn.Linear):
            weights, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
            now = add("Gemm", constant("dense", weights), constant("dense_bias", bias), transB=1)
    best, mean = add("ReduceMax", axes=[1], keepdims=0), add("ReduceMean", axes=[1], keepdims=0)
    nodes.append(helper.make_node("Sub", [best, mean], ["margin"]))
    now = add("Div", constant("temperature", np.array(net.config.temperature)))
    nodes.append(helper.make_node("Softmax", [now], ["probabilities"], axis=1))

    def shaped(name: str, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])

    outputs = [shaped("probabilities", 10), shaped("margin")]
    graph = helper.make_graph(nodes, "digit", [shaped("image", 1, 28, 28)], outputs, tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    about = {"sha256": net.config.sha256, "threshold": str(net.config.threshold), "licence": "apache-2.0"}
    helper.set_model_props(made, about)
    onnx.checker.check_model(made, full_check=True)
    path.write_bytes(made.SerializeToString(deterministic=True))
