"""The server: its entry, and what stands between the network and the pages.

``python -m pages.server`` serves; ``uvicorn --factory pages.server.entry:create`` would, too.
"""

import os

# Before torch is imported, which reads it then: one thread a draw, as many visitors share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
