"""The command: what it writes, how wide, and what its status says; run in this process but for one run."""

import io
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import command, scan
from core.checkpoints.finding import KINDS
from core.checkpoints.plain_text import plain_text
from core.command import main
from tests.support.stream import ROOT


def _file(folder: Path, name: str, **arrays: np.ndarray) -> str:  # type: ignore[type-arg]
    np.savez(folder / name, **arrays)  # type: ignore[arg-type]
    return str(folder / f"{name}.npz")


def _normal(std: float = 0.02, seed: int = 1, shape: tuple[int, ...] = (64, 50)) -> np.ndarray:  # type: ignore[type-arg]
    return (np.random.default_rng(seed).normal(size=shape) * std).astype("f4")


@pytest.fixture
def clean(tmp_path: Path) -> str:
    return _file(tmp_path, "clean", fc_weight=_normal(), fc_bias=np.zeros(64, "f4"))


@pytest.fixture
def broken(tmp_path: Path) -> str:
    weight = _normal()
    weight[3, 4], weight[0, 0] = np.nan, np.inf
    return _file(tmp_path, "broken", fc_weight=weight, fc_bias=np.zeros(64, "f4"))


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def _on_screen(monkeypatch: pytest.MonkeyPatch, columns: int) -> _Screen:
    screen = _Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


def test_a_clean_file_ends_with_0(clean: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", clean]) == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[0], err) == (
        "NumPy: initialised. 2 tensors, 3,264 numbers read; 0 skipped.",  # 64·50 + 64
        "",
    )


