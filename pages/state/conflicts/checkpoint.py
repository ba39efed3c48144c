"""What may stand in the checkpoint page's controls."""

from pages.state import reports
from pages.state.chosen import State
from pages.state.parsers import Refusal


def settle(state: State) -> None:
    """Let a report that is not kept any more give way: to the example, or one to compare with to none."""
    for name in ("report", "against"):
        key = str(state[name])
        if reports.KEY.fullmatch(key) and reports.kept(key) is None:
            state.values[name] = ""
            state.refusals[name] = Refusal(f"{name}_gone", {"was": key})
