"""Who is named as a thing's source: by the papers' own title pages, and where each paper stands."""

import pytest

from core import ACTIVATIONS, SCHEMES
from core.teaching.lesson import SOURCES

#: Author and year → what the address of that very paper holds.
PAPERS = {
    "He et al. 2015": "arxiv.org/abs/1502.01852",
    "Glorot & Bengio 2010": "proceedings.mlr.press/v9/glorot10a",
    "LeCun et al. 1998": "doi.org/10.1007/3-540-49430-8_2",
    "Klambauer et al. 2017": "arxiv.org/abs/1706.02515",
    "Saxe et al. 2014": "arxiv.org/abs/1312.6120",
    "Martens 2010": "www.cs.toronto.edu/~jmartens/docs/Deep_HessianFree.pdf",
    "Radford et al. 2019": "language_models_are_unsupervised_multitask_learners.pdf",
    "Yang et al. 2022": "arxiv.org/abs/2203.03466",
    "Yang et al. 2023": "arxiv.org/abs/2310.02244",
    "Wang et al. 2022": "arxiv.org/abs/2203.00555",
    "Zhang et al. 2019": "arxiv.org/abs/1901.09321",
    "Nguyen & Salazar 2019": "arxiv.org/abs/1910.05895",
    "Black et al. 2022": "arxiv.org/abs/2204.06745",
    "Raffel et al. 2020": "arxiv.org/abs/1910.10683",
    "Sitzmann et al. 2020": "arxiv.org/abs/2006.09661",
    "torch.nn.init": "docs.pytorch.org/docs/stable/nn.init.html",
    "torch.nn.Linear": "docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
    "Keras VarianceScaling": "keras.io/api/layers/initializers",
    "torchtitan, depth_init": "github.com/pytorch/torchtitan",
    "Goodfellow et al. 2016, section 8.4": "www.deeplearningbook.org/contents/optimization.html",
    "Hornik et al. 1989": "doi.org/10.1016/0893-6080(89)90020-8",
    "Grinsztajn et al. 2022": "arxiv.org/abs/2207.08815",
    "Paszke et al. 2019": "arxiv.org/abs/1912.01703",
    "Lipton 2016": "arxiv.org/abs/1606.03490",
    "Strubell et al. 2019": "arxiv.org/abs/1906.02243",
    "Bergstra & Bengio 2012": "jmlr.org/papers/v13/bergstra12a",
    "Srivastava et al. 2014": "jmlr.org/papers/v15/srivastava14a",
}
#: Whose rule each scheme is; all that are not here are torch.nn.init's own.
SCHEME_PAPERS = {
    "kaiming_normal": "He et al. 2015",
    "kaiming_uniform": "He et al. 2015",
    "xavier_normal": "Glorot & Bengio 2010",
    "xavier_uniform": "Glorot & Bengio 2010",
    "classic_uniform": "torch.nn.Linear",
    "lecun_normal": "Klambauer et al. 2017",
    "lecun_uniform": "LeCun et al. 1998",
    "variance_scaling": "Keras VarianceScaling",
    "orthogonal": "Saxe et al. 2014",
    "orthogonal_cast": "Saxe et al. 2014",
    "sparse": "Martens 2010",
    "gpt2_residual": "Radford et al. 2019",
    "llama_residual": "torchtitan, depth_init",
    "small_init": "Nguyen & Salazar 2019",
    "wang_init": "Black et al. 2022",
    "t5": "Raffel et al. 2020",
    "mup_hidden": "Yang et al. 2022",
    "mup_output": "Yang et al. 2022",
    "mup_depth": "Yang et al. 2023",
    "deepnorm": "Wang et al. 2022",
    "fixup": "Zhang et al. 2019",
    "siren_first": "Sitzmann et al. 2020",
    "siren_hidden": "Sitzmann et al. 2020",
}
TORCH_OWN = {"uniform", "normal", "zeros", "ones", "constant", "trunc_normal", "eye", "dirac"}
#: The papers that brought each activation in: linear nets, Rectified Linear Units Improve RBMs, Rectifier
#: Nonlinearities Improve Acoustic Models, Efficient BackProp, Learning Representations by Back-propagating,
#: Large Scale Machine Learning (thesis), Computing with Infinite Networks, GELUs, Sigmoid-weighted Linear
#: Units, Mish, ELUs, Self-Normalizing Networks, Incorporating Second-order Functional Knowledge, Quadratic
#: Polynomials Learn Better Image Features.
ACTIVATION_PAPERS = {
    "linear": "Saxe et al. 2014",
    "relu": "Nair & Hinton 2010",
    "leaky_relu": "Maas et al. 2013",
    "tanh": "LeCun et al. 1998",
    "sigmoid": "Rumelhart et al. 1986",
    "hard_tanh": "Collobert 2004",
    "erf": "Williams 1997",
    "gelu": "Hendrycks & Gimpel 2016",
    "silu": "Elfwing et al. 2018",
    "mish": "Misra 2019",
    "elu": "Clevert et al. 2016",
    "selu": "Klambauer et al. 2017",
    "softplus": "Dugas et al. 2001",
    "softsign": "Bergstra et al. 2009",
}


@pytest.mark.parametrize("key", SCHEMES)
def test_a_scheme_is_its_paper_s_and_the_address_is_the_paper_s(key: str) -> None:
    assert (key in SCHEME_PAPERS) != (key in TORCH_OWN)
    source = SCHEMES[key].source
    assert source.citation == SCHEME_PAPERS.get(key, "torch.nn.init")
    assert PAPERS[source.citation] in source.url


def test_an_activation_is_its_paper_s() -> None:
    assert {key: row.source for key, row in ACTIVATIONS.items()} == ACTIVATION_PAPERS


def test_a_source_of_the_lesson_is_its_paper_at_its_address() -> None:
    """The key is the first author's name, so that the citation and the address can be held against it."""
    papers = SOURCES.keys() - {"init", "linear", "conv", "randomness", "sqrt5"}
    assert len(papers) > 10
    for key in papers:
        source = SOURCES[key]
        assert source.citation.lower().startswith(key)
        assert PAPERS[source.citation] in source.url
    for key, page in {"init": "nn.init", "linear": "torch.nn.Linear", "conv": "torch.nn.Conv2d"}.items():
        assert SOURCES[key].url.endswith(f"/{page}.html")
    assert SOURCES["randomness"].url.endswith("/notes/randomness.html")
