"""The tests. What they import takes a local Hub for the Hub, and an empty folder for its cache."""

import os
import tempfile

from tests.harness.servers import free_port

# Benchmarks and reports import this package, too.
if "PYTEST_VERSION" in os.environ:
    # The folder is removed at the end, as long as this name holds it.
    CACHE = tempfile.TemporaryDirectory()
    os.environ |= {"HF_ENDPOINT": f"http://127.0.0.1:{free_port()}", "HF_HOME": CACHE.name}
    os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
