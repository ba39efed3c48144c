"""Schemes as a network's text has them, and torch's calls, as its documentation names them."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

CALLS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "uniform": nn.init.uniform_,
    "uniform(b=0.5,a=-0.25)": lambda w: nn.init.uniform_(w, -0.25, 0.5),
    "normal": nn.init.normal_,
    "normal(std=0.02)": lambda w: nn.init.normal_(w, std=0.02),
    "normal(std=0.0005)": lambda w: nn.init.normal_(w, std=0.0005),
    "normal(std=0.3)": lambda w: nn.init.normal_(w, std=0.3),
    "normal(std=0.5)": lambda w: nn.init.normal_(w, std=0.5),
    "zeros": nn.init.zeros_,
    "ones": nn.init.ones_,
    "constant": lambda w: nn.init.constant_(w, 5),
    "constant(val=0.2)": lambda w: nn.init.constant_(w, 0.2),
    "constant(val=0.5)": lambda w: nn.init.constant_(w, 0.5),
    "kaiming_normal": nn.init.kaiming_normal_,
    "kaiming_normal(nonlinearity=relu,mode=fan_out)": lambda w: nn.init.kaiming_normal_(
        w, mode="fan_out", nonlinearity="relu"
    ),
    "kaiming_uniform": nn.init.kaiming_uniform_,
    "kaiming_uniform(a=0.25)": lambda w: nn.init.kaiming_uniform_(w, a=0.25),
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_normal(gain=2)": lambda w: nn.init.xavier_normal_(w, gain=2),
    "xavier_uniform": nn.init.xavier_uniform_,
    "lecun_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="linear"),
    "lecun_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="linear"),
    "trunc_normal": nn.init.trunc_normal_,
    "trunc_normal(std=0.5,a=-1,b=0.75)": lambda w: nn.init.trunc_normal_(w, std=0.5, a=-1, b=0.75),
    "variance_scaling(distribution=normal,scale=2,mode=fan_out)": lambda w: nn.init.normal_(
        w, std=math.sqrt(2 / w.shape[0])
    ),
    "orthogonal": nn.init.orthogonal_,
    "orthogonal(gain=2.5)": lambda w: nn.init.orthogonal_(w, gain=2.5),
    "sparse": lambda w: nn.init.sparse_(w, 0.1),
    "sparse(sparsity=0.5,std=1)": lambda w: nn.init.sparse_(w, 0.5, 1.0),
    "eye": nn.init.eye_,
    "gpt2_residual": lambda w: nn.init.normal_(w, std=0.02 / math.sqrt(24)),
    "mup_hidden": lambda w: nn.init.normal_(w, std=1 / math.sqrt(w.shape[1])),
    "mup_output": lambda w: nn.init.normal_(w, std=1 / w.shape[1]),
    "mup_hidden(sigma=0.5,base_width=4)": lambda w: nn.init.normal_(w, std=1 / math.sqrt(w.shape[1])),
    "orthogonal_cast": lambda w: w.data.copy_(
        nn.init.orthogonal_(w.data.double() if w.dtype == torch.float64 else w.data.float())
    ),
    "llama_residual(layer_id=7)": lambda w: nn.init.normal_(w, std=0.02 / 4),
    "small_init": lambda w: nn.init.normal_(w, std=math.sqrt(2 / (5 * w.shape[1]))),
    "wang_init(d_model=16)": lambda w: nn.init.normal_(w, std=2 / 12 / 4),
    "t5(role=wi)": lambda w: nn.init.normal_(w, std=1 / math.sqrt(w.shape[1])),
    "mup_depth(n_layer=4)": lambda w: nn.init.normal_(w, std=1 / math.sqrt(4 * w.shape[1])),
    "deepnorm(n_layer=2)": lambda w: nn.init.xavier_normal_(w, gain=0.5),
    "fixup(n_layer=4)": lambda w: nn.init.normal_(w, std=math.sqrt(2 / w.shape[1]) / 2),
    "siren_first": lambda w: nn.init.uniform_(w, -1 / w.shape[1], 1 / w.shape[1]),
    "siren_hidden": lambda w: nn.init.uniform_(
        w, -math.sqrt(6 / w.shape[1]) / 30, math.sqrt(6 / w.shape[1]) / 30
    ),
}
