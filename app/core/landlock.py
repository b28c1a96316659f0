"""Landlock: a process gives up every file but those that it names (Linux 5.13 and later).

The C library has no name for the three calls, and the packages that have know files alone; their
numbers and structures are the same on every architecture (linux/landlock.h).
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_OF_A_FILE = _WRITE_FILE | _READ_FILE | _TRUNCATE

# What each version of Landlock added to what can be given up.
_FILES = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
_TCP = {4: 0b11}  # to listen, to connect
_SCOPES = {6: 0b11}  # abstract sockets, signals


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("tcp", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """That of this kernel's Landlock; 0 where there is none that this process may use."""
    return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION)))


def restrict(read: Iterable[Path], write: Iterable[Path]) -> bool:
    """Give up every file outside of these, and whatever else this kernel's Landlock knows: TCP,
    abstract sockets, signals to processes outside. For ever, and for processes started later.

    Binds the thread that calls and those that it starts: call it before there are others.

    Args:
        read: folders and files that may still be read; those that are not there are left out.
        write: folders and files that may be read and written; in folders files and folders may be
            made and removed.

    Returns:
        Whether it is so.
    """
    known = version()
    if known == 0:
        return False
    files = _of(_FILES, known)
    ruleset = _Ruleset(files, _of(_TCP, known), _of(_SCOPES, known))
    handle = _call(
        _CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)),
        ctypes.c_uint32(0),
    )  # fmt: skip
    if handle < 0:
        return False
    try:
        allowed = [(path, _READ) for path in read] + [(path, _READ | _WRITE) for path in write]
        if not all(_allow(handle, path, rights & files) for path, rights in allowed):
            return False
        return (
            _give_up_new_rights()
            and _call(_RESTRICT_SELF, ctypes.c_int(handle), ctypes.c_uint32(0)) == 0
        )
    finally:
        os.close(handle)


def _of(by_version: dict[int, int], known: int) -> int:
    return sum(rights for first, rights in by_version.items() if first <= known)


def _allow(handle: int, path: Path, rights: int) -> bool:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, opened)
        return _call(
            _ADD_RULE, ctypes.c_int(handle), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule),
            ctypes.c_uint32(0),
        ) == 0  # fmt: skip
    finally:
        os.close(opened)


def _give_up_new_rights() -> bool:
    """No program that is started from here on gets rights that its starter has not."""
    libc = ctypes.CDLL(None, use_errno=True)
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    return bool(libc.prctl(_NO_NEW_PRIVS, one, zero, zero, zero) == 0)


def _call(number: int, *arguments: object) -> int:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    return int(syscall(ctypes.c_long(number), *arguments))
