"""The doors by which files of weights come in: what is counted, sent, held; and what is refused at each."""

import asyncio
import errno
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import torch
from safetensors.torch import save
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from core import Report, scan
from pages.jobs import operator_folder
from pages.server import judging, weights_entry
from pages.server.weights_entry import Weights
from pages.server.weights_upload import Holds, Spool
from pages.state import operator_limits, reports
from tests.support.checkpoints import torch_bytes
from tests.support.counted import told_of
from tests.support.doors import ask

MB = 1 << 20
OWN = {"host": "lab.example", "origin": "http://lab.example", "sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "FOLDER", tmp_path / "reports")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = torch.Generator().manual_seed(1)
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        save({"fc.weight": 0.02 * torch.randn(300, 200, generator=rng), "fc.bias": torch.zeros(300)})
    )
    return path


def _app(largest: int = MB, room: int = 2 * MB, each: int = 2, most: int = MB) -> ASGIApp:
    return Starlette(routes=Weights(Spool(Holds(largest, room, each)), most).routes())


def _posted(
    app: ASGIApp,
    door: str,
    body: Sequence[bytes] = (),
    *,
    leaves: bool = False,
    headers: Any = OWN,
    **query: object,
) -> tuple[int, list[dict[str, Any]]]:
    """Post a body in parts; return the status, and the lines of the answer."""
    sent: list[Message] = []
    parts = iter(body)

    async def receive() -> Message:
        for part in parts:
            return {"type": "http.request", "body": part, "more_body": True}
        if leaves:
            return {"type": "http.disconnect"}
        if not ended:
            ended.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    ended: list[bool] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/weights/{door}",
        "query_string": urlencode(query).encode(),
        "headers": [
            (name.encode(), value.encode())
            for name, value in {"content-length": str(sum(map(len, body))), **headers}.items()
        ],
        "client": ("192.0.2.7", 1),
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    text = b"".join(each.get("body", b"") for each in sent[1:]).decode()
    lines = [json.loads(line) for line in text.splitlines()] if sent[0]["status"] == 200 else []
    return sent[0]["status"], lines


def _said(answer: tuple[int, list[dict[str, Any]]]) -> str:
    status, lines = answer
    assert status == 200
    return str(lines[-1]["refused"])


def test_what_is_counted_is_the_report_of_the_file(file: Path) -> None:
    status, lines = _posted(_app(), "counted", [told_of(file)])
    assert status == 200
    report = reports.kept(lines[-1]["key"])
    assert report is not None
    assert [(row.name, row.std) for row in report.rows] == [(row.name, row.std) for row in scan(file).rows]


def test_what_is_sent_is_read_under_its_own_name_and_leaves_nothing(file: Path) -> None:
    data, spool = file.read_bytes(), Spool(Holds(MB, 2 * MB, 2))
    app = Starlette(routes=Weights(spool, MB).routes())
    before = len([*Path("/proc/self/fd").iterdir()])
    parts = [data[at : at + 10_000] for at in range(0, len(data), 10_000)]
    _, lines = _posted(app, "sent", parts, size=len(data), name="own name.safetensors")
    report = reports.kept(lines[-1]["key"])
    assert report is not None
    assert {row.file for row in report.rows} == {"own name.safetensors"}
    assert [row.digest for row in report.rows] == [row.digest for row in scan(file).rows]
    spool.refuse(MB, "192.0.2.7")
    assert spool._free == 2 * MB
    assert not spool._here
    assert len([*Path("/proc/self/fd").iterdir()]) <= before


