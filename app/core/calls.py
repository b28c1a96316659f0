"""Calls of the kernel that a process gives up, by a filter of libseccomp.

Landlock keeps a process from files; it does not keep it from the socket of a database, from other
processes, or from changing whose a file is. libseccomp is on every Debian (apt stands on it).
"""

import ctypes
import errno
import os
from collections.abc import Sequence

LIBRARY = "libseccomp.so.2"

# A name, and its number where it is younger than the library may be: those of the last years are
# the same on every architecture.
REFUSED: tuple[tuple[str, int | None], ...] = (
    # To reach another process: the database by its socket, anything by the network, the server.
    ("socket", None), ("socketpair", None), ("connect", None), ("bind", None), ("listen", None),
    ("accept", None), ("accept4", None), ("io_uring_setup", 425), ("io_uring_enter", 426),
    ("io_uring_register", 427), ("ptrace", None), ("process_vm_readv", None),
    ("process_vm_writev", None), ("kcmp", None), ("pidfd_open", 434), ("pidfd_getfd", 438),
    ("pidfd_send_signal", 424), ("process_madvise", 440), ("rt_sigqueueinfo", None),
    ("rt_tgsigqueueinfo", None), ("tkill", None), ("setpriority", None),
    ("ioprio_set", None), ("move_pages", None), ("migrate_pages", None),
    ("shmget", None), ("shmat", None), ("shmctl", None), ("msgget", None), ("semget", None),
    ("mq_open", None),
    # To become another program.
    ("execve", None), ("execveat", None),
    # To change files that cannot be opened: Landlock does not look at these (at the last from its
    # third version on).
    ("chmod", None), ("fchmodat", None), ("fchmodat2", 452), ("chown", None), ("lchown", None),
    ("fchownat", None), ("setxattr", None), ("lsetxattr", None), ("setxattrat", 463),
    ("removexattr", None), ("lremovexattr", None), ("removexattrat", 466), ("utimensat", None),
    ("utime", None), ("utimes", None), ("futimesat", None), ("truncate", None),
    # What only an administrator may: this may be one.
    ("mount", None), ("umount2", None), ("open_tree", 428), ("move_mount", 429), ("fsopen", 430),
    ("mount_setattr", 442), ("pivot_root", None), ("chroot", None), ("unshare", None),
    ("setns", None), ("open_by_handle_at", None), ("mknod", None), ("mknodat", None),
    ("bpf", None), ("perf_event_open", None), ("userfaultfd", None), ("keyctl", None),
    ("add_key", None), ("request_key", None), ("init_module", None), ("finit_module", None),
    ("delete_module", None), ("kexec_load", None), ("reboot", None), ("swapon", None),
    ("swapoff", None), ("acct", None), ("quotactl", None), ("syslog", None), ("iopl", None),
    ("ioperm", None), ("settimeofday", None), ("clock_settime", None), ("adjtimex", None),
    ("clock_adjtime", None), ("sethostname", None), ("setdomainname", None),
    ("personality", None),
)  # fmt: skip

# Refused where the first argument names another process: for itself libraries need them.
REFUSED_FOR_OTHERS = (
    "prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr",
)  # fmt: skip
SIGNALS = ("kill", "tgkill")
# Commands of `fcntl` by which the kernel signals another process when a file is ready: F_SETOWN,
# F_SETSIG, F_SETOWN_EX (linux/fcntl.h).
OWNERS = (8, 10, 15)

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
# What asks so is told that this kernel does not know the call, and takes the older one.
_UNKNOWN_CALL = 0x00050000 | errno.ENOSYS
_SYNC_THREADS = 4
_NOT_EQUAL, _MASKED_EQUAL = 1, 7
# The kernel looks at so much of a command, and the filter at all of the argument.
_OF_A_COMMAND = 0xFFFFFFFF
_CLONE_THREAD = 0x00010000
_UNKNOWN = -1


class _Compared(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("by", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("mask", ctypes.c_uint64),
    )


def is_possible() -> bool:
    """Whether this machine has what it takes."""
    return _library() is not None


def refuse() -> bool:
    """Give up all of `REFUSED`, and whatever reaches other processes: each answers EACCES from here
    on. For ever, for all threads, and for processes started later.

    Returns:
        Whether it is so.
    """
    library = _library()
    if library is None:
        return False
    rules = library.seccomp_init(_ALLOW)
    if not rules:
        return False
    try:
        not_self, not_own = _Compared(0, _NOT_EQUAL, 0), _Compared(0, _NOT_EQUAL, os.getpid())
        return (
            library.seccomp_attr_set(rules, _SYNC_THREADS, 1) == 0
            and all(_add(library, rules, name, number) for name, number in REFUSED)
            and all(_add(library, rules, name, None, [not_self]) for name in REFUSED_FOR_OTHERS)
            and all(_add(library, rules, name, None, [not_own]) for name in SIGNALS)
            and all(
                _add(library, rules, "fcntl", None, [_Compared(1, _MASKED_EQUAL, _OF_A_COMMAND, n)])
                for n in OWNERS
            )
            and _refuse_forks(library, rules)
            and library.seccomp_load(rules) == 0
        )
    finally:
        library.seccomp_release(rules)


def _refuse_forks(library: ctypes.CDLL, rules: int) -> bool:
    """Threads are made by `clone`, too: with that flag, at which a filter can look only where it
    does not lie in memory, as it does for `clone3`."""
    no_thread = _Compared(0, _MASKED_EQUAL, _CLONE_THREAD, 0)
    return (
        _add(library, rules, "clone3", 435, action=_UNKNOWN_CALL)
        and _add(library, rules, "clone", None, [no_thread])
        and all(_add(library, rules, name, None) for name in ("fork", "vfork"))
    )


def _add(
    library: ctypes.CDLL,
    rules: int,
    name: str,
    number: int | None,
    where: Sequence[_Compared] = (),
    *,
    action: int = _REFUSE,
) -> bool:
    call = library.seccomp_syscall_resolve_name(name.encode())
    if call == _UNKNOWN:
        if number is None:
            return False
        call = number
    compared = (_Compared * len(where))(*where)
    done: int = library.seccomp_rule_add_array(rules, action, call, len(where), compared)
    return done == 0


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    rules = ctypes.c_void_p
    library.seccomp_init.argtypes, library.seccomp_init.restype = [ctypes.c_uint32], rules
    library.seccomp_release.argtypes, library.seccomp_release.restype = [rules], None
    library.seccomp_attr_set.argtypes = [rules, ctypes.c_int, ctypes.c_uint32]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_rule_add_array.argtypes = [
        rules, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p,
    ]  # fmt: skip
    library.seccomp_load.argtypes = [rules]
    return library
