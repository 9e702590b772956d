"""Rows of ``countersign extract``: shards as files or in memory, and the rows in them.

A shard is lines of JSON, compressed as gzip. The first line tells of the extraction, the last has the number and the SHA-256
of all lines before it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Union

from ._command import IncompleteRows, PathLike

#: The form of rows that is read here.
SCHEMA = "countersign.rows/1"


class Shard(NamedTuple):
    """A shard in memory: its file's name and bytes."""

    name: str
    data: bytes


Rows = Union[PathLike, Iterable[Union[PathLike, Shard, Mapping[str, Any]]]]


def name(shard: int, of: int) -> str:
    """The name of a shard's file."""
    return f"shard-{shard:05}-of-{of:05}.ndjson.gz"


def assets(rows: Rows) -> Iterator[Dict[str, Any]]:
    """What each asset says, from the shards of an extraction: ``root``, ``path``, ``member``, ``facts``, ``digests``, ….

    Shards are read one after the other, and each is whole or not given to its end.

    :raises IncompleteRows: at a shard that is cut or damaged. Whether all shards are there is for :func:`judge` to say.
    """
    for name_of, file in _shards(rows):
        with file:
            yield from (line["asset"] for line in _lines(name_of, file) if "asset" in line)


def _lines(name_of: str, file: BinaryIO) -> Iterator[Dict[str, Any]]:
    digest, count = hashlib.sha256(), 0
    try:
        with gzip.GzipFile(fileobj=file) as lines:
            for text in lines:
                line = json.loads(text)
                if count == 0 and line.get("schema") != SCHEMA:
                    raise IncompleteRows(3, f"{name_of}: rows of the form {line.get('schema')}, and {SCHEMA} is read")
                if "end" in line:
                    end = line["end"]
                    if (end["lines"], end["sha256"]) != (count, digest.hexdigest()) or lines.read(1):
                        raise IncompleteRows(2, f"{name_of}: its lines are not those that were written")
                    return
                digest.update(text)
                count += 1
                yield line
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise IncompleteRows(2, f"{name_of} is cut or damaged: {error}") from error
    raise IncompleteRows(2, f"{name_of} is cut: its last line is missing")


def _shards(rows: Rows) -> "Iterator[tuple[str, BinaryIO]]":
    for place in _parts(rows):
        if isinstance(place, Shard):
            yield place.name, io.BytesIO(place.data)
            continue
        path = Path(place)
        files = sorted(path.glob("shard-*.ndjson.gz")) if path.is_dir() else [path]
        for file in files:
            yield str(file), file.open("rb")


def _parts(rows: Rows) -> "Iterator[Union[PathLike, Shard]]":
    if isinstance(rows, (str, os.PathLike)):
        yield rows
    elif isinstance(rows, Shard):
        yield rows
    else:
        for part in rows:
            if isinstance(part, (str, os.PathLike, Shard)):
                yield part
            else:
                yield Shard(str(part["name"]), bytes(part["data"]))


@contextlib.contextmanager
def folders(rows: Rows) -> Iterator[List[str]]:
    """Folders with the shards; those in memory are written to one of their own, which is removed in the end."""
    named: List[str] = []
    with tempfile.TemporaryDirectory(prefix="countersign-") as own:
        for number, part in enumerate(_parts(rows)):
            if not isinstance(part, Shard):
                named.append(os.fspath(part))
                continue
            # A folder for each: two shards of one name are for the command to find.
            folder = Path(own) / str(number)
            folder.mkdir()
            # A name of a shard, and no way to elsewhere.
            (folder / Path(part.name).name).write_bytes(part.data)
            named.append(str(folder))
        yield named or [own]
