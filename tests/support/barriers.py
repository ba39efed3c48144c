"""What bars a page from those who do not see it, or see it badly."""

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Charts that are seen and spoken of, without a figure or picture around them that has a name.
NAMELESS = """() => [...document.querySelectorAll('.js-plotly-plot:not([aria-hidden=true])')]
    .filter(e => e.offsetWidth).filter(e => {
    const named = e.closest('[role=figure], [role=img], figure')
    const label = named?.getAttribute('aria-label') ?? document.getElementById(
        named?.getAttribute('aria-labelledby'))?.textContent ?? ''
    return label.trim().length < 20
}).map(e => e.closest('[class*=st-key]')?.className ?? e.className)"""
#: What else axe finds would be megabytes to carry over.
AXE = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"


def violations(page: Page) -> list[str]:
    """Return what axe finds by all its rules, a line for each rule, and charts without a name."""
    lines = [f"{page.url}: a chart has no name: {place}" for place in page.evaluate(NAMELESS)]
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(Axe().axe_script)
    for rule in page.evaluate(AXE):
        nodes = rule["nodes"]
        targets = ", ".join(str(node["target"][0]) for node in nodes[:4])
        summaries = {" ".join(node["failureSummary"].split()): None for node in nodes}
        head = f"{page.url}: {rule['id']} ({rule['impact']}), {len(nodes)} of them: {targets}"
        lines += [head, *(f"    {summary}" for summary in [*summaries][:4])]
    return lines


def report(lines: Iterable[str]) -> str:
    """Return the lines as a message."""
    return "\n" + "\n".join(lines)
