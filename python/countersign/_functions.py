"""The functions of the package: each is a run of the command."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Union

from . import _command, _rows
from ._command import PathLike
from ._rows import Shard

Facts = Dict[str, Any]
Report = Dict[str, Any]

#: Files that one run of ``inspect`` is given, and bytes of their names: systems bound the length of a command line.
_FILES, _NAMES = 256, 24_000

#: 0 nothing found, 1 findings, 2 files that could not be judged. All three come with a report.
_JUDGED = (0, 1, 2)


def facts(
    source: Union[PathLike, bytes, bytearray, memoryview],
    *,
    pixels: bool = False,
    endpoint: Optional[str] = None,
    arguments: Sequence[str] = (),
) -> Facts:
    """Everything that one file says, without judgement: what ``countersign inspect --json`` prints.

    :param source: a path, a member of an archive (``"a.zip!/x.png"``), an address (``"s3://bucket/key"``,
        ``"https://host/file"``), or the bytes themselves.
    :param pixels: also decode pixels for invisible marks.
    :param endpoint: the S3-compatible store that is asked instead of Amazon's.
    :param arguments: further options of ``countersign inspect``.
    :returns: ``ai`` (``"none"``, ``"generated"``, …), ``evidence``, ``c2pa``, ``tags``, ``format``, ``problems``, ….
        A file that could not be read to its end has a problem that is ``blocking``: it is not clean.
    :raises CountersignError: where there is no such file.
    """
    options = _inspecting(pixels, endpoint, arguments)
    if isinstance(source, (bytes, bytearray, memoryview)):
        done = _command.run([*options, "-"], stdin=bytes(source), answers=(0, 2))
        return _only(done.stdout, "bytes")
    done = _command.run([*options, "--", _named(source)], answers=(0, 2))
    return _only(done.stdout, os.fspath(source))


def facts_of(
    sources: Iterable[PathLike],
    *,
    pixels: bool = False,
    endpoint: Optional[str] = None,
    arguments: Sequence[str] = (),
) -> Iterator[Facts]:
    """The facts of many files, in their order, with one process for hundreds of them.

    :raises CountersignError: at the first that is not there; those before it were given.
    """
    options = _inspecting(pixels, endpoint, arguments)
    for batch in _batches(sources):
        done = _command.start([*options, "--", *batch])
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode in (0, 2) and len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers for {len(batch)} files: name files, and no folders")
        yield from answers
        if done.returncode not in (0, 2):
            raise _command.failure(done)


def scan(
    roots: Union[PathLike, Iterable[PathLike]],
    *,
    policy: Optional[PathLike] = None,
    approvals: Union[PathLike, Sequence[PathLike]] = (),
    role: Optional[str] = None,
    integrity: bool = False,
    jobs: Optional[int] = None,
    endpoint: Optional[str] = None,
    as_of: Optional[str] = None,
    arguments: Sequence[str] = (),
) -> Report:
    """Judges a delivery, as ``countersign scan`` does.

    :param roots: folders, files and addresses, judged as one delivery.
    :param policy: a policy file, or the name of a built-in policy.
    :param approvals: ledgers of recorded approvals.
    :param role: of files that nothing else places: ``"final"``, ``"temporary"``, ``"archival"``.
    :param as_of: the day that approvals are judged on, ``"2026-06-01"``.
    :param arguments: further options of ``countersign scan``.
    :returns: the JSON report. ``report["summary"]["outcome"]`` is ``"pass"``, ``"fail"`` or ``"incomplete"``.
    :raises CountersignError: where the command could not scan at all: usage, configuration, nothing there.
    """
    options = ["scan", "--no-progress", "--quiet"]
    options += _option("--jobs", jobs) + _option("--endpoint", endpoint)
    options += _judging(policy, approvals, role, integrity, as_of)
    return _report([*options, *arguments], [_named(root) for root in _list(roots)])


def extract(
    roots: Union[PathLike, Iterable[PathLike]],
    out: PathLike,
    *,
    shard: int = 1,
    of: int = 1,
    arguments: Sequence[str] = (),
) -> Path:
    """Writes what the assets of one shard say into a folder, as ``countersign extract`` does. Returns the shard's file.

    :param shard: which part of the files is read, from 1 to ``of``.
    :param arguments: further options of ``countersign extract``, the same for all shards.
    """
    options = ["extract", "--no-progress", "--out", os.fspath(out), "--shard", f"{shard}/{of}"]
    _command.run([*options, *arguments, "--", *(_named(root) for root in _list(roots))])
    return Path(out) / _rows.name(shard, of)


def extract_shard(
    roots: Union[PathLike, Iterable[PathLike]], *, shard: int = 1, of: int = 1, arguments: Sequence[str] = ()
) -> Shard:
    """Like :func:`extract`, for tasks without a common folder: the shard is returned and nothing is left on disk."""
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        file = extract(roots, folder, shard=shard, of=of, arguments=arguments)
        return Shard(file.name, file.read_bytes())


def judge(
    rows: _rows.Rows,
    *,
    policy: Optional[PathLike] = None,
    approvals: Union[PathLike, Sequence[PathLike]] = (),
    role: Optional[str] = None,
    integrity: bool = False,
    as_of: Optional[str] = None,
    arguments: Sequence[str] = (),
) -> Report:
    """Judges all shards of one extraction as one delivery, as ``countersign judge`` does.

    :param rows: folders that :func:`extract` filled; or the shards themselves: :class:`Shard`, or mappings with ``name``
        and ``data``, such as the rows of the data sets that :mod:`countersign.ray` and :mod:`countersign.daft` make.
    :raises IncompleteRows: where a shard is missing, cut or there twice.
    :raises CountersignError: where the shards are not of one extraction.
    """
    options = ["judge", "--no-progress", "--quiet", *_judging(policy, approvals, role, integrity, as_of), *arguments]
    with _rows.folders(rows) as folders:
        return _report(options, folders)


def _inspecting(pixels: bool, endpoint: Optional[str], arguments: Sequence[str]) -> List[str]:
    return ["inspect", "--json", *(["--pixels"] if pixels else []), *_option("--endpoint", endpoint), *arguments]


def _judging(
    policy: Optional[PathLike],
    approvals: Union[PathLike, Sequence[PathLike]],
    role: Optional[str],
    integrity: bool,
    as_of: Optional[str],
) -> List[str]:
    options = _option("--policy", policy) + _option("--role", role) + _option("--as-of", as_of)
    for ledger in _list(approvals):
        options += _option("--approvals", ledger)
    return options + (["--integrity"] if integrity else [])


def _option(name: str, value: "Union[PathLike, int, None]") -> List[str]:
    return [] if value is None else [name, str(value) if isinstance(value, int) else os.fspath(value)]


def _list(one_or_many: Union[PathLike, Iterable[PathLike]]) -> List[PathLike]:
    if isinstance(one_or_many, (str, os.PathLike)):
        return [one_or_many]
    return list(one_or_many)


def _named(path: PathLike) -> str:
    name = os.fspath(path)
    # A file of this name, and not standard input.
    return os.path.join(".", name) if name == "-" else name


def _report(options: Sequence[str], operands: Sequence[str]) -> Report:
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        file = Path(folder) / "report.json"
        done = _command.run([*options, "--report", f"json={file}", "--", *operands], answers=_JUDGED)
        if not file.is_file():
            raise _command.failure(done)
        return json.loads(file.read_bytes())


def _only(printed: bytes, what: str) -> Facts:
    lines = printed.splitlines()
    if len(lines) != 1:
        raise ValueError(f"{what}: facts are of one file, and this holds {len(lines)}; see facts_of and scan")
    return json.loads(lines[0])


def _batches(sources: Iterable[PathLike]) -> Iterator[List[str]]:
    batch: List[str] = []
    names = 0
    for source in sources:
        name = _named(source)
        if batch and (len(batch) >= _FILES or names + len(name) > _NAMES):
            yield batch
            batch, names = [], 0
        batch.append(name)
        names += len(name)
    if batch:
        yield batch
