"""The command that the wheel brings, and how it is run."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Optional, Sequence, Union

PathLike = Union[str, "os.PathLike[str]"]

_NAME = "countersign.exe" if sys.platform == "win32" else "countersign"


class CountersignError(Exception):
    """The command ended without an answer.

    ``code`` is its exit code: 2 rows that are not whole, 3 usage, configuration or files that cannot be read, 4 nothing to
    scan, 130 interrupted, below 0 a signal. The message is what it said.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message or f"countersign ended with exit code {code}")
        self.code = code


class IncompleteRows(CountersignError):
    """Shards are missing, cut or there twice: nothing was judged."""


def command() -> Path:
    """The path of the command that was installed with this package.

    Never one from ``PATH``: it could be of another version, whose rows do not fit.

    :raises FileNotFoundError: where the installation lacks it.
    """
    for place in _places():
        if place.is_file():
            return place
    raise FileNotFoundError(f"the installation of countersign lacks its command {_NAME}: install the wheel again")


def _places() -> "list[Path]":
    named = []
    try:
        # What the installer wrote down counts first: it knows of --user, --prefix and --target.
        for file in importlib.metadata.files("countersign") or []:
            if file.name == _NAME and file.parent.name in ("bin", "Scripts"):
                named.append(Path(str(file.locate())))
    except importlib.metadata.PackageNotFoundError:
        pass
    beside = Path(__file__).resolve().parent.parent / "bin" / _NAME
    return [*named, Path(sysconfig.get_path("scripts")) / _NAME, beside]


def run(
    arguments: "Sequence[Union[str, bytes, os.PathLike[str]]]",
    *,
    stdin: Optional[bytes] = None,
    answers: "Sequence[int]" = (0,),
) -> "subprocess.CompletedProcess[bytes]":
    """Runs the command. Exit codes that are no answer are raised as :class:`CountersignError`."""
    done = start(arguments, stdin=stdin)
    if done.returncode not in answers:
        raise failure(done)
    return done


def start(
    arguments: "Sequence[Union[str, bytes, os.PathLike[str]]]", *, stdin: Optional[bytes] = None
) -> "subprocess.CompletedProcess[bytes]":
    """Runs the command to its end, whatever that is."""
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([command(), *arguments], capture_output=True, check=False, **given)  # type: ignore[call-overload]


def failure(done: "subprocess.CompletedProcess[bytes]") -> CountersignError:
    """What a run that gave no answer is raised as."""
    said = done.stderr.decode("utf-8", "replace").strip()
    kind = IncompleteRows if done.returncode == 2 else CountersignError
    return kind(done.returncode, said)
