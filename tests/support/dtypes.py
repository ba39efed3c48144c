"""Torch's small dtypes."""

import torch

HALVES = (torch.bfloat16, torch.float16)
EIGHTS = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
