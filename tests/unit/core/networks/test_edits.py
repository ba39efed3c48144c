"""Numbers of a network and its input that are set by hand."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from core import InitLabError, Net, Network, network_code
from core.networks.edits import MAX_CHARS, MAX_EDITS, Edit, check_edits, edited, read_edits
from core.networks.module import seeded_input

NET = Network.of("3-4.xavier_normal.tanh-2.softmax")


def test_an_edit_is_read_and_written() -> None:
    edits = read_edits(" w1.2.3=0.25, x5.1=−1e-3 ,w2.2.4=-7")
    assert edits == (Edit((1, 2, 3), 0.25), Edit((5, 1), -0.001), Edit((2, 2, 4), -7.0))
    assert [edit.is_weight for edit in edits] == [True, False, True]
    assert ",".join(map(str, edits)) == "w1.2.3=0.25,x5.1=-0.001,w2.2.4=-7"
    assert read_edits("") == ()
    assert str(read_edits("x1.1=-0")[0]) == "x1.1=0"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("w1.2=1", "network.edit"),
        ("x1.2.3=1", "network.edit"),
        ("w1.2.3", "network.edit"),
        ("w1.2.3=nan", "network.edit"),
        ("w1.2.3=inf", "network.edit"),
        ("w1.2.3=1e31", "network.edit"),
        ("w1.2.3=1e-31", "network.edit"),
        ("w1.2.3=1_0", "network.edit"),
        ("w1.2.3=1;x1.1=2", "network.edit"),
        ("w1.2.3=٣", "network.edit"),
        ("w1.1.1=1,", "network.edit"),
        ("w1.1.1=1,w1.1.1=2", "network.edit_twice"),
        (",".join(f"x{row}.1=1" for row in range(1, MAX_EDITS + 2)), "network.edits"),
        ("x1.1=0." + "1" * MAX_CHARS, "network.edits_long"),
        (None, "network.edit"),
    ],
)
def test_what_is_no_edit_is_refused(text: str, code: str) -> None:
    with pytest.raises(InitLabError) as error:
        read_edits(text)
    assert error.value.code == code


def test_as_many_as_may_be_are_read() -> None:
    longest = [f"w16.4096.{at}=-1.2345678901234567e-30" for at in range(4000, 4000 + MAX_EDITS)]
    assert len(read_edits(",".join(longest))) == MAX_EDITS


@pytest.mark.parametrize("text", ["w1.4.3=1", "w2.2.4=1", "x6.3=1"])
def test_the_last_place_is_one(text: str) -> None:
    (edit,) = read_edits(text)
    check_edits([edit], NET, 6)
    beyond = edit._replace(place=(*edit.place[:-1], edit.place[-1] + 1))
    with pytest.raises(InitLabError):
        check_edits([beyond], NET, 6)


@pytest.mark.parametrize(
    "text",
    ["w1.5.3=1", "w1.4.4=1", "w3.1.1=1", "w0.1.1=1", "w1.0.1=1", "w2.2.5=1", "x7.1=1", "x1.4=1", "x0.1=1"],
)
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InitLabError) as error:
        check_edits(read_edits(text), NET, 6)
    assert error.value.code == "network.edit_place"


def test_what_is_set_is_set_and_nothing_else() -> None:
    net, plain = (Net(NET, seed=3) for _ in range(2))
    x = seeded_input(6, 3, seed=7)
    own = edited(net, x, read_edits("w1.2.3=0.25,w2.1.4=-7,x5.1=0.5"))
    with torch.no_grad():
        plain.linear1.weight[1, 2] = 0.25
        plain.out.weight[0, 3] = -7
    row = x.clone()
    row[4, 0] = 0.5
    assert torch.equal(own, row)
    assert torch.equal(x, seeded_input(6, 3, seed=7))  # as it was given
    for ours, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert isinstance(ours, nn.Parameter)


def test_the_code_sets_the_same_and_gives_the_same_output(tmp_path: Path) -> None:
    edits = read_edits("w1.2.3=0.1,w2.1.4=-7,x5.1=1e-05")
    code = network_code(NET, seed=3, batch=6, data_seed=7, edits=edits)
    file = tmp_path / "model.py"
    file.write_text(
        code + "    torch.save((output, my_data, my_model.state_dict()), 'out.pt')\n", encoding="utf-8"
    )
    subprocess.run([sys.executable, "-I", str(file)], check=True, cwd=tmp_path, capture_output=True)
    output, data, state = torch.load(tmp_path / "out.pt")
    net = Net(NET, seed=3)
    x = edited(net, seeded_input(6, 3, seed=7), edits)
    assert torch.equal(data, x)
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())
    assert torch.allclose(output, net(x), rtol=1e-5)


def test_code_refuses_a_place_that_is_none() -> None:
    with pytest.raises(InitLabError) as error:
        network_code(NET, seed=3, batch=6, edits=read_edits("x7.1=1"))
    assert error.value.code == "network.edit_place"
