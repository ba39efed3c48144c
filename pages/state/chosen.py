"""The values in force on this run, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from core import PARAMETERS, SCHEMES, Comparison, Entry, Layer, Network
from core.networks.edits import Edit
from core.table import Rows, written
from core.weights.sampling import streams
from pages.state.controls import CONTROLS, DTYPE_NAMES, MAX_LINK_DATA, TABLE, VERSION, default_of
from pages.state.operator_limits import limit
from pages.state.parsers import Refusal, Value, comparison_of, edits_of, layer_of, network_of, table_of


@dataclass(slots=True)
class State:
    """The values in force on this run, and why an entry is not among them."""

    values: dict[str, Value]
    page: str = "home"
    refusals: dict[str, Refusal] = field(default_factory=dict)
    #: link parameters that are no control of this page
    unknown: tuple[str, ...] = ()
    version: str = VERSION
    #: what the link gave, as it stood there, where that is not the default
    linked: Mapping[str, str] = field(default_factory=dict)
    #: refusals that a control has shown beside itself
    said: set[str] = field(default_factory=set)
    #: True on the run that a link, or the back button, brought about
    arrived: bool = False
    #: where torch draws: the device chosen, or the CPU where this machine has no such device
    device: str = "cpu"

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The controls of this page."""
        return CONTROLS[self.page]

    @property
    def far(self) -> bool:
        """Whether the page is for the last row of a lecture hall."""
        return bool(self.values["view"] == "projector")

    @property
    def presents(self) -> bool:
        """Whether this is a lecturer's own window, beside the one that a class sees."""
        return bool(self.values["view"] == "presenter")

    @property
    def hidden(self) -> frozenset[str]:
        """Controls and parts of the page that the link hides."""
        return frozenset(str(self.values["hide"]).split(","))

    @property
    def fixed(self) -> frozenset[str]:
        """Controls that a visitor cannot change: hidden or locked."""
        return self.hidden | frozenset(str(self.values["lock"]).split(","))

    @property
    def layer(self) -> Layer:
        """The layer whose weight is drawn."""
        linear = f"Linear({self.values['fan_in']}, {self.values['fan_out']})"
        return layer_of(str(self.values["layer"]) or linear)

    @property
    def is_linear(self) -> bool:
        """Whether the two fans make the layer, and no layer is given, right or wrong."""
        return not self.values["layer"] and "layer" not in self.refusals

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the layer's weight."""
        return self.layer.shape

    @property
    def dtype(self) -> torch.dtype:
        """What torch draws in."""
        return DTYPE_NAMES[str(self.values["dtype"])]

    @property
    def params(self) -> dict[str, Any]:
        """The chosen scheme's parameters, without those that have no effect."""
        return read({name: self.values[name] for name in SCHEMES[str(self.values["scheme"])].params})

    @property
    def idle(self) -> set[str]:
        """Controls that nothing reads: parameters of other schemes, and what other choices make idle."""
        unread = {c.name for c in TABLE.values() if c.read_if is not None and not c.read_if(self.values)}
        return (PARAMETERS.keys() - self.params.keys()) | unread

    @property
    def network(self) -> Network:
        """The network that is run."""
        return network_of(str(self.values["net"]))

    @property
    def comparison(self) -> Comparison:
        """The schemes that are compared."""
        return comparison_of(str(self.values["rows"]))

    def as_entry(self) -> str:
        """Return the chosen scheme as a row of a comparison."""
        scheme = str(self.values["scheme"])
        own: dict[str, Value] = {**SCHEMES[scheme].params, "nonlinearity": "relu"}  # leaky_relu's of slope 0
        given = {n: v for n, v in self.params.items() if v != own[n]}
        if given.get("nonlinearity") == "leaky_relu" and "a" in given:
            del given["nonlinearity"]  # the scheme's own
        return str(Entry(scheme, tuple(given.items())))

    @property
    def bias(self) -> str | float:
        """How the biases of a deep network are drawn, as ``core.signal`` takes it."""
        return float(self.values["sigma_b"]) if self.values["bias"] == "normal" else str(self.values["bias"])

    @property
    def rows(self) -> Rows | None:
        """The visitor's own input, or None where it is drawn."""
        return table_of(str(self.values["data"])) if self.values["data"] else None

    @property
    def batch(self) -> int:
        """Rows of the input."""
        return int(self.values["batch"]) if self.rows is None else len(self.rows)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The numbers of the network and its input that are set by hand."""
        return edits_of(str(self.values["edits"]))

    @property
    def labels(self) -> tuple[int, ...]:
        """One label a row: those given, or the classes in turn."""
        if self.values["labels"]:
            return tuple(map(int, str(self.values["labels"]).split(",")))
        return tuple(row % self.network.outputs for row in range(self.batch))

    @property
    def limit(self) -> int:
        """How many weights this draw may have."""
        scheme, device = str(self.values["scheme"]), self.device
        streamed = streams(scheme, self.shape, device, **self.params)
        return limit("STREAMED" if streamed else "HELD")

    def query(self) -> dict[str, str]:
        """Return the URL parameters that reproduce this page: defaults, and other schemes', left out."""
        idle = self.idle
        values = {name: self.values[name] for name in self.names if name not in idle}
        scheme = str(self.values["scheme"])
        query = {n: written(v) for n, v in values.items() if v != default_of(n, scheme)}
        if len(query.get("data", "")) > MAX_LINK_DATA:
            del query["data"]
        return versioned(query)


#: parameter → another, and the one value of that with which it is read
READ_WITH = {"a": ("nonlinearity", "leaky_relu"), "d_kv": ("role", "q"), "n_decoder": ("stack", "encoder")}


def is_read(name: str, params: Mapping[str, Any]) -> bool:
    """Tell whether a parameter has an effect beside a scheme's others."""
    other, value = READ_WITH.get(name, ("", ""))
    return bool(params.get(other, value) == value)


def read(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scheme's parameters, without those that have no effect beside the others."""
    return {name: value for name, value in params.items() if is_read(name, params)}


def versioned(query: Mapping[str, str]) -> dict[str, str]:
    """Return a link's parameters with the version, which one without choices does without."""
    return {"v": VERSION, **query} if query else {}
