"""The server: its entry, and what stands between the network and the pages.

``python -m pages.server`` serves; ``uvicorn --factory pages.server.entry:create`` would, too.
"""

import os
import tempfile
from pathlib import Path

# Before torch is imported, which reads it then: one thread a draw, as many visitors share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Streamlit looks for settings in the home of its user, who in a container may have none and no name.
try:
    Path.home()
except RuntimeError:
    os.environ["HOME"] = tempfile.gettempdir()
