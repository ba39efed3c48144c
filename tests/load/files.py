"""Thirty people whose browsers have counted 100 MB each, all at once: ``python -m tests.load.files PORT``.

What is told of a file comes on standard input; a line is written for each round, with how many were judged.
"""

import asyncio
import http.client
import json
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.load.scenarios import Person, Size, Tally, arrived, at, going_on, said, strangers, timed
from tests.load.servers import Served
from tests.support.counted import told_of

PEOPLE = 30
#: Seconds between two rounds.
PAUSE = 0.5


def told() -> bytes:
    """Return what is told of 100 MB of weights."""
    rng = torch.Generator().manual_seed(1)
    shapes = {"attn.c_attn": (768, 1024), "attn.c_proj": (768, 768), "mlp.c_fc": (1536, 768)}
    weights = {
        f"h.{layer}.{name}.weight": 0.02 * torch.randn(shape, generator=rng)
        for layer in range(10)
        for name, shape in shapes.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.safetensors"
        save_file(weights, file)
        return told_of(file)


def judged(port: int, body: bytes, person: int) -> bool:
    """Have a file judged; tell whether a report came of it."""
    at = f"localhost:{port}"
    headers = {"host": at, "origin": f"http://{at}", "x-lab-visitor": str(person)}
    with closing(http.client.HTTPConnection("localhost", port, timeout=300)) as connection:
        connection.request("POST", "/weights/counted?lang=en", body, headers)
        lines = connection.getresponse().read().splitlines()
    return bool(lines) and "key" in json.loads(lines[-1])


async def weighed(served: Served, size: Size, tally: Tally) -> list[Person]:
    """People who think a second, without and with thirty who have a file of 100 MB judged at once."""
    people = await arrived(served, size, tally, strangers(size))
    calm: list[float] = []

    body = told()
    await going_on(people, size, tally, calm)
    command = [sys.executable, "-m", "tests.load.files", str(served.port)]
    asking = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert asking.stdin is not None
    assert asking.stdout is not None
    try:
        asking.stdin.write(body)
        asking.stdin.close()
        rounds = [await asking.stdout.readline()]  # it waits for imports, and the first is not measured
        await timed(tally, going_on(people, size, tally, tally.seconds))
    finally:
        asking.kill()
        await asking.wait()
    rounds += (await asking.stdout.read()).splitlines()
    if any(int(judged) < PEOPLE for judged in rounds):
        tally.failures.append("a file was not judged")
    tally.figures["files"] = at(tally.seconds, 0.95) / at(calm, 0.95)
    tally.notes += [f"{len(rounds)} rounds of files", f"the others without them: {said(calm)}"]
    return people


def main() -> None:
    """Ask round after round until it is stopped."""
    body, port = sys.stdin.buffer.read(), int(sys.argv[1])
    with ThreadPoolExecutor(PEOPLE) as people:
        while True:
            sys.stdout.write(f"{sum(people.map(partial(judged, port, body), range(PEOPLE)))}\n")
            sys.stdout.flush()
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
