"""A file of weights that is dropped: counted in the browser, which sends none of it unless one says so."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, Request, expect
from safetensors.torch import save

from core import Report, scan
from core.checkpoints.counted_elsewhere import report_of_counts
from pages.text import Text
from tests.support.checkpoints import torch_bytes
from tests.support.stream import Server
from tests.support.tabs import Visit, link, settled, until
from tests.support.wire import wire

#: Bytes of a file that are looked for in what a page sends: two of its numbers beside each other.
BYTES = 8


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file in which one of six projections starts too large, under a name that is no name."""
    rng = torch.Generator().manual_seed(4)
    tensors = {
        f"h.{i}.<b>mlp</b>.c_fc.weight": (0.05 if i == 3 else 0.02) * torch.randn(60, 100, generator=rng)
        for i in range(6)
    }
    path = tmp_path / ("<img src=x>" + "n" * 200 + ".safetensors")
    path.write_bytes(save(tensors))
    return path


class Listener:
    """What a page sends by requests, from when it listens."""

    def __init__(self, page: Page) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self._page = page
        page.on("request", self._hear)

    def _hear(self, request: Request) -> None:
        if request.method != "GET":
            self.sent.append((request.url, request.post_data_buffer or b""))

    def end(self) -> None:
        self._page.remove_listener("request", self._hear)


def _choose(page: Page, *files: Path) -> None:
    for file in files:
        page.locator("[data-lab-drop] input[type=file]").set_input_files(file)


#: Drops a file that the test has put into the page, as a hand does.
DROP = """([name, bytes]) => {
    const files = new DataTransfer()
    files.items.add(new File([Uint8Array.from(bytes)], name))
    for (const type of ['dragenter', 'dragover', 'drop'])
        document.querySelector('h1').dispatchEvent(new DragEvent(type, {bubbles: true, dataTransfer: files}))
}"""


def test_a_file_is_judged_where_it_is_dropped_and_only_counts_are_sent(tab: Visit, file: Path) -> None:
    page = tab("/checkpoint?v=1")
    listener = Listener(page)
    data = file.read_bytes()
    page.evaluate(DROP, [file.name, [*data]])
    page.wait_for_url("**report=*")
    settled(page)
    listener.end()
    assert [url.split("/weights/")[1].split("?")[0] for url, _ in listener.sent] == ["counted"]
    finding = scan(file).worst
    assert finding is not None
    expect(page.locator("h1")).to_contain_text(f"{finding.evidence['std']:.3g}")
    expect(page.locator("[data-lab-drop] img, [data-lab-drop] b")).to_have_count(0)


@pytest.mark.parametrize("door", ["counted here", "sent"])
def test_the_wire_carries_a_file_s_numbers_only_if_one_says_so(
    door: str, visit: Visit, served: Server, file: Path
) -> None:
    """All bytes that the browser sends, by requests and over its websocket, from the first to the last."""
    kind = ".safetensors" if door == "counted here" else ".pt"
    path = file.with_name(f"other{kind}")
    tensors = {"a.weight": torch.randn(70, 90, generator=torch.Generator().manual_seed(5))}
    old = torch_bytes(tensors, _use_new_zipfile_serialization=False)  # which a browser does not read
    path.write_bytes(save(tensors) if kind == ".safetensors" else old)
    numbers = tensors["a.weight"].numpy().tobytes()
    with wire(served.port) as laid:
        page = visit("/teach?v=1")
        frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda sent: frames.append(_bytes(sent))))
        page.goto(f"{laid.url}/checkpoint?v=1")
        settled(page)
        _choose(page, path)
        if door == "sent":
            page.get_by_role("button", name=Text("en")("drop.send"), exact=True).click()
        page.wait_for_url("**report=*")
        settled(page)
        sent = laid.told() + b"".join(frames)
        page.goto(f"{served.url}/teach?v=1")  # a wire is not taken away under a page
        settled(page)
    assert len(frames) > 1
    assert b"POST /weights/" in sent
    found = [at for at in range(0, len(numbers) - BYTES, BYTES) if numbers[at : at + BYTES] in sent]
    assert len(found) == (0 if door == "counted here" else len(range(0, len(numbers) - BYTES, BYTES)))


def _bytes(sent: bytes | str) -> bytes:
    return sent.encode() if isinstance(sent, str) else sent


def test_a_second_file_takes_the_first_one_s_place_and_keys_do_the_same(tab: Visit, file: Path) -> None:
    page = tab("/checkpoint?v=1&board=tensors&search=zzz")  # which no file has
    other = file.with_name("other.npy")
    np.save(other, np.zeros((30, 40), np.float32))
    _choose(page, file, other)
    page.wait_for_url("**report=*")
    settled(page)
    expect(page.locator("[data-testid=stMain]")).to_contain_text("other.npy")
    expect(page.locator(".lab-tensors tbody tr")).to_have_count(1)
    assert link(page).keys() == {"v", "board", "report"}
    expect(page.get_by_role("group", name=Text("en")("drop.label"))).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=Text("en")("drop.choose")).press("Enter")
    chooser.value.set_files(file)
    until(page, f"!location.search.includes('{link(page)['report']}')")
    # nothing is left in the field: chosen once more, the same file would else be no change (HTML Standard)
    assert (
        page.locator("[data-lab-into=report] input[type=file]").evaluate("field => field.files.length") == 0
    )


