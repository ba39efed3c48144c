"""The pages' scripts without a browser: what they compute, run by node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import playwright

from pages.live import browser

#: A node of this machine, or the one that comes with Playwright.
NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")
LIVE = Path(browser.__file__).parent


def computed(script: Path, function: str, *given: Any, before: str = "") -> Any:
    """Return what a JavaScript ``function(module, ...given)`` makes of a script's module.

    ``before`` runs first: it makes what the script finds in a page.
    """
    code = (
        f"const [path, given] = JSON.parse(process.argv[1]); {before};"
        f"const found = await ({function})(await import(path), ...given);"
        "process.stdout.write(JSON.stringify(found))"
    )
    command = [NODE, "--input-type=module", "-e", code, json.dumps([script.as_uri(), given])]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
