"""``extract`` on a Ray cluster, by Ray Data. Needs ``pip install 'countersign[ray]'`` on every node.

The reading is shared out over the cluster, the judging is done once:

>>> import countersign, countersign.ray
>>> shards = countersign.ray.extract("s3://deliveries/show/ep101", shards=64)      # doctest: +SKIP
>>> countersign.ray.judge(shards, approvals="approvals.jsonl")["summary"]          # doctest: +SKIP
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Union

import ray.data

from ._command import PathLike
from ._functions import Report, extract_shard
from ._functions import judge as _judge

__all__ = ["extract", "facts", "judge", "write"]


def extract(
    roots: Union[PathLike, Iterable[PathLike]], *, shards: int, arguments: Sequence[str] = (), **resources: Any
) -> "ray.data.Dataset":
    """A data set with a row for each shard: ``shard``, ``of``, ``name``, ``data``. Nothing runs until it is consumed.

    :param roots: addresses, or folders that every node sees at the same place.
    :param shards: how many tasks there are; several times the number of processors keeps all of them at work.
    :param arguments: options of ``countersign extract``, the same for all shards.
    :param resources: what a task takes, as ``Dataset.map`` has it: ``num_cpus``, ``memory``, ``concurrency``, ….
    """
    given = {"roots": _list(roots), "arguments": list(arguments)}
    items = [{"shard": number, "of": shards} for number in range(1, shards + 1)]
    numbers = ray.data.from_items(items, override_num_blocks=shards)
    return numbers.map(_shard, fn_kwargs=given, **resources)


def facts(
    files: "ray.data.Dataset", *, column: str = "path", arguments: Sequence[str] = (), batch_size: int = 256, **resources: Any
) -> "ray.data.Dataset":
    """A data set with a column of paths or addresses, with what each file says: the columns of ``countersign.arrow.FACTS``.

    For questions about many files. A delivery is judged from :func:`extract`: packages, sequences and timelines need all of
    its files.
    """
    from .arrow import facts_of_table

    given = {"column": column, "arguments": list(arguments)}
    return files.map_batches(
        facts_of_table, batch_format="pyarrow", batch_size=batch_size, fn_kwargs=given, **resources
    )


def judge(shards: "ray.data.Dataset", **options: Any) -> Report:
    """Judges the shards here, as one delivery; takes the options of :func:`countersign.judge`."""
    return _judge(shards.iter_rows(), **options)


def write(shards: "ray.data.Dataset", out: PathLike) -> List[Path]:
    """Writes the shards into a folder of this machine, for ``countersign judge``. Returns their files."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for row in shards.iter_rows():
        file = folder / row["name"]
        # It gets its name when it is whole.
        part = folder / f".{row['name']}.part"
        part.write_bytes(row["data"])
        part.replace(file)
        written.append(file)
    return sorted(written)


def _shard(row: Dict[str, Any], roots: List[str], arguments: List[str]) -> Dict[str, Any]:
    shard, of = int(row["shard"]), int(row["of"])
    made = extract_shard(roots, shard=shard, of=of, arguments=arguments)
    return {"shard": shard, "of": of, "name": made.name, "data": made.data}


def _list(roots: Union[PathLike, Iterable[PathLike]]) -> List[str]:
    named = [roots] if isinstance(roots, (str, os.PathLike)) else roots
    return [os.fspath(root) for root in named]
