"""Makes operators.npz: single operators with the outputs that onnxruntime 1.20.1 computes.

    npm install --ignore-scripts onnxruntime-node@1.20.1    # anywhere, in FOLDER say
    python3 operators.py FOLDER

Needs Python's onnx (1.12) and node. Each case NAME gives three arrays: NAME.model (the bytes of the ONNX file), NAME.x
and NAME.y. Left out are what onnxruntime does not run (Add and PRelu of opset 6) and an average pool that both counts
padding and rounds up, where it divides by the whole window and the standard (and PyTorch) by what lies on the padded
input.
"""
import json
import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as N

folder = sys.argv[1]
rng = np.random.default_rng(0)
models = {}


def f(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def case(name, nodes, xshape, inits={}, opset=13, dyn=True, xs=None, ir=8):
    """A model of the nodes, from x (whose batch is open if dyn) and initializers to y."""
    shape = (["N"] + list(xshape[1:])) if dyn else list(xshape)
    graph = H.make_graph(
        nodes, "g",
        [H.make_tensor_value_info("x", T.FLOAT, shape)],
        [H.make_tensor_value_info("y", T.FLOAT, None)],
        [N.from_array(np.asarray(v), k) for k, v in inits.items()])
    model = H.make_model(graph, opset_imports=[H.make_opsetid("", opset)], ir_version=ir)
    x = f(*xshape) if xs is None else xs.astype(np.float32)
    models[name] = (model.SerializeToString(), x)


n = H.make_node
I = lambda *v: np.array(v, dtype=np.int64)

# Products
for ta in (0,):
    for tb in (0, 1):
        w = f(5, 3) if not tb else f(3, 5)
        case(f'gemm_tb{tb}', [n('Gemm', ['x', 'w', 'c'], ['y'], transB=tb, alpha=0.7, beta=1.3)], (4, 5), {'w': w, 'c': f(3)})
case('gemm_c_scalar', [n('Gemm', ['x', 'w', 'c'], ['y'])], (4, 5), {'w': f(5, 3), 'c': np.float32(2.5)})
case('gemm_c_col', [n('Gemm', ['x', 'w', 'c'], ['y'])], (1, 5), {'w': f(5, 3), 'c': f(1, 1)}, dyn=False)
case('gemm_noc', [n('Gemm', ['x', 'w'], ['y'], alpha=2.0)], (4, 5), {'w': f(5, 3)})
case('gemm_op7', [n('Gemm', ['x', 'w', 'c'], ['y'])], (4, 5), {'w': f(5, 3), 'c': f(1, 3)}, opset=7)
case('matmul_3d', [n('MatMul', ['x', 'w'], ['y'])], (4, 2, 5), {'w': f(5, 3)})
case('matmul_left', [n('MatMul', ['w', 'x'], ['y'])], (4, 5, 2), {'w': f(3, 5)})
case('matmul_batch', [n('MatMul', ['x', 'w'], ['y'])], (4, 6, 2, 5), {'w': f(6, 5, 3)})
case('matmul_vec', [n('MatMul', ['x', 'w'], ['y'])], (4, 5), {'w': f(5)})
case('matmul_self', [n('Transpose', ['x'], ['t'], perm=[0, 2, 1]), n('MatMul', ['x', 't'], ['y'])], (4, 3, 5))

# Elementwise
for op in 'Add Sub Mul Div'.split():
    case(f'{op}_chan', [n(op, ['x', 'w'], ['y'])], (2, 3, 4, 5), {'w': f(3, 1, 1)})
    case(f'{op}_left', [n(op, ['w', 'x'], ['y'])], (2, 3, 4, 5), {'w': f(1, 3, 1, 5)})
case('Mul_scalar', [n('Mul', ['x', 'w'], ['y'])], (2, 3), {'w': np.float32(0.3)})
for op in 'Sum Max Min Mean'.split():
    case(f'{op}_3', [n(op, ['x', 'w', 'v'], ['y'])], (2, 3, 4), {'w': f(4), 'v': f(3, 1)})
    case(f'{op}_1', [n(op, ['x'], ['y'])], (2, 3, 4))
case('Max_zero', [n('Max', ['x', 'w'], ['y'])], (2, 3, 4), {'w': np.float32(0)})
case('Pow_2', [n('Pow', ['x', 'w'], ['y'])], (2, 3, 4), {'w': np.float32(2)})
case('Pow_int', [n('Pow', ['x', 'w'], ['y'])], (2, 3, 4), {'w': np.int64(3)})
case('Pow_half', [n('Abs', ['x'], ['a']), n('Pow', ['a', 'w'], ['y'])], (2, 3, 4), {'w': f(4)})
U = dict(Relu=1, Sigmoid=1, Tanh=1, Exp=1, Neg=1, Abs=1, Erf=13, Softplus=1, Softsign=1, Sign=13, Floor=1, Ceil=1, Round=11, Sin=7, Cos=7, Elu=1, Selu=1, HardSigmoid=1, ThresholdedRelu=10, Reciprocal=1)
for op, o in U.items():
    case(f'un_{op}', [n(op, ['x'], ['y'])], (3, 40), xs=f(3, 40) * 3)
for op in ('Sqrt', 'Log'):
    case(f'un_{op}', [n('Abs', ['x'], ['a']), n(op, ['a'], ['y'])], (3, 40), xs=f(3, 40) * 3)
case('Elu_a', [n('Elu', ['x'], ['y'], alpha=0.4)], (3, 40))
case('Selu_a', [n('Selu', ['x'], ['y'], alpha=1.2, gamma=0.9)], (3, 40))
case('Celu_a', [n('Celu', ['x'], ['y'], alpha=0.4)], (3, 40))
case('HardSigmoid_a', [n('HardSigmoid', ['x'], ['y'], alpha=0.3, beta=0.1)], (3, 40), xs=f(3, 40) * 3)
case('ThresholdedRelu_a', [n('ThresholdedRelu', ['x'], ['y'], alpha=0.4)], (3, 40))
case('LeakyRelu_d', [n('LeakyRelu', ['x'], ['y'])], (3, 40))
case('LeakyRelu_a', [n('LeakyRelu', ['x'], ['y'], alpha=0.2)], (3, 40))
case('HardSwish', [n('HardSwish', ['x'], ['y'])], (3, 40), opset=14, xs=f(3, 40) * 3)
case('Gelu20', [n('Gelu', ['x'], ['y'])], (3, 40), opset=20, ir=9, xs=f(3, 40) * 3)
case('Gelu20t', [n('Gelu', ['x'], ['y'], approximate='tanh')], (3, 40), opset=20, ir=9, xs=f(3, 40) * 3)
case('Mish18', [n('Mish', ['x'], ['y'])], (3, 40), opset=18, xs=f(3, 40) * 3)
case('PRelu_1', [n('PRelu', ['x', 'w'], ['y'])], (2, 3, 4, 4), {'w': f(1)})
case('PRelu_c', [n('PRelu', ['x', 'w'], ['y'])], (2, 3, 4, 4), {'w': f(3, 1, 1)})
case('Clip_6', [n('Clip', ['x'], ['y'], min=-0.5, max=1.0)], (3, 40), opset=6)
case('Clip_11', [n('Clip', ['x', 'lo', 'hi'], ['y'])], (3, 40), {'lo': np.float32(-0.5), 'hi': np.float32(0.7)}, opset=11)
case('Clip_max', [n('Clip', ['x', '', 'hi'], ['y'])], (3, 40), {'hi': np.float32(0.7)})
case('Clip_min0', [n('Clip', ['x', 'lo'], ['y'])], (3, 40), {'lo': np.float32(0)})
case('Clip_none', [n('Clip', ['x'], ['y'])], (3, 40))
case('Clip_6min0', [n('Clip', ['x'], ['y'], min=0.0)], (3, 40), opset=6)

# Softmax
for o in (9, 11, 13):
    for ax in (None, 1, 2, -1):
        kw = {} if ax is None else {'axis': ax}
        if o == 9 and ax == -1:
            continue
        for op in ('Softmax', 'LogSoftmax'):
            case(f'{op}_{o}_{ax}', [n(op, ['x'], ['y'], **kw)], (2, 3, 4), opset=o)

# Convolutions


def conv(name, xs, w, opset=13, bias=True, **kw):
    i = {'w': w}
    ins = ['x', 'w']
    if bias:
        i['b'] = f(w.shape[0])
        ins.append('b')
    case('conv_' + name, [n('Conv', ins, ['y'], **kw)], xs, i, opset=opset)


conv('plain', (2, 3, 7, 8), f(4, 3, 3, 3))
conv('nob', (2, 3, 7, 8), f(4, 3, 3, 3), bias=False, kernel_shape=[3, 3])
conv('stride', (2, 3, 9, 8), f(4, 3, 3, 2), strides=[2, 3], pads=[1, 0, 1, 1])
conv('asym', (2, 3, 9, 8), f(4, 3, 3, 3), pads=[0, 2, 1, 0])
conv('dil', (2, 3, 11, 12), f(4, 3, 3, 3), dilations=[2, 3], pads=[2, 1, 0, 3])
conv('group', (2, 4, 7, 7), f(6, 2, 3, 3), group=2)
conv('depth', (2, 4, 7, 7), f(8, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
conv('1d', (2, 3, 12), f(5, 3, 4), strides=[2], pads=[1, 2], dilations=[2])
conv('3d', (2, 2, 5, 6, 4), f(3, 2, 2, 3, 2), pads=[1, 0, 0, 0, 1, 1], strides=[1, 2, 1])
for ap in ('SAME_UPPER', 'SAME_LOWER', 'VALID'):
    conv('auto_' + ap, (2, 3, 8, 9), f(4, 3, 4, 3), auto_pad=ap, strides=[2, 2])
conv('auto1_SAME_UPPER', (2, 3, 8, 9), f(4, 3, 4, 3), auto_pad='SAME_UPPER')
conv('auto1_SAME_LOWER', (2, 3, 8, 9), f(4, 3, 4, 3), auto_pad='SAME_LOWER')
conv('k1', (2, 3, 8, 9), f(4, 3, 1, 1), strides=[2, 2])

# Pooling


def pool(op, name, xs, opset=13, ir=8, **kw):
    case(f'{op}_{name}', [n(op, ['x'], ['y'], **kw)], xs, opset=opset, ir=ir)


for op in ('MaxPool', 'AveragePool'):
    pool(op, 'plain', (2, 3, 7, 8), kernel_shape=[2, 3])
    pool(op, 'stride', (2, 3, 7, 8), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pool(op, 'asym', (2, 3, 7, 8), kernel_shape=[3, 3], strides=[2, 2], pads=[0, 1, 2, 1])
    pool(op, 'ceil', (2, 3, 7, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool(op, 'ceilpad', (2, 3, 8, 10), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)
    pool(op, '1d', (2, 3, 9), kernel_shape=[3], strides=[2])
    for ap in ('SAME_UPPER', 'SAME_LOWER', 'VALID'):
        pool(op, 'auto_' + ap, (2, 3, 8, 9), kernel_shape=[3, 2], strides=[2, 2], auto_pad=ap)
    pool(op, '3d', (2, 2, 5, 6, 4), kernel_shape=[2, 3, 2], strides=[1, 2, 1])
pool('MaxPool', 'dil', (2, 3, 9, 10), kernel_shape=[2, 3], dilations=[2, 2], pads=[1, 1, 0, 0])
pool('MaxPool', 'op8', (2, 3, 9, 10), kernel_shape=[2, 3], opset=8)
for c in (0, 1):
    pool('AveragePool', f'cip{c}', (2, 3, 7, 8), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2], count_include_pad=1 * c)
pool('AveragePool', 'dil19', (2, 3, 9, 10), kernel_shape=[2, 3], dilations=[2, 2], opset=19, ir=9)
for op in ('GlobalAveragePool', 'GlobalMaxPool'):
    case(op, [n(op, ['x'], ['y'])], (2, 3, 4, 5))
    case(op + '3', [n(op, ['x'], ['y'])], (2, 3, 4))

# Reductions
for op in 'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp'.split():
    for keep in (0, 1):
        if op == 'ReduceSum':
            case(f'{op}_{keep}', [n(op, ['x', 'a'], ['y'], keepdims=keep)], (2, 3, 4, 5), {'a': I(2, -1)})
        else:
            case(f'{op}_{keep}', [n(op, ['x'], ['y'], axes=[2, -1], keepdims=keep)], (2, 3, 4, 5))
    case(f'{op}_18', [n(op, ['x', 'a'], ['y'])], (2, 3, 4, 5), {'a': I(1)}, opset=18)
    case(f'{op}_11', [n(op, ['x'], ['y'], axes=[1, 3])], (2, 3, 4, 5), opset=11)
case('ReduceLogSum', [n('Abs', ['x'], ['a']), n('ReduceLogSum', ['a'], ['y'], axes=[1])], (2, 3, 4))

# Normalisation
bn = lambda c: {'s': f(c), 'b': f(c), 'm': f(c), 'v': np.abs(f(c)) + 0.1}
case('bn4', [n('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], epsilon=0.001)], (2, 3, 4, 5), bn(3))
case('bn2_op9', [n('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])], (2, 6), bn(6), opset=9)
case('bn3_op15', [n('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])], (2, 6, 4), bn(6), opset=15)
case('bn_op7', [n('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])], (2, 3, 4, 5), bn(3), opset=7)
case('ln17', [n('LayerNormalization', ['x', 's', 'b'], ['y'], axis=-1)], (2, 3, 8), {'s': f(8), 'b': f(8)}, opset=17)
case('ln17_2', [n('LayerNormalization', ['x', 's'], ['y'], axis=1)], (2, 3, 8), {'s': f(3, 8)}, opset=17)
case('instnorm', [n('InstanceNormalization', ['x', 's', 'b'], ['y'])], (2, 3, 4, 5), {'s': f(3), 'b': f(3)})

# Shapes
case('flatten0', [n('Flatten', ['x'], ['y'], axis=2)], (2, 3, 4, 5))
case('flattenm1', [n('Flatten', ['x'], ['y'], axis=-1)], (2, 3, 4, 5))
case('flatten1', [n('Flatten', ['x'], ['y'])], (2, 3, 4, 5))
case('reshape_0m1', [n('Reshape', ['x', 's'], ['y'])], (2, 3, 4, 5), {'s': I(0, -1)})
case('reshape_00', [n('Reshape', ['x', 's'], ['y'])], (2, 3, 4, 5), {'s': I(0, 0, 20)})
case('reshape_m1_4', [n('Reshape', ['x', 's'], ['y'])], (2, 3, 4, 5), {'s': I(-1, 4, 15)})
case('reshape_op1', [n('Reshape', ['x'], ['y'], shape=[-1, 60])], (2, 3, 4, 5), opset=4)
case('reshape_bakedm1', [n('Reshape', ['x', 's'], ['y'])], (1, 3, 4, 5), {'s': I(1, -1)}, dyn=False)
case('reshape_baked', [n('Reshape', ['x', 's'], ['y'])], (1, 3, 4, 5), {'s': I(1, 60)}, dyn=False)
case('reshape_merge', [n('Reshape', ['x', 's'], ['t']), n('MatMul', ['t', 'w'], ['u']), n('Reshape', ['u', 'r'], ['y'])], (2, 3, 5), {'s': I(-1, 5), 'w': f(5, 4), 'r': I(-1, 3, 4)})
case('squeeze13', [n('Squeeze', ['x', 'a'], ['y'])], (2, 1, 4, 1), {'a': I(1, -1)})
case('squeeze11', [n('Squeeze', ['x'], ['y'], axes=[3])], (2, 1, 4, 1), opset=11)
case('unsqueeze13', [n('Unsqueeze', ['x', 'a'], ['y'])], (2, 4), {'a': I(1, -1)})
case('unsqueeze11', [n('Unsqueeze', ['x'], ['y'], axes=[1, 3])], (2, 4), opset=11)
case('transpose', [n('Transpose', ['x'], ['y'], perm=[0, 2, 3, 1])], (2, 3, 4, 5))
case('concat', [n('Concat', ['x', 'x', 'x'], ['y'], axis=-1)], (2, 3, 4))
case('concat_c', [n('Mul', ['x', 'x'], ['z']), n('Concat', ['z', 'x'], ['y'], axis=1)], (2, 3, 4))
case('gather0', [n('Gather', ['x', 'i'], ['y'], axis=1)], (2, 5, 4), {'i': np.int64(-2)})
case('gather2', [n('Gather', ['x', 'i'], ['y'], axis=2)], (2, 5, 4), {'i': np.array([[0, 3], [1, -1]], dtype=np.int64)})
case('slice10', [n('Slice', ['x', 's', 'e', 'a', 'st'], ['y'])], (2, 9, 8), {'s': I(1, -1), 'e': I(8, -100), 'a': I(1, 2), 'st': I(3, -2)})
case('slice9', [n('Slice', ['x'], ['y'], starts=[1, -3], ends=[1000, -1], axes=[1, 2])], (2, 9, 8), opset=9)
case('slice_noaxes', [n('Slice', ['x', 's', 'e'], ['y'])], (2, 9, 8), {'s': I(0, 2), 'e': I(2 ** 31 - 1, 7)})
case('slice_maxint', [n('Slice', ['x', 's', 'e', 'a'], ['y'])], (2, 9, 8), {'s': I(3), 'e': I(2 ** 63 - 1), 'a': I(-1)})
case('split13', [n('Split', ['x', 's'], ['a', 'b'], axis=1), n('Mul', ['a', 'w'], ['c']), n('Concat', ['b', 'c'], ['y'], axis=1)], (2, 9, 8), {'s': I(2, 7), 'w': np.float32(2)})
case('split11', [n('Split', ['x'], ['a', 'b'], axis=1, split=[4, 5]), n('Concat', ['b', 'a'], ['y'], axis=1)], (2, 9, 8), opset=11)
case('split_eq', [n('Split', ['x'], ['a', 'b', 'c'], axis=1), n('Add', ['b', 'a'], ['t']), n('Sub', ['t', 'c'], ['y'])], (2, 9, 8))
case('split18', [n('Split', ['x'], ['a', 'b'], axis=1, num_outputs=2), n('Concat', ['b', 'a'], ['y'], axis=1)], (2, 9, 8), opset=18)
for mode in ('constant', 'reflect', 'edge'):
    case('pad13_' + mode, [n('Pad', ['x', 'p'], ['y'], mode=mode)], (2, 3, 4, 5), {'p': I(0, 0, 1, 2, 0, 0, 3, 1)})
    case('pad9_' + mode, [n('Pad', ['x'], ['y'], mode=mode, pads=[0, 0, 1, 2, 0, 0, 3, 1])], (2, 3, 4, 5), opset=9)
case('pad_val', [n('Pad', ['x', 'p', 'v'], ['y'])], (2, 3, 4, 5), {'p': I(0, 0, 1, 2, 0, 1, 3, 1), 'v': np.float32(1.5)})
case('pad_neg', [n('Pad', ['x', 'p'], ['y'])], (2, 3, 4, 5), {'p': I(0, 0, -1, 2, 0, 1, 0, -1)})
case('pad18_axes', [n('Pad', ['x', 'p', '', 'a'], ['y'])], (2, 3, 4, 5), {'p': I(1, 2, 3, 0), 'a': I(2, -1)}, opset=18)
case('pad19_wrap', [n('Pad', ['x', 'p'], ['y'], mode='wrap')], (2, 3, 4, 5), {'p': I(0, 0, 1, 2, 0, 0, 3, 1)}, opset=19, ir=9)
case('expand', [n('Expand', ['x', 's'], ['y'])], (2, 3, 1), {'s': I(1, 3, 4)})
case('tile', [n('Tile', ['x', 's'], ['y'])], (2, 3, 2), {'s': I(1, 2, 3)})
case('dropout7', [n('Dropout', ['x'], ['y'], ratio=0.4)], (2, 3), opset=10)
case('dropout13', [n('Dropout', ['x', 'r'], ['y'])], (2, 3), {'r': np.float32(0.4)})
case('identity', [n('Identity', ['x'], ['y'])], (2, 3))
case('cast16', [n('Cast', ['x'], ['h'], to=T.FLOAT), n('Cast', ['h'], ['y'], to=1)], (2, 3))

# Shape arithmetic
case('shape_expand', [n('Shape', ['x'], ['s']), n('Constant', [], ['i0'], value_int=0), n('Gather', ['s', 'i0'], ['b'], axis=0), n('Unsqueeze', ['b', 'z'], ['bu']), n('Concat', ['bu', 'm'], ['t'], axis=0), n('Reshape', ['x', 't'], ['y'])], (2, 3, 4), {'z': I(0), 'm': I(-1)})
case('shape15', [n('Shape', ['x'], ['s'], start=0, end=1), n('Concat', ['s', 'm'], ['t'], axis=0), n('Reshape', ['x', 't'], ['y'])], (2, 3, 4), {'m': I(12)}, opset=15)
case('where_expand', [n('Constant', [], ['t'], value=N.from_array(I(-1, 3, 4))), n('Shape', ['t'], ['ts']), n('ConstantOfShape', ['ts'], ['ones'], value=N.from_array(np.array([1], dtype=np.int64))), n('Constant', [], ['m'], value=N.from_array(np.int64(-1))), n('Mul', ['ones', 'm'], ['neg']), n('Equal', ['t', 'neg'], ['eq']), n('Where', ['eq', 'ones', 't'], ['tt']), n('Expand', ['x', 'tt'], ['y'])], (2, 3, 1))
case('shape_halves', [n('Shape', ['x'], ['s']), n('Gather', ['s', 'one'], ['c'], axis=0), n('Div', ['c', 'two'], ['h']), n('Unsqueeze', ['h', 'z'], ['hu']), n('Slice', ['x', 'zz', 'hu', 'oo'], ['a']), n('Slice', ['x', 'hu', 'big', 'oo'], ['b']), n('Sub', ['a', 'b'], ['y'])], (2, 8, 4), {'one': np.int64(1), 'two': np.int64(2), 'z': I(0), 'zz': I(0), 'oo': I(1), 'big': I(2 ** 63 - 1)})
case('shape_floorcast', [n('Shape', ['x'], ['s']), n('Gather', ['s', 'one'], ['c'], axis=0), n('Cast', ['c'], ['cf'], to=1), n('Div', ['cf', 'two'], ['h']), n('Floor', ['h'], ['hf']), n('Cast', ['hf'], ['hi'], to=7), n('Unsqueeze', ['hi', 'z'], ['hu']), n('Slice', ['x', 'zz', 'hu', 'oo'], ['y'])], (2, 9, 4), {'one': np.int64(1), 'two': np.float32(2), 'z': I(0), 'zz': I(0), 'oo': I(1)})
case('shape_prod', [n('Shape', ['x'], ['s']), n('Slice', ['s', 'o', 'b'], ['r']), n('ReduceProd', ['r'], ['p'], keepdims=1), n('Concat', ['m', 'p'], ['t'], axis=0), n('Reshape', ['x', 't'], ['y'])], (2, 9, 4), {'o': I(1), 'b': I(100), 'm': I(-1)})
case('range', [n('Range', ['a', 'b', 'c'], ['i']), n('Gather', ['x', 'i'], ['y'], axis=1)], (2, 9, 4), {'a': np.int64(0), 'b': np.int64(9), 'c': np.int64(2)})
case('size', [n('Constant', [], ['t'], value=N.from_array(I(-1, 3, 4))), n('Size', ['t'], ['s']), n('Unsqueeze', ['s', 'z'], ['su']), n('Concat', ['m', 'su', 'o'], ['r'], axis=0), n('Reshape', ['x', 'r'], ['y'])], (2, 3, 5), {'z': I(0), 'm': I(-1), 'o': I(5)})

# Quantisation


def qw(w, axis=None):
    s = np.abs(w).max() / 127 if axis is None else np.abs(w).max(axis=tuple((i for i in range(w.ndim) if i != axis))) / 127
    sh = s if axis is None else s.reshape([-1 if i == axis else 1 for i in range(w.ndim)])
    return (np.clip(np.rint(w / sh), -127, 127).astype(np.int8), np.asarray(s, dtype=np.float32))


w = f(4, 5)
q, s = qw(w)
case('dq_tensor', [n('DequantizeLinear', ['q', 's', 'z'], ['w']), n('Gemm', ['x', 'w'], ['y'], transB=1)], (3, 5), {'q': q, 's': s, 'z': np.int8(3)})
q, s = qw(w, 0)
case('dq_chan', [n('DequantizeLinear', ['q', 's', 'z'], ['w'], axis=0), n('Gemm', ['x', 'w'], ['y'], transB=1)], (3, 5), {'q': q, 's': s, 'z': np.zeros(4, np.int8)})
q, s = qw(f(5, 4), 1)
case('dq_chan1_noz', [n('DequantizeLinear', ['q', 's'], ['w']), n('MatMul', ['x', 'w'], ['y'])], (3, 5), {'q': q, 's': s})
q, s = qw(f(4, 3, 3, 3), 0)
case('dq_conv_bias', [n('DequantizeLinear', ['q', 's'], ['w'], axis=0), n('DequantizeLinear', ['bq', 'bs', 'bz'], ['b'], axis=0), n('Conv', ['x', 'w', 'b'], ['y'])], (2, 3, 5, 5), {'q': q, 's': s, 'bq': np.array([100, -2000, 5, 77], np.int32), 'bs': s * 0.01, 'bz': np.zeros(4, np.int32)})
case('qdq_act', [n('QuantizeLinear', ['x', 's', 'z'], ['q']), n('DequantizeLinear', ['q', 's', 'z'], ['y'])], (3, 50), {'s': np.float32(0.017), 'z': np.uint8(120)}, xs=f(3, 50))
case('qdq_act_i8', [n('QuantizeLinear', ['x', 's', 'z'], ['q']), n('DequantizeLinear', ['q', 's', 'z'], ['y'])], (3, 50), {'s': np.float32(0.017), 'z': np.int8(-5)}, xs=f(3, 50))
case('qdq_act_noz', [n('QuantizeLinear', ['x', 's'], ['q']), n('DequantizeLinear', ['q', 's'], ['y'])], (3, 50), {'s': np.float32(0.017)}, xs=f(3, 50))
case('qdq_perchan', [n('QuantizeLinear', ['x', 's', 'z'], ['q'], axis=1), n('DequantizeLinear', ['q', 's', 'z'], ['y'], axis=1)], (3, 4, 5), {'s': np.abs(f(4)) * 0.02 + 0.01, 'z': np.array([1, 2, 3, 4], np.int8)}, xs=f(3, 4, 5))
w = f(4, 5)
q, s = qw(w)
case('dq_transposed', [n('DequantizeLinear', ['q', 's'], ['w']), n('Transpose', ['w'], ['wt'], perm=[1, 0]), n('MatMul', ['x', 'wt'], ['y'])], (3, 5), {'q': q, 's': s})
case('q_weight_dq', [n('QuantizeLinear', ['w0', 's', 'z'], ['q']), n('DequantizeLinear', ['q', 's', 'z'], ['w']), n('Gemm', ['x', 'w'], ['y'], transB=1)], (3, 5), {'w0': w, 's': s, 'z': np.int8(0)})

arrays = {}
for name, (model, x) in models.items():
    with open(f"{folder}/{name}.onnx", "wb") as file:
        file.write(model)
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump({"shape": x.shape, "data": x.astype(float).ravel().tolist()}, file)
subprocess.run(["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "operators.js"), os.path.abspath(folder)], check=True)
for name, (model, x) in models.items():
    try:
        with open(f"{folder}/{name}.out.json") as file:
            y = json.load(file)
    except FileNotFoundError:
        print("not run by onnxruntime:", name)
        continue
    arrays[name + ".model"] = np.frombuffer(model, dtype=np.uint8)
    arrays[name + ".x"] = x
    arrays[name + ".y"] = np.array(y["data"], dtype=np.float32).reshape(y["shape"])
np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "operators.npz"), **arrays)
