#!/usr/bin/python3
"""Writes ssim.json, the reference scores that ssim_test.go compares with.

The images are drawn here (gradients, discs, stripes and noise from a fixed seed) and rounded to 8 bits, so that the
file holds exactly what was scored. The scores are scikit-image's structural_similarity (0.19.3) on pixels / 255.

    /usr/bin/python3 metrics/testdata/ssim.py
"""
import base64, json, os
import numpy as np
from skimage.metrics import structural_similarity

rng = np.random.default_rng(20041201)


def drawing(channels, height, width):
    i, j = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        ci, cj, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(2, height / 2)
        disc = ((i - ci) ** 2 + (j - cj) ** 2 < r * r) * rng.uniform(0.3, 1)
        stripes = 0.2 * np.sin(rng.uniform(0.2, 1.5) * i + rng.uniform(0.2, 1.5) * j + c)
        planes.append(disc + stripes + 0.3 * j / width)
    return np.clip(np.stack(planes), 0, 1)


def blurred(image):
    return (image + np.roll(image, 1, 1) + np.roll(image, 1, 2) + np.roll(image, -1, 2)) / 4


def byte(image):
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def settings(height, width):
    yield dict(window="uniform", size=7, sigma=0.0, population=False), dict()
    yield dict(window="uniform", size=3, sigma=0.0, population=True), dict(win_size=3, use_sample_covariance=False)
    yield dict(window="uniform", size=11, sigma=0.0, population=False, k1=0.05, k2=0.1, range=2.0), dict(
        win_size=11, K1=0.05, K2=0.1, data_range=2.0)
    yield dict(window="gaussian", size=11, sigma=1.5, population=True), dict(
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    yield dict(window="gaussian", size=11, sigma=1.5, population=False), dict(gaussian_weights=True)
    yield dict(window="gaussian", size=9, sigma=1.0, population=False, range=0.5), dict(
        gaussian_weights=True, sigma=1.0, data_range=0.5)


cases = []
for channels, height, width in [(1, 28, 28), (1, 13, 19), (3, 32, 32), (3, 12, 11)]:
    a = drawing(channels, height, width)
    pairs = {
        "noise": (a, a + rng.normal(0, 0.15, a.shape)),
        "blur": (a, blurred(a)),
        "other": (a, drawing(channels, height, width)),
        "inverse": (a, 1 - a),
    }
    if channels == 1 and height == 28:
        pairs["constants"] = (np.full(a.shape, 0.2), np.full(a.shape, 0.7))
        pairs["same"] = (a, a)
        pairs["black"] = (a, np.zeros(a.shape))
    for name, (x, y) in pairs.items():
        x, y = byte(x), byte(y)
        scores = []
        for ours, theirs in settings(height, width):
            arguments = dict(data_range=1.0) | theirs
            scores.append(ours | dict(ssim=float(structural_similarity(
                np.moveaxis(x, 0, 2) / 255.0, np.moveaxis(y, 0, 2) / 255.0, channel_axis=2, **arguments))))
        cases.append(dict(name=f"{name}-{channels}x{height}x{width}", channels=channels, height=height, width=width,
                          a=base64.b64encode(x.tobytes()).decode(), b=base64.b64encode(y.tobytes()).decode(),
                          scores=scores))

with open(os.path.join(os.path.dirname(__file__), "ssim.json"), "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
