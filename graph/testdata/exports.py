"""Makes exports.npz: modules as PyTorch 1.13 exports them, with the outputs that PyTorch computes.

    python3 exports.py

Each module is exported twice: with opset 9 at a fixed batch size, and with opset 13 at an open one and constants left
unfolded. Each case NAME gives three arrays: NAME.model (the bytes of the ONNX file), NAME.x and NAME.y. Left out is
what the exporter refuses or gets wrong (circular padding).
"""
import io
import os
import warnings

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.filterwarnings("ignore")
torch.manual_seed(0)
arrays = {}


def train_statistics(module):
    """Gives batch normalisations statistics that differ from those they start with."""
    for m in module.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias)


def export(name, shape, module, scale=1.0):
    module.eval()
    train_statistics(module)
    for opset, axes in ((9, None), (13, {"x": {0: "N"}, "y": {0: "N"}})):
        x = torch.randn(*shape) * scale
        file = io.BytesIO()
        try:
            torch.onnx.export(module, x, file, opset_version=opset, do_constant_folding=axes is None,
                              input_names=["x"], output_names=["y"], dynamic_axes=axes)
        except Exception as error:
            print("not exported:", name, opset, str(error).splitlines()[0])
            continue
        if axes:
            x = torch.randn(3, *shape[1:]) * scale
        case = f"{name}_{opset}"
        with torch.no_grad():
            arrays[case + ".y"] = module(x).numpy()
        arrays[case + ".x"] = x.numpy()
        arrays[case + ".model"] = np.frombuffer(file.getvalue(), dtype=np.uint8)


class Graph(nn.Module):

    def __init__(s, f, *mods):
        super().__init__()
        s.f = f
        s.m = nn.ModuleList(mods)

    def forward(s, x):
        return s.f(x, *s.m)


export('resproj', (1, 3, 8, 8),
       Graph(
           lambda x, a, b, c, bn, fc: fc(torch.relu(b(torch.relu(bn(a(x)))) + c(x)).mean([2, 3])),
           nn.Conv2d(3, 4, 3, 2, 1, bias=False),
           nn.Conv2d(4, 4, 3, 1, 1),
           nn.Conv2d(3, 4, 1, 2),
           nn.BatchNorm2d(4),
           nn.Linear(4, 5)))
export('mobile', (1, 3, 9, 9),
       nn.Sequential(
           nn.Conv2d(3, 6, 3, 2, 1, bias=False),
           nn.BatchNorm2d(6),
           nn.ReLU6(),
           nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False),
           nn.BatchNorm2d(6),
           nn.Hardswish(),
           nn.Conv2d(6, 4, 1),
           nn.AdaptiveAvgPool2d(1),
           nn.Flatten(),
           nn.Dropout(0.2),
           nn.Linear(4, 5)))


class SE(nn.Module):

    def __init__(s):
        super().__init__()
        s.c = nn.Conv2d(3, 4, 3)
        s.a = nn.Conv2d(4, 2, 1)
        s.b = nn.Conv2d(2, 4, 1)
        s.f = nn.Linear(4 * 6 * 6, 5)

    def forward(s, x):
        x = F.relu(s.c(x))
        w = F.hardsigmoid(s.b(F.relu(s.a(F.adaptive_avg_pool2d(x, 1)))))
        x = x * w
        return s.f(x.view(x.size(0), -1))


export('se', (1, 3, 8, 8), SE())
export('dense', (1, 3, 8, 8),
       Graph(
           lambda x, a, b, c, f: f(torch.flatten(F.max_pool2d(torch.cat([x, F.relu(a(x)), F.leaky_relu(b(x), 0.1), torch.tanh(c(x))], 1), 2), 1)),
           nn.Conv2d(3, 2, 3, padding=1),
           nn.Conv2d(3, 2, 5, padding=2),
           nn.Conv2d(3, 2, 1),
           nn.Linear(9 * 16, 5)))
export('prelu', (1, 3, 8, 8),
       nn.Sequential(
           nn.Conv2d(3, 4, 3),
           nn.PReLU(4),
           nn.Conv2d(4, 4, 3, stride=2),
           nn.PReLU(),
           nn.Flatten(),
           nn.Linear(16, 3)))
for (nm, a) in dict(elu=nn.ELU(),
        selu=nn.SELU(),
        celu=nn.CELU(),
        gelu=nn.GELU(),
        silu=nn.SiLU(),
        hs=nn.Hardswish(),
        hsig=nn.Hardsigmoid(),
        sp=nn.Softplus(),
        ssign=nn.Softsign(),
        tanh=nn.Tanh(),
        sig=nn.Sigmoid(),
        mish=nn.Mish(),
        logsig=nn.LogSigmoid(),
        relu6=nn.ReLU6(),
        lrelu=nn.LeakyReLU(0.2),
        ht=nn.Hardtanh(-0.5, 0.7),
        tshr=nn.Tanhshrink(),
        glu=nn.GLU(1)).items():
    w = 3 if nm == 'glu' else 6
    export('act_' + nm, (1, 5), nn.Sequential(nn.Linear(5, 6), a, nn.Linear(w, 4)), scale=3.0)
