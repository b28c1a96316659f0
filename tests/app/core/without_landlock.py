"""Runs a command of ours on a kernel that gives no Landlock, as an older one or an older container
engine does: `python -m tests.app.core.without_landlock MODULE ARGUMENT ...`."""

import ctypes
import errno
import runpy
import sys

from app.core import calls

NO_SUCH_CALL = 0x00050000 | errno.ENOSYS
LANDLOCK_CREATE_RULESET = 444


def main() -> None:
    """Take the call away for good, then become the command."""
    library = ctypes.CDLL(calls.LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(0x7FFF0000))
    done = library.seccomp_rule_add_array(rules, NO_SUCH_CALL, LANDLOCK_CREATE_RULESET, 0, None)
    if done != 0 or library.seccomp_load(rules) != 0:
        sys.exit("the filter was refused")
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