def test_what_stands_out_comes_first_and_ends_with_1(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", broken]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("not_finite"))
    assert lines[at].endswith("1 number is NaN and 1 infinite.")
    assert lines[at + 1] == "  tensors: fc_weight"
    assert lines[at + 2].startswith("  would refute it: ")
    (head,) = (i for i, line in enumerate(lines) if line.startswith("tensor "))
    assert head > at
    assert [line.split()[0] for line in lines[head + 1 :]] == ["fc_weight", "fc_bias"]
    for column in ("dtype", "shape", "starts as", "flags"):
        place = lines[head].index(column)
        assert all(line[place - 1] == " " for line in lines[head + 1 :] if len(line) > place)


def test_only_the_kinds_that_were_named_end_with_1(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", broken, "--fail-on", "same_seed"]) == 0
    assert main(["scan", broken, "--fail-on", "same_seed,not_finite"]) == 1
    assert "not_finite" in capsys.readouterr().out


@pytest.mark.parametrize("kinds", ["spam", "not_finite,spam", ""])
def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(
    kinds: str, clean: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scan", clean, "--fail-on", kinds])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert f"there is no '{kinds.rpartition(',')[2]}'" in err
    assert all(kind in err for kind in KINDS)


def test_what_cannot_be_read_ends_with_2_and_a_sentence(
    tmp_path: Path, clean: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.pt").write_bytes(b"")
    for arguments in (
        [str(tmp_path / "none.pt")],
        [str(tmp_path / "empty.pt")],
        [clean, str(tmp_path / "none.pt")],
        [clean, "--against", str(tmp_path / "none.pt")],
        [clean, "--expect", str(tmp_path / "none.toml")],
    ):
        assert main(["scan", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("init-lab: ")
        assert err.endswith(".\n")
        assert err.count("\n") == 1


def test_a_file_of_which_nothing_is_read_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", _file(tmp_path, "waves", a=np.ones(3, "c8"))]) == 2
    assert "has the dtype c8;" in capsys.readouterr().err


def test_what_is_left_unread_is_said_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", _file(tmp_path, "both", a=np.ones(3, "c8"), b=_normal())]) == 0
    assert "skipped: 'a' in 'both.npz' has the dtype c8;" in capsys.readouterr().out


def test_json_is_the_report_in_ascii(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", broken, "--json"]) == 1
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == json.loads(scan(broken).to_json())


def test_markdown_is_the_report_s(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", broken, "--markdown"]) == 1
    assert capsys.readouterr().out == scan(broken).to_markdown()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ('"*weight" = { scheme = "normal", std = 0.02 }', 0),
        ('"fc_bias" = "zeros"', 0),
        ('"*weight" = { scheme = "normal", std = 0.03 }', 1),
        ('"*bias" = "ones"', 1),
        ('"*weight" = { std = 0.02 }', 2),
        ('"*weight" = { scheme = "normal", width = 0.02 }', 2),
        ('"*weight" = "no_such"', 2),
        ('"other*" = "zeros"', 2),
        ('fc.weight = "zeros"', 2),  # a table fc in TOML
        ('"*weight" = 3', 2),
        ("", 2),
        ("not toml", 2),
    ],
)
def test_claims_are_held_against_the_file(
    line: str, status: int, clean: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "claims.toml").write_text(line, encoding="utf-8")
    assert main(["scan", clean, "--expect", str(tmp_path / "claims.toml")]) == status
    out, err = capsys.readouterr()
    assert ("was expected of" in out) == (status == 1)
    assert (err == "") == (status < 2)


def test_a_million_letters_are_read(clean: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claims = tmp_path / "claims.toml"
    for letters, status in ((2**20, 1), (2**20 + 1, 2)):
        claims.write_text('"*weight" = "zeros"\n#'.ljust(letters, "a"), encoding="utf-8")
        assert main(["scan", clean, "--expect", str(claims)]) == status
    assert "at most 1,048,576 letters" in capsys.readouterr().err


def _compared(tmp_path: Path) -> list[str]:
    """Two files whose std, and shapes, are known without a computer's help.

    Of 40 numbers ±1, and 4 or −2: norms √40 and 20, apart √200, product 120.
    """
    step = np.where(np.arange(40).reshape(8, 5) % 2, 1, -1).astype("f4")
    one = _file(tmp_path, "one", same=step, wider=step, other=step, gone=step)
    two = _file(tmp_path, "two", same=step, wider=3 * step + 1, other=step.T, new=step)
    return ["scan", one, "--against", two]


def test_changes_are_told_by_name_with_their_ratios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(_compared(tmp_path))
    out = capsys.readouterr().out.partition("against ")[2].splitlines()
    assert out[0].endswith("two.npz: 1 equal, 1 changed, 1 reshaped, 1 removed, 1 added")
    assert [line.split() for line in out[2:]] == [
        ["tensor", "change", *["std", "ratio", "mean", "shift", "norm", "ratio", "distance", "cosine"]],
        ["same", "equal", "1", "0", "1", "0", "1"],
        ["wider", "changed", "3", "1", "3.162", "2.236", "0.9487"],
        ["other", "reshaped"],
        ["gone", "removed"],
        ["new", "added"],
    ]


def test_changes_stand_in_json_and_markdown_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = _compared(tmp_path)
    main([*arguments, "--json"])
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["changes"]}
    numbers = {"std_ratio": 3.0, "mean_shift": 1.0, "norm_ratio": math.sqrt(10)}
    numbers |= {"distance": math.sqrt(5), "cosine": 3 / math.sqrt(10)}
    wider, none = found["wider"], dict.fromkeys(numbers)
    assert {name: wider.pop(name) for name in numbers} == pytest.approx(numbers)
    assert wider == {"name": "wider", "status": "changed", "left_law": False}
    assert found["new"] == {"name": "new", "status": "added", "left_law": False, **none}
    main([*arguments, "--markdown"])
    assert "| `wider` | changed | 3 | 1 | 3.162 | 2.236 | 0.9487 |" in capsys.readouterr().out.splitlines()


def test_checkpoints_of_a_run_are_told_apart_by_their_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [_file(tmp_path, name, fc_weight=_normal(seed=i)) for i, name in enumerate("ab")]
    assert main(["scan", *files]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["file", "tensor"],
        ["a.npz", "fc_weight"],
        ["b.npz", "fc_weight"],
    ]
    assert main(["scan", *files, "--against", files[0]]) == 2


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_no_line_is_wider_than_the_screen_and_no_number_is_cut(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "decoder.block.11.layer.2.DenseReluDense.wi_0.weight." * 3
    weight = _normal()
    weight[3, 4] = np.nan
    path = _file(tmp_path, "wide", **{name: weight, "层.权重": _normal(seed=2)})
    screen = _on_screen(monkeypatch, columns)
    assert main(["scan", path]) == 1
    lines = [line.replace("\033[1;31m", "").replace("\033[m", "") for line in screen.getvalue().splitlines()]
    assert max(len(line) + sum(x in "层权重" for x in line) for line in lines) <= columns
    assert "…" in "".join(lines)
    written = [part for line in lines if line.startswith("deco") for part in line.split()]
    if columns > 40:
        assert f"{scan(path).rows[0].std:.4g}" in written


def test_there_is_colour_on_a_screen_alone(
    broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scan", broken])
    assert "\033" not in capsys.readouterr().out
    screen = _on_screen(monkeypatch, 80)
    main(["scan", broken])
    assert "\033[1;31mnot_finite\033[m" in screen.getvalue()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        screen = _on_screen(monkeypatch, 80)
        monkeypatch.setenv(name, value)
        main(["scan", broken])
        assert "\033" not in screen.getvalue()


def test_a_name_cannot_move_the_cursor_or_turn_a_line_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weight = _normal()
    weight[0] = np.nan
    path = _file(tmp_path, "odd", **{"\033[2J\u202ex\rweight": weight, "\033wave": np.ones(2, "c8")})
    for how in ([], ["--markdown"], ["--json"]):
        assert main(["scan", path, *how]) == 1
        out = capsys.readouterr().out
        assert all(line.isprintable() for line in out.splitlines())
        assert r"\u202e" in out


def test_progress_is_told_on_a_screen_alone_and_leaves_nothing(
    clean: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scan", clean])
    assert capsys.readouterr().err == ""
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    main(["scan", clean])
    assert "of 3,264 numbers" in screen.getvalue()
    assert screen.getvalue().endswith("\r\033[K")


class _Deaf(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


class _Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_who_hears_no_more_is_told_no_more(clean: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Deaf())
    assert main(["scan", clean]) == 141


def test_a_full_disk_is_said(
    clean: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full())
    assert main(["scan", clean]) == 2
    assert "No space left" in capsys.readouterr().err


def test_who_stops_it_gets_the_status_that_a_shell_gives(
    clean: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "scan", stopped)
    assert main(["scan", clean]) == 130
    assert capsys.readouterr().err == ""


def _interrupted(code: str, folder: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    """Run a script called init-lab, or ``python -m core`` where there is no code."""
    (folder / "init-lab").write_text(code, encoding="utf-8")
    how = [str(folder / "init-lab")] if code else ["-m", "core"]
    done = subprocess.run(
        [sys.executable, *how, "scan", *arguments],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A suite that is started in the background ignores Ctrl-C, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


_STOP = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
_INSTALLED = "import sys\nfrom core.command import main\nsys.exit(main())\n"


@pytest.mark.parametrize("code", [_INSTALLED, ""], ids=["installed", "module"])
def test_who_stops_it_while_it_is_imported_sees_no_traceback(code: str, clean: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(_STOP, encoding="utf-8")  # what is pressed while torch is imported
    assert _interrupted(code, tmp_path, clean) == (130, b"", b"")


def test_who_stops_it_while_it_reads_sees_no_traceback(clean: str, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom core.checkpoints import scan\nfrom core.command import main\n"
        "scan._one = lambda *_: os.kill(os.getpid(), signal.SIGINT)\nsys.exit(main())\n"
    )
    assert _interrupted(code, tmp_path, clean) == (130, b"", b"")


def test_who_imports_it_keeps_their_own_signals() -> None:
    code = "import signal, core; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"True\n"


@pytest.mark.parametrize("argv", [[], ["spam"], ["scan"], ["scan", "a", "--json", "--markdown"]], ids=str)
def test_arguments_that_are_wrong_end_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_the_module_is_the_command_whose_pipe_may_close(broken: str) -> None:
    """``python -m core``, in letters that the output has, to a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "core", "scan", broken],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_without_a_screen_lines_are_as_long_as_they_are(broken: str) -> None:
    report = scan(broken)
    assert not any(line.startswith("    ") for line in plain_text(report))
    assert any(line.startswith("    ") for line in plain_text(report, 40))
