"""Where a scheme comes from: papers, and the documentation of torch and others."""

from typing import NamedTuple


class Source(NamedTuple):
    """Where a scheme comes from."""

    citation: str
    title: str
    url: str


_TORCH_INIT = "https://docs.pytorch.org/docs/stable/nn.init.html"
TORCH = Source("torch.nn.init", "PyTorch documentation", _TORCH_INIT)
HE_2015 = Source(
    "He et al. 2015",
    "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
    "https://arxiv.org/abs/1502.01852",
)
GLOROT_2010 = Source(
    "Glorot & Bengio 2010",
    "Understanding the difficulty of training deep feedforward neural networks",
    "https://proceedings.mlr.press/v9/glorot10a.html",
)
LECUN_1998 = Source(
    "LeCun et al. 1998",
    "Efficient BackProp",
    "https://doi.org/10.1007/3-540-49430-8_2",
)
KLAMBAUER_2017 = Source(
    "Klambauer et al. 2017",
    "Self-Normalizing Neural Networks; the rule is that of LeCun et al. 1998, Efficient BackProp",
    "https://arxiv.org/abs/1706.02515",
)
KERAS = Source(
    "Keras VarianceScaling",
    "Keras documentation",
    "https://keras.io/api/layers/initializers/",
)
SAXE_2014 = Source(
    "Saxe et al. 2014",
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    "https://arxiv.org/abs/1312.6120",
)
MARTENS_2010 = Source(
    "Martens 2010",
    "Deep learning via Hessian-free optimization",
    "https://www.cs.toronto.edu/~jmartens/docs/Deep_HessianFree.pdf",
)
RADFORD_2019 = Source(
    "Radford et al. 2019",
    "Language Models are Unsupervised Multitask Learners",
    "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
)
YANG_2022 = Source(
    "Yang et al. 2022",
    "Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter Transfer",
    "https://arxiv.org/abs/2203.03466",
)
YANG_2023 = Source(
    "Yang et al. 2023",
    "Tensor Programs VI: Feature Learning in Infinite-Depth Neural Networks",
    "https://arxiv.org/abs/2310.02244",
)
WANG_2022 = Source(
    "Wang et al. 2022",
    "DeepNet: Scaling Transformers to 1,000 Layers",
    "https://arxiv.org/abs/2203.00555",
)
ZHANG_2019 = Source(
    "Zhang et al. 2019",
    "Fixup Initialization: Residual Learning Without Normalization",
    "https://arxiv.org/abs/1901.09321",
)
NGUYEN_2019 = Source(
    "Nguyen & Salazar 2019",
    "Transformers without Tears: Improving the Normalization of Self-Attention",
    "https://arxiv.org/abs/1910.05895",
)
BLACK_2022 = Source(
    "Black et al. 2022",
    "GPT-NeoX-20B: An Open-Source Autoregressive Language Model, section 2.2; Wang's rule is that of "
    "Mesh Transformer JAX",
    "https://arxiv.org/abs/2204.06745",
)
TORCHTITAN = Source(
    "torchtitan, depth_init",
    "torchtitan source, llama3 model, TransformerBlock",
    "https://github.com/pytorch/torchtitan/tree/v0.1.0/torchtitan/models/llama3",
)
RAFFEL_2020 = Source(
    "Raffel et al. 2020",
    "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer; the stds are those "
    "of its code, Mesh TensorFlow",
    "https://arxiv.org/abs/1910.10683",
)
SITZMANN_2020 = Source(
    "Sitzmann et al. 2020",
    "Implicit Neural Representations with Periodic Activation Functions",
    "https://arxiv.org/abs/2006.09661",
)
LINEAR_DEFAULT = Source(
    "torch.nn.Linear",
    "PyTorch documentation; the rule is that of LeCun et al. 1998, Efficient BackProp",
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
)
