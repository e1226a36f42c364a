"""The numbers that the *.torch.py scripts fill weights and pictures with; torch-numbers.ts has the same formula."""
import math

import torch


def numbers(k, shape):
    """Spread evenly over [-1, 1); k tells tensors apart."""
    waves = [43758.5453 * math.sin(1 + 12.9898 * i + 78.233 * k) for i in range(math.prod(shape))]
    return torch.tensor([2 * (w - math.floor(w)) - 1 for w in waves], dtype=torch.float64).reshape(shape)


def sign(x):
    return torch.where(x < 0, -1.0, 1.0)
