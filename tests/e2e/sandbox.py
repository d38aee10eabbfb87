"""Runs a command under the system call rules of a unit, as systemd would: python sandbox.py UNIT COMMAND...

Of a unit's sandbox it has SystemCallFilter=, SystemCallErrorNumber=EPERM, RestrictAddressFamilies= and
MemoryDenyWriteExecute=: what a program can trip over without a hint. Needs libseccomp, which systemd itself needs, and
no privileges.
"""

import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_ALLOW, _EPERM = 0x7FFF0000, 0x00050000 | errno.EPERM
_EQUAL, _MASKED_EQUAL = 4, 7
_PROT_WRITE, _PROT_EXEC, _SHM_EXEC = 2, 4, 0o100000
_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
_FAMILIES = {"AF_INET": socket.AF_INET, "AF_INET6": socket.AF_INET6, "AF_UNIX": socket.AF_UNIX}


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def settings(unit: Path) -> dict[str, list[str]]:
    """Return the settings of a unit's [Service], each with its values in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def allowed_calls(filters: Iterable[str]) -> set[str]:
    """Return the system calls that these SystemCallFilter= lines leave."""
    groups = _groups()
    calls: set[str] = set()
    for line in filters:
        names = {call for one in line.removeprefix("~").split() for call in _members(one, groups)}
        calls = calls - names if line.startswith("~") else calls | names
    return calls


def _groups() -> dict[str, list[str]]:
    shown = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter"],  # noqa: S607 - the one on the path
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_COLORS": "0"},
    )
    groups: dict[str, list[str]] = {}
    name = ""
    for line in shown.stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif line.startswith(" ") and not line.strip().startswith("#"):
            groups.setdefault(name, []).append(line.strip())
    return groups


def _members(name: str, groups: dict[str, list[str]]) -> Iterator[str]:
    if not name.startswith("@"):
        yield name
        return
    for one in groups[name]:
        yield from _members(one, groups)


class _Filter:
    """A filter of libseccomp under construction."""

    def __init__(self, default: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action: int, call: str, *comparisons: _Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # of another architecture
        array = (_Comparison * len(comparisons))(*comparisons)
        result = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparisons), array
        )
        assert result == 0, (call, result)

    def load(self) -> None:
        result = self._library.seccomp_load(self._context)
        assert result == 0, result


def enter(unit: Path) -> None:
    """Put this process, and all that it starts, under the rules of a unit."""
    said = settings(unit)
    calls = _Filter(_EPERM)
    for call in sorted(allowed_calls(said["SystemCallFilter"])):
        calls.add(_ALLOW, call)
    more = _Filter(_ALLOW)
    (families,) = said["RestrictAddressFamilies"]
    for family in set(range(64)) - {int(_FAMILIES[one]) for one in families.split()}:
        more.add(_EPERM, "socket", _Comparison(0, _EQUAL, family, 0))
    assert said["MemoryDenyWriteExecute"] == ["yes"]
    both = _PROT_WRITE | _PROT_EXEC
    more.add(_EPERM, "mmap", _Comparison(2, _MASKED_EQUAL, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        more.add(_EPERM, call, _Comparison(2, _MASKED_EQUAL, _PROT_EXEC, _PROT_EXEC))
    more.add(_EPERM, "shmat", _Comparison(2, _MASKED_EQUAL, _SHM_EXEC, _SHM_EXEC))
    # Newer kernels have it as a rule of their own, which also sees a mapping change from writable to executable.
    ctypes.CDLL(None).prctl(_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    more.load()
    calls.load()


if __name__ == "__main__":
    enter(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - our own commands, without a shell
