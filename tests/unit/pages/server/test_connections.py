"""Connections: so many at a time, and none that says nothing."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from pages.server import connections
from pages.server.connections import Requests
from tests.support.doors import inner


class _Transport(asyncio.Transport):
    """One end of a connection, which notes that it was cut."""

    is_cut = False

    def abort(self) -> None:
        self.is_cut = True

    def get_extra_info(self, *_: Any) -> None:
        return None


@pytest.mark.parametrize("most", [1, 3])
def test_so_many_connections_are_kept_and_no_more(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes later is cut, and who says nothing for so long: nobody else is."""
    monkeypatch.setattr(connections, "HEAD", 0.02)
    ends = [_Transport() for _ in range(most + 2)]

    async def come() -> list[list[bool]]:
        config, state = uvicorn.Config(inner), ServerState()
        found = []
        for transport in ends:
            one = Requests(config=config, server_state=state, app_state={}, most=most)
            one.connection_made(transport)
        found.append([transport.is_cut for transport in ends])
        await asyncio.sleep(0.1)
        return [*found, [transport.is_cut for transport in ends]]

    at_once, later = asyncio.run(come())
    assert at_once == [False] * most + [True] * 2
    assert all(later)
