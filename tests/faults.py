"""Plant faults, one at a time, and see that each turns a test red: ``make faults``.

``tests/faults.toml`` lists them: a file, the text that is replaced, what it is replaced by, and the tests
that are to see it. It is done in a copy. Ends with 1 if a fault stayed unseen, or if its text is gone.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "*.png", ".hypothesis")


def seen(copy: Path, fault: dict[str, str]) -> str:
    """Plant a fault in the copy and take it out again; return '' if a test saw it, else what went wrong."""
    file = copy / fault["file"]
    whole = file.read_text(encoding="utf-8")
    if whole.count(fault["from"]) != 1:
        return f"stands {whole.count(fault['from'])} times, not once"
    file.write_text(whole.replace(fault["from"], fault["to"]), encoding="utf-8")
    try:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            *fault["tests"].split(),
        ]
        if "only" in fault:
            command += ["-k", fault["only"]]
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=600, check=False)
    finally:
        file.write_text(whole, encoding="utf-8")
    # 1: a test failed; 2: pages or core did not even import; all else says nothing of the fault
    return "" if ran.returncode == 1 else f"stayed green, or no test ran (status {ran.returncode})"


def main() -> int:
    """Plant each fault, or those whose file or tests have a word of the command line in their names."""
    faults = tomllib.loads((ROOT / "tests" / "faults.toml").read_text(encoding="utf-8"))["fault"]
    words = sys.argv[1:]
    faults = [f for f in faults if not words or any(word in f["file"] + f["tests"] for word in words)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        for at, fault in enumerate(faults, start=1):
            wrong = seen(copy, fault)
            missed += bool(wrong)
            said = wrong.upper() if wrong else "seen"
            line = (
                f"{at}/{len(faults)} {fault['file']}: {fault['from'][:40]!r} → {fault['to'][:40]!r}: {said}"
            )
            sys.stdout.write(line.replace("\n", " ") + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(faults) - missed} of {len(faults)} faults turned a test red.\n")
    return int(missed > 0 or not faults)


if __name__ == "__main__":
    sys.exit(main())