def test_the_other_file_of_two_has_a_zone_of_its_own(tab: Visit, file: Path) -> None:
    page = tab("/checkpoint?v=1&board=against")
    other = file.with_name("other.npy")
    np.save(other, np.zeros((30, 40), np.float32))
    for name, into in ((other, "report"), (file, "against")):
        page.locator(f"[data-lab-into={into}] input[type=file]").set_input_files(name)
        page.wait_for_url(f"**{into}=*")
        settled(page)
    assert {"report", "against"} <= link(page).keys()
    expect(page.locator(".lab-verdict")).to_contain_text("to other.npy: 6 gone, 1 added")
    broken = file.with_name("broken.safetensors")
    broken.write_bytes(file.read_bytes()[:3000])
    before = link(page)
    page.locator("[data-lab-into=against] input[type=file]").set_input_files(broken)
    expect(page.locator("[data-lab-into=against] [role=alert]")).to_contain_text("broken.safetensors")
    expect(page.locator("[data-lab-into=report] [role=alert]")).to_be_empty()
    assert link(page) == before
    page.evaluate(DROP, [other.name, [*other.read_bytes()]])  # beside the zones
    expect(page.locator(".lab-verdict")).to_contain_text("to other.npy: 1 equal")


def test_what_a_browser_does_not_read_is_sent_only_if_one_says_so(tab: Visit, tmp_path: Path) -> None:
    page = tab("/checkpoint?v=1&lang=zh")
    name = "a" * 40 + "b" * 40 + "old.pt"
    old = tmp_path / name
    old.write_bytes(torch_bytes({"a.weight": torch.eye(30)}, _use_new_zipfile_serialization=False))
    listener = Listener(page)
    _choose(page, old)
    expect(page.locator("[data-lab-drop] [role=alert]")).to_contain_text("目前还没有发送任何内容")
    said = page.locator("[data-lab-drop] [role=alert]").inner_text()
    assert f"{name[:30]}…{name[-29:]}" in said  # whose end says what kind of file it is
    assert f"{math.ceil(old.stat().st_size / 1024)} kB" in said
    assert listener.sent == []
    page.get_by_role("button", name=Text("zh")("drop.send"), exact=True).click()
    page.wait_for_url("**report=*")
    settled(page)
    listener.end()
    assert ["ask=1" in url for url, _ in listener.sent] == [True, False]
    expect(page.locator("[data-testid=stMain]")).to_contain_text("old.pt")


def test_a_damaged_file_is_refused_where_it_was_dropped_and_the_page_stays(tab: Visit, file: Path) -> None:
    page = tab("/checkpoint?v=1")
    file.write_bytes(file.read_bytes()[:-100])
    _choose(page, file)
    said = page.locator("[data-lab-drop] [role=alert]")
    expect(said).to_contain_text("it was cut short")
    expect(said).to_contain_text(f"{file.stat().st_size:,}".replace(",", "\u202f"))
    assert "report" not in link(page)


#: Counts a file as the page does, and returns what is told of it in letters.
COUNTED = """async input => {
    const { name } = performance.getEntriesByType('resource').find(({ name }) => name.includes('/drop.js'))
    const { counted } = await import(new URL('counting_worker.js', name))
    const told = new Uint8Array(await (await counted(input.files[0])).arrayBuffer())
    return Array.from(told, byte => String.fromCharCode(byte)).join('')
}"""


def test_a_large_file_is_counted_by_several_threads_as_core_counts_it(tab: Visit, tmp_path: Path) -> None:
    """Of 77 MB; the first tensor is the largest, the last is small, and shares end between two of a kind."""
    rng = torch.Generator().manual_seed(7)
    sizes = [(2500, 4000), (900, 4000), (1200, 4000), (1300, 4000), (30, 50)]
    kinds = [torch.float32, torch.bfloat16, torch.float32, torch.float16, torch.float32]
    tensors = {
        f"h.{i}.weight": (0.02 * torch.randn(size, generator=rng)).to(kind)
        for i, (size, kind) in enumerate(zip(sizes, kinds, strict=True))
    }
    path = tmp_path / "large.safetensors"
    path.write_bytes(save(tensors))
    page = tab("/checkpoint?v=1")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input type=file id=probe>')")
    probe = page.locator("#probe")
    probe.set_input_files(path)
    with page.expect_worker():  # beside the one that asks
        told = probe.evaluate(COUNTED)
    page.evaluate("document.querySelector('#probe').remove()")
    found = report_of_counts(told.encode("latin-1"), most=1 << 27)
    assert isinstance(found, Report)
    for row, wanted in zip(found.rows, scan(path).rows, strict=True):
        assert (row.name, row.dtype, row.shape, row.digest) == (
            wanted.name,
            wanted.dtype,
            wanted.shape,
            wanted.digest,
        )
        assert row.counts.tolist() == wanted.counts.tolist()
        assert row.flags == wanted.flags
        assert row.std == pytest.approx(wanted.std, rel=1e-12)


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_on_a_phone_a_name_has_room_beside_what_became_of_it(
    language: str, visit: Visit, tmp_path: Path
) -> None:
    rng = torch.Generator().manual_seed(5)
    fresh = 0.02 * torch.randn(80, 60, generator=rng)
    step = torch.randn(80, 1, generator=rng) @ torch.randn(1, 60, generator=rng)
    page = visit("/checkpoint?v=1&board=against", size="phone", locale=language)
    for into, weight in (("report", fresh + 0.02 * step), ("against", fresh)):
        file = tmp_path / f"{into}.safetensors"
        file.write_bytes(save({"model.layers.0.mlp.down_proj.weight": weight}))
        page.locator(f"[data-lab-into={into}] input[type=file]").set_input_files(file)
        page.wait_for_url(f"**{into}=**")
        settled(page)
    row = page.locator(".lab-changes tbody tr")
    expect(row).to_contain_text({"en-US": "left its law", "zh-CN": "不再服从"}[language])
    assert row.locator("th").evaluate("e => e.offsetWidth") > 100
