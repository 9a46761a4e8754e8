"""Describes ONNX models as the reference implementation (python3-onnx) reads them, for TestCorpusAgainstPython.

Reads paths from stdin, one a line, and writes one JSON object a line."""
import hashlib
import json
import os
import struct
import sys

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper


def digest(tensor, folder):
    if tensor.data_type == TensorProto.BFLOAT16:  # numpy has no such type: keep the bits
        if tensor.data_location == TensorProto.EXTERNAL:
            onnx.external_data_helper.load_external_data_for_tensor(tensor, folder)
        data = tensor.raw_data or np.array(tensor.int32_data, "<u2").tobytes()
    else:
        a = numpy_helper.to_array(tensor, folder)
        data = np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes()
    return [tensor.name, tensor.data_type, list(tensor.dims), hashlib.sha256(data).hexdigest()]


def value(v):
    t = v.type.tensor_type
    shape = None
    if t.HasField("shape"):
        shape = [d.dim_param or (d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else "?") for d in t.shape.dim]
    return [v.name, t.elem_type, shape]


def text(b):
    """Maps bytes to a string one to one."""
    return (b if isinstance(b, bytes) else b.encode("utf-8")).decode("latin-1")


def bits(f):
    return struct.pack("<f", f).hex()


def attribute(a, folder):
    kind = a.type
    if not kind:  # IR version 1
        kind = AttributeProto.FLOAT if a.HasField("f") else AttributeProto.INT
    v = {
        AttributeProto.TENSOR: lambda: digest(a.t, folder),
        AttributeProto.STRING: lambda: text(a.s),
        AttributeProto.STRINGS: lambda: [text(s) for s in a.strings],
        AttributeProto.INT: lambda: str(a.i),
        AttributeProto.INTS: lambda: [str(i) for i in a.ints],
        AttributeProto.FLOAT: lambda: bits(a.f),
        AttributeProto.FLOATS: lambda: [bits(f) for f in a.floats],
    }[kind]()
    return [a.name, kind, v]


def describe(path):
    m, folder = onnx.load(path, load_external_data=False), os.path.dirname(path)
    g = m.graph
    constants = {t.name for t in g.initializer}
    return {
        "ir": m.ir_version, "producer": text(m.producer_name),
        "version": m.producer_version, "model": m.model_version,
        "opsets": [[o.domain, o.version] for o in m.opset_import],
        "metadata": [[p.key, p.value] for p in m.metadata_props],
        "inputs": [value(v) for v in g.input if v.name not in constants],
        "outputs": [value(v) for v in g.output],
        "values": [value(v) for v in g.value_info],
        "initializers": [digest(t, folder) for t in g.initializer],
        "nodes": sorted([n.name, n.op_type, n.domain, list(n.input), list(n.output),
                         [attribute(a, folder) for a in n.attribute]] for n in g.node),
    }


for line in sys.stdin:
    print(json.dumps(describe(line.rstrip("\n"))))
