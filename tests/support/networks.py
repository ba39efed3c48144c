"""Networks of all kinds of layers, as text."""

#: Networks: non-square, all kinds of layers, with and without biases; some that the browser does not draw.
DEEP = "6-5.kaiming_normal.relu-4.xavier_uniform.tanh-7.normal(std=0.1).no_bias.gelu-3.softmax"
WIDE = "64-64.kaiming_normal.relu-64.xavier_normal.tanh-10.softmax"
SENT = "4-6.orthogonal.mish-3.trunc_normal.zeros_bias.elu-2.sparse(sparsity=0.5)"
ODD = "2-9.normal.erf-33.lecun_uniform.leaky_relu-3.constant(val=0.5).silu-1"
POINTS = "3-4.ones.no_bias.selu-5.zeros.softplus-3.normal.hard_tanh-2.softsign"
