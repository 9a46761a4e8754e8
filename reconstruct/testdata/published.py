#!/usr/bin/env python3
"""Makes published.json: descent on the published loss in PyTorch, by double back-propagation in float64.

    python3 published.py > published.json

Debian: apt-get install python3-torch. Each case is a random network, a setting, a start, and where 40 epochs lead.
"""
import json

import torch

EPOCHS, ALPHA, MIN_LAMBDA, RATE_X, RATE_LAMBDA = 40, 6.0, 0.8, 0.01, 0.1


class SurrogateReLU(torch.autograd.Function):
    """Exact forward; the derivative is sigmoid(alpha z)."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        return g * torch.sigmoid(ALPHA * z)


def margins(params, x, labels):
    """y M(x), or the label's logit less the largest of the others."""
    weights, biases = params[0::2], params[1::2]
    for w, b in zip(weights[:-1], biases[:-1]):
        x = SurrogateReLU.apply(x @ w.T + b)
    out = x @ weights[-1].T + biases[-1]
    if out.shape[1] == 1:
        return out[:, 0] * (2 * labels - 1)
    own = out.gather(1, labels[:, None])
    return (own - out.scatter(1, labels[:, None], -torch.inf).max(1, keepdim=True)[0])[:, 0]


def loss(params, x, lam, labels):
    total = (margins(params, x, labels) * lam).sum() / len(lam)
    grads = torch.autograd.grad(total, params, create_graph=True)
    stationarity = sum((p.detach() - g).pow(2).sum() for p, g in zip(params, grads))
    box = (x - 1).relu().pow(2).sum() + (-1 - x).relu().pow(2).sum()
    return stationarity + box + 5 * (MIN_LAMBDA - lam).relu().pow(2).sum()


def case(widths, m, seed):
    torch.manual_seed(seed)
    params = []
    for inputs, outputs in zip(widths, widths[1:]):
        params += [torch.randn(outputs, inputs) / inputs**0.5, 0.3 * torch.randn(outputs)]
    x, lam = 0.7 * torch.randn(m, widths[0]), m * torch.rand(m)
    labels = torch.arange(m) * max(widths[-1], 2) // m
    rounded = [p.double().requires_grad_() for p in params]
    out = {"widths": widths, "parameters": [p.flatten().tolist() for p in params],
           "alpha": ALPHA, "min_lambda": MIN_LAMBDA, "rate_x": RATE_X, "rate_lambda": RATE_LAMBDA, "epochs": EPOCHS,
           "start": {"x": x.flatten().tolist(), "lambda": lam.tolist()}}
    x, lam = x.double().requires_grad_(), lam.double().requires_grad_()
    out["loss"] = loss(rounded, x, lam, labels).item()
    by_x, by_lambda = (torch.optim.SGD([v], lr=r, momentum=0.9) for v, r in ((x, RATE_X), (lam, RATE_LAMBDA)))
    for _ in range(EPOCHS):
        by_x.zero_grad()
        by_lambda.zero_grad()
        loss(rounded, x, lam, labels).backward()
        by_x.step()
        by_lambda.step()
    out["end"] = {"x": x.flatten().tolist(), "lambda": lam.tolist()}
    return out


cases = [case([6, 9, 1], 6, 1), case([6, 9, 8, 1], 6, 2), case([6, 9, 8, 4], 8, 3)]
print(json.dumps(cases, default=float))