export('ln', (1, 5), nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 4)))
export('ln2', (1, 2, 5), nn.Sequential(nn.LayerNorm([2, 5], elementwise_affine=False), nn.Flatten(), nn.Linear(10, 4)))
export('gn', (1, 3, 8, 8), nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)))
export('inorm', (1, 3, 8, 8),
       nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)))
export('inorm0', (1, 3, 8, 8),
       nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)))
for i, p in enumerate((nn.MaxPool2d(3, 2, 1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.MaxPool2d(2, dilation=2),
        nn.AvgPool2d(3, 2, 1),
        nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        nn.AvgPool2d(3, 2, 1, ceil_mode=True),
        nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.AdaptiveAvgPool2d((4, 4)),
        nn.AdaptiveMaxPool2d(1),
        nn.AdaptiveAvgPool2d((None, 1)),
        nn.LPPool2d(2, 2))):
    export(f'pool_{i}', (1, 3, 8, 8) if not getattr(p, 'ceil_mode', False) else (1, 3, 9, 8), nn.Sequential(nn.Conv2d(3, 4, 1), p))
export('c1d', (1, 2, 12),
       nn.Sequential(
           nn.Conv1d(2, 4, 3, padding=2, dilation=2),
           nn.BatchNorm1d(4),
           nn.ReLU(),
           nn.MaxPool1d(2),
           nn.AvgPool1d(3, 2, 1),
           nn.Flatten(),
           nn.Linear(12, 3)))
export('c3d', (1, 2, 6, 7, 8),
       nn.Sequential(nn.Conv3d(2, 3, 3), nn.ReLU(), nn.MaxPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, 2)))
export('pads', (1, 3, 8, 8),
       Graph(lambda x, c: torch.flatten(c(F.pad(F.pad(x, (1, 2, 0, 1), value=0.5), (-1, 0, 1, 0))), 1), nn.Conv2d(3, 2, 3)))
export('zpad', (1, 3, 8, 8), nn.Sequential(nn.ZeroPad2d((1, 2, 3, 4)), nn.Conv2d(3, 2, 3), nn.Flatten()))
export('norm', (1, 3, 4, 4),
       Graph(
           lambda x, f: f(((x - torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1)) / torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1)).flatten(1)),
           nn.Linear(48, 3)))
export('norm2', (1, 3, 4, 4), Graph(lambda x, f: f((x * 2 - 1).reshape(x.shape[0], -1)), nn.Linear(48, 3)))
export('norm255', (1, 3, 4, 4), Graph(lambda x, f: f(x.div(255.0).sub(0.5).view(-1, 48)), nn.Linear(48, 3)))
export('chunk', (1, 5), Graph(lambda x, f: (lambda a, b: torch.relu(a) * b)(*f(x).chunk(2, 1)), nn.Linear(5, 8)))
export('split', (1, 5),
       Graph(
           lambda x, f: (lambda a, b, c: a[:, :2] + b + c.sum(1, keepdim=True))(*torch.split(f(x), [3, 2, 3], 1)),
           nn.Linear(5, 8)))
export('maxout', (1, 5), Graph(lambda x, f: f(x).view(-1, 4, 2).max(2)[0], nn.Linear(5, 8)))
export('maxout2', (1, 5), Graph(lambda x, f: f(x).view(x.size(0), 4, 2).amax(2), nn.Linear(5, 8)))
export('slices', (1, 3, 6, 6), Graph(lambda x, f: f(x[:, ::2, 1:-1, -3:].flatten(1)), nn.Linear(2 * 4 * 3, 3)))
export('index', (1, 3, 6, 6), Graph(lambda x, f: f(x[:, [2, 0]].flatten(1)) + f(x[:, 1:].flatten(1)), nn.Linear(2 * 36, 3)))
export('select', (1, 3, 6, 6), Graph(lambda x, f: f(x[:, 0].flatten(1)), nn.Linear(36, 3)))
export('sq', (2, 5), Graph(lambda x, f: f(x.unsqueeze(1)).squeeze(), nn.Linear(5, 1)))
export('bin', (1, 5), Graph(lambda x, f: torch.sigmoid(f(x)).squeeze(1), nn.Linear(5, 1)))
export('binlogit', (1, 5), Graph(lambda x, f: f(x).view(-1), nn.Linear(5, 1)))
export('perm', (1, 3, 4, 4), Graph(lambda x, f: f(x.permute(0, 2, 3, 1).reshape(-1, 48)), nn.Linear(48, 3)))
export('shuffle', (1, 3, 4, 4),
       Graph(
           lambda x, c: c(x).view(x.size(0), 2, 3, 4, 4).transpose(1, 2).contiguous().view(x.size(0), -1, 4, 4).mean((2, 3)),
           nn.Conv2d(3, 6, 1)))
