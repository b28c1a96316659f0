"""Worker processes that end with the process that started them, however that ends."""

import multiprocessing
import os
import threading

ORPHANED = 1


def end_with_parent() -> None:
    """Let this worker of `multiprocessing` end as soon as its parent is gone.

    A worker that waits for work would wait for ever after a kill -9 of its parent: it holds the
    other end of its queue itself. Watched is the pipe of which the parent alone holds the end, and
    not a signal of Linux (PR_SET_PDEATHSIG): that comes as soon as the parent's *thread* ends.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        # At once: whatever is under way is for nobody.
        os._exit(ORPHANED)

    threading.Thread(target=watch, name="parent", daemon=True).start()
