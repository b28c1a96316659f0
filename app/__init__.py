"""The web application, by domain. A domain imports only downward (see docs/architecture.md)."""

import os

# Before numpy is imported: the server's own threads share the cores already. On a busy machine a
# heat tile takes 2 ms with one BLAS thread and 70 ms with two, which spin while they wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