def test_a_file_is_refused_before_it_is_sent(file: Path) -> None:
    size = file.stat().st_size
    assert _posted(_app(), "sent", size=size, ask=1)[1] == [{"go": True}]
    assert "up to 1 MB" in _said(_posted(_app(), "sent", size=3 * MB, ask=1))
    assert "最大为 1 MB" in _said(_posted(_app(), "sent", size=3 * MB, ask=1, lang="zh"))
    assert "takes no files" in _said(_posted(_app(largest=0), "sent", size=9, ask=1))
    assert "no room" in _said(_posted(_app(largest=MB, room=MB // 2), "sent", size=MB, ask=1))


def test_answers_pass_a_proxy_line_by_line_and_are_kept_nowhere() -> None:
    """nginx would gather an answer up to its end, so that nobody sees how far the work is."""
    asked = {"host": "lab.example", "origin": "http://lab.example"}
    answer = ask(_app(), "/weights/sent", "POST", b"size=9&ask=1", **asked)
    assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-store")


def test_an_address_has_so_many_files_on_the_way() -> None:
    spool = Spool(Holds(MB, 9 * MB, 1))
    app = Starlette(routes=Weights(spool, MB).routes())
    with spool.room(10, "192.0.2.7"):
        assert "1 file from your address is already on the way" in _said(_posted(app, "sent", size=10, ask=1))
    assert _posted(app, "sent", size=10, ask=1)[1] == [{"go": True}]


@pytest.mark.parametrize(("size", "sent"), [(10, 9), (10, 11), (10, 0)])
def test_what_does_not_arrive_whole_is_refused(size: int, sent: int) -> None:
    assert "did not arrive whole" in _said(_posted(_app(), "sent", [bytes(sent)], size=size))


def test_who_leaves_takes_the_file_along(file: Path) -> None:
    spool = Spool(Holds(MB, 9 * MB, 1))
    app = Starlette(routes=Weights(spool, MB).routes())
    _posted(app, "sent", [file.read_bytes()[:5000]], size=file.stat().st_size, leaves=True)
    assert spool._free == 9 * MB


#: What is sent → words of the refusal.
HOSTILE = {
    "nothing that is known": (b"\0" * 999, "model.bin"),
    "a page": (b"<!doctype html><title>x", "is a web page"),
    "code": (torch_bytes({"a": torch.ones(3)})[:-9], "not a valid ZIP archive"),
    "a header without end": (b"\xff" * 7 + b"\0{" + b" " * 99, "model.bin"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence(name: str) -> None:
    data, words = HOSTILE[name]
    said = _said(_posted(_app(), "sent", [data], size=len(data), name="model.bin"))
    assert words in said
    assert "{file}" not in said
    assert said.endswith(".")


def test_counts_that_cannot_be_are_refused_in_both_languages(file: Path) -> None:
    told = told_of(file)
    assert "does not add up" in _said(_posted(_app(), "counted", [told[:-5]]))
    assert "对不上" in _said(_posted(_app(), "counted", [b""], lang="zh"))
    for length in (str(2 * MB), "", "-1", "9" * 40):
        answer = _posted(_app(), "counted", [told], headers=OWN | {"content-length": length})
        assert "exceed the 1 MB" in _said(answer)
    answer = _posted(_app(), "counted", [told], headers=OWN | {"content-length": "9"})
    assert "does not add up" in _said(answer)


def test_a_reader_s_refusal_is_put_into_words() -> None:
    facts = {"file": "'a'", "entry": "'b'", "size": 3, "end": 9}
    told = json.dumps({"code": "checkpoint.short", "facts": facts}).encode()
    assert "ends at byte 3" in _said(_posted(_app(), "worded", [told]))
    for odd in (
        b"",
        b"[]",
        b'{"code": 3, "facts": {}}',
        b'{"code": "network.lazy", "facts": {}}',
        b"{" * 9999,
    ):
        assert "could not be read" in _said(_posted(_app(), "worded", [odd]))
    assert _said(_posted(_app(), "worded", [b'{"code": "checkpoint.short", "facts": {}}']))


@pytest.mark.parametrize(
    "headers",
    [
        OWN | {"origin": "http://evil.example"},
        OWN | {"sec-fetch-site": "cross-site"},
        OWN | {"sec-fetch-site": "same-site"},  # another host of the same domain (W3C's Fetch Metadata)
    ],
)
@pytest.mark.parametrize("door", ["counted", "sent", "held", "worded"])
def test_no_other_site_s_page_may_ask(door: str, headers: dict[str, str]) -> None:
    assert _posted(_app(), door, [b"x"], headers=headers, size=1)[0] == 403


@pytest.fixture
def folder(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that the operator allows, with links out of it and files of other kinds."""
    folder = tmp_path / "allowed"
    (folder / "runs").mkdir(parents=True)
    (folder / "runs" / "step 1.safetensors").write_bytes(file.read_bytes())
    (folder / "notes.txt").write_text("not a file of weights")
    (folder / "linked.safetensors").symlink_to(file)
    (folder / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.pt")
    monkeypatch.setenv(operator_limits.CHECKPOINTS, str(folder))
    return folder


def test_files_that_the_operator_allows_are_listed_and_read(folder: Path) -> None:
    assert operator_folder.listed() == ["runs/step 1.safetensors"]
    _, lines = _posted(_app(), "held", name="runs/step 1.safetensors")
    report = reports.kept(lines[-1]["key"])
    assert report is not None
    assert report.rows[0].file == "runs/step 1.safetensors"
    (folder / "runs" / "step 1.safetensors").unlink()
    assert "no such file" in _said(_posted(_app(), "held", name="runs/step 1.safetensors"))


@pytest.mark.parametrize(
    "name",
    [
        "linked.safetensors",
        "elsewhere/model.safetensors",
        "../model.safetensors",
        "/etc/passwd",
        "pipe.pt",
        "",
    ],
)
def test_nothing_outside_of_the_folder_is_read(folder: Path, name: str) -> None:
    assert folder.is_dir()
    assert "no such file" in _said(_posted(_app(), "held", name=name))


def test_without_a_folder_nothing_is_listed_nor_read(file: Path) -> None:
    assert operator_folder.listed() == []
    assert "no such file" in _said(_posted(_app(), "held", name=str(file)))


def test_what_fails_unforeseen_is_a_sentence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> object:
        raise RuntimeError("secret")

    monkeypatch.setattr(judging, "report_of_counts", fails)
    said = _said(_posted(_app(), "counted", [told_of(file)]))
    assert "could not be read" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "There is no room for this file now; try again in a few minutes."),
        ("zh", "没有空间"),
    ],
)
def test_a_report_that_the_disk_has_no_room_for_is_said_to_be_that(
    lang: str, sentence: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reports, "keep", full)
    assert sentence in _said(_posted(_app(), "counted", [told_of(file)], lang=lang))


def test_the_answer_says_how_much_of_how_much_is_done(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it says what comes of it; what is done grows, up to all there is."""

    def steps(_: object, *, progress: Callable[[int, int], bool], **__: object) -> Report:
        for done in range(1, 4):
            assert progress(done, 7)
            time.sleep(0.03)
        return scan(file)

    monkeypatch.setattr(judging, "report_of_counts", steps)
    monkeypatch.setattr(weights_entry, "LOOK", 0.005)
    _, (*far, last) = _posted(_app(), "counted", [told_of(file)])
    done = [line["done"] for line in far]
    assert far == [{"done": each, "total": 7} for each in done]
    assert done == sorted({*done} & {1, 2, 3}) != []
    assert last.keys() == {"key"}
