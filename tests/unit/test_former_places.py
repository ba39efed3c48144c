"""What other programs import from core stays where version 0.1 had it, and is what the rooms have."""

import subprocess
import sys

#: module of version 0.1 → a name in it
FORMER = {
    "activations": "ACTIVATIONS",
    "checks": "checked_whole",
    "comparison": "Comparison",
    "counting": "parameter_count",
    "devices": "available",
    "errors": "InitLabError",
    "expectations": "expectation",
    "extremes": "largest",
    "fans": "Fans",
    "formula": "activation_of",
    "generators": "global_generators",
    "laws": "Law",
    "layers": "Layer",
    "lesson": "replay_lesson",
    "meanfield": "critical_sigma_w2",
    "network": "Network",
    "outlook": "fate",
    "quiz": "questions",
    "recipe": "pytorch_code",
    "referee": "judge",
    "rosetta": "equivalents",
    "rounding": "rounded_law",
    "sampling": "draw",
    "schemes": "SCHEMES",
    "signal": "trace",
    "structure": "defects",
    "summary": "Summary",
    "table": "read_table",
}

SCRIPT = """
import sys
for pair in sys.argv[1:]:
    module, name = pair.split(".")
    space = {}
    exec(f"from core.{module} import {name} as by_name", space)
    exec(f"from core import {module} as found; import core.{module} as whole", space)
    assert space["by_name"] is getattr(space["found"], name) is getattr(space["whole"], name), pair
"""


def test_modules_of_version_0_1_are_imported_as_they_were() -> None:
    """In an interpreter that has imported nothing else: by its name, and out of core."""
    pairs = [f"{module}.{name}" for module, name in FORMER.items()]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *pairs], capture_output=True, text=True, check=False)
    assert done.stderr == ""
