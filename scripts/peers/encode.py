"""Each peer's encoder as a function pixels [B, 3, R, R] -> prefix [B, P, E], in arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inputs import Files

Encode = Callable[[np.ndarray], np.ndarray]


def with_transformers(files: Files, precision: str, threads: int, batch: int) -> Encode:
    import torch

    from encoder import load_encoder

    torch.set_num_threads(threads)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    model = load_encoder(files, dtype)

    @torch.inference_mode()
    def encode(pixels: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(pixels).to(dtype)).float().numpy()

    return encode


def with_onnxruntime(files: Files, precision: str, threads: int, batch: int) -> Encode:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(files.onnx[precision], options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(["prefix"], {"pixels": pixels})[0]


def with_openvino(files: Files, precision: str, threads: int, batch: int) -> Encode:
    import openvino

    core = openvino.Core()
    model = core.read_model(files.openvino)
    model.reshape([batch, *model.inputs[0].partial_shape[1:]])
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    })
    return lambda pixels: compiled([pixels])[0]


ENCODERS = {"transformers": with_transformers, "onnxruntime": with_onnxruntime, "openvino": with_openvino}
