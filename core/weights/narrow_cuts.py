"""A normal law of which little lies between its cuts, which torch draws in another way."""

from scipy import special

from .laws import Law

#: Where less of a normal law than this lies between the cuts, torch 2.13 proposes uniform weights and
#: keeps them by the ratio of the density to its peak.
NARROW = 0.3


def kept(law: Law) -> float:
    """Return the share of the normal law that lies between the cuts of ``law``."""
    (mean, std), (low, high) = law.uncut or (0.0, 1.0), law.support
    a, b = (low - mean) / std, (high - mean) / std
    return float(special.ndtr(b) - special.ndtr(a)) if a < 0 else float(special.ndtr(-a) - special.ndtr(-b))


def proposals(law: Law) -> float:
    """Return how many uniform proposals between the cuts torch needs for a weight, in a narrow cut."""
    (mean, _), (low, high) = law.uncut or (0.0, 1.0), law.support
    return (high - low) * float(law.pdf(min(max(mean, low), high)))


def is_narrow(law: Law) -> bool:
    """Tell whether torch draws a law by uniform proposals."""
    return law.uncut is not None and kept(law) <= NARROW