export('wn', (1, 5), nn.Sequential(nn.utils.weight_norm(nn.Linear(5, 6)), nn.ReLU(), nn.Linear(6, 3)))
export('bilin', (1, 5), Graph(lambda x, a, b, f: f(a(x) * b(x)), nn.Linear(5, 4), nn.Linear(5, 4), nn.Linear(4, 3)))
export('mm', (1, 5),
       Graph(
           lambda x, f: torch.matmul(f(x), f.weight) + torch.addmm(x, x, f.weight[:5, :5], beta=0.3, alpha=0.7),
           nn.Linear(5, 7)))
export('scale', (1, 5), Graph(lambda x, a, b: x + 0.1 * b(F.relu(a(x))), nn.Linear(5, 4), nn.Linear(4, 5)))
export('nrm', (1, 5), Graph(lambda x, a: F.normalize(a(x), dim=1) * 3, nn.Linear(5, 4)))
export('cos', (1, 5), Graph(lambda x, a: F.linear(F.normalize(x), F.normalize(a.weight)), nn.Linear(5, 4)))
export('softmaxmid', (1, 5), Graph(lambda x, a, b: b(torch.softmax(a(x), 1)), nn.Linear(5, 4), nn.Linear(4, 2)))
export('logsm', (1, 5), nn.Sequential(nn.Linear(5, 4), nn.LogSoftmax(1)))
export('sm3', (1, 3, 4, 4), nn.Sequential(nn.Conv2d(3, 4, 1), nn.Softmax(1)))
export('logofsm', (1, 5), Graph(lambda x, a: torch.log(torch.softmax(a(x), 1)), nn.Linear(5, 4)))
export('clampmin', (1, 5), Graph(lambda x, a, b: b(torch.clamp(a(x), min=0)), nn.Linear(5, 4), nn.Linear(4, 3)))
export('maxzero', (1, 5), Graph(lambda x, a, b: b(torch.max(a(x), torch.zeros(1))), nn.Linear(5, 4), nn.Linear(4, 3)))
export('abs', (1, 5), Graph(lambda x, a, b: b(torch.abs(a(x))), nn.Linear(5, 4), nn.Linear(4, 3)))
export('square', (1, 5), Graph(lambda x, a, b: b(a(x) ** 2), nn.Linear(5, 4), nn.Linear(4, 3)))
export('stack', (1, 5), Graph(lambda x, a, b: torch.stack([a(x), b(x)], 2).sum(2), nn.Linear(5, 4), nn.Linear(5, 4)))
export('expandcls', (1, 2, 5),
       Graph(lambda x, f: f(torch.cat([torch.ones(1, 1, 5).expand(x.size(0), 1, 5), x], 1).flatten(1)), nn.Linear(15, 3)))
export('mean1', (1, 2, 5), Graph(lambda x, f: f(x.mean(1)), nn.Linear(5, 3)))
export('std', (1, 5), Graph(lambda x, f: f(x) - f(x).mean(1, keepdim=True), nn.Linear(5, 3)))
export('prod', (1, 5), Graph(lambda x, f: f(x).prod(1, keepdim=True), nn.Linear(5, 3)))
export('lse', (1, 5), Graph(lambda x, f: torch.logsumexp(f(x), 1, keepdim=True), nn.Linear(5, 3)))
export('min', (1, 5), Graph(lambda x, f, g: torch.min(f(x), g(x)), nn.Linear(5, 3), nn.Linear(5, 3)))


class Attn(nn.Module):

    def __init__(s):
        super().__init__()
        s.q = nn.Linear(8, 24)
        s.o = nn.Linear(8, 8)
        s.f = nn.Linear(8, 3)

    def forward(s, x):
        B, N, C = x.shape
        q, k, v = s.q(x).reshape(B, N, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q @ k.transpose(-2, -1) * 0.5).softmax(-1)
        return s.f((a @ v).transpose(1, 2).reshape(B, N, C).mean(1))


export('attn', (1, 5, 8), Attn())
export('std1', (1, 5), Graph(lambda x, f: f(x) / x.std(1, keepdim=True), nn.Linear(5, 3)))

np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "exports.npz"), **arrays)
