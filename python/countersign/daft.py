"""``extract`` on a Daft cluster. Needs ``pip install 'countersign[daft]'`` on every node.

>>> import countersign, countersign.daft
>>> shards = countersign.daft.extract("s3://deliveries/show/ep101", shards=64)     # doctest: +SKIP
>>> countersign.daft.judge(shards, approvals="approvals.jsonl")["summary"]         # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

import daft
from daft import DataType

from . import _facts_rows
from ._command import PathLike
from ._functions import Report, extract_shard
from ._functions import judge as _judge

__all__ = ["extract", "facts", "judge"]

_SHARD = DataType.struct({"name": DataType.string(), "data": DataType.binary()})
_FACTS = DataType.struct(
    {"ai": DataType.string(), "blocked": DataType.bool(), "facts": DataType.string(), "error": DataType.string()}
)


def extract(
    roots: Union[PathLike, Iterable[PathLike]], *, shards: int, arguments: Sequence[str] = ()
) -> "daft.DataFrame":
    """A frame with a row for each shard: ``shard``, ``of``, ``name``, ``data``. Nothing runs until it is collected.

    :param roots: addresses, or folders that every node sees at the same place.
    :param shards: how many tasks there are; several times the number of processors keeps all of them at work.
    :param arguments: options of ``countersign extract``, the same for all shards.
    """
    named = [os.fspath(roots)] if isinstance(roots, (str, os.PathLike)) else [os.fspath(root) for root in roots]
    options = list(arguments)

    def one(shard: int, of: int) -> Dict[str, Any]:
        made = extract_shard(named, shard=shard, of=of, arguments=options)
        return {"name": made.name, "data": made.data}

    task = daft.func(one, return_dtype=_SHARD)
    numbers = daft.from_pydict({"shard": list(range(1, shards + 1)), "of": [shards] * shards})
    # A partition for each: that is what a cluster shares out. On one machine there are none.
    if daft.get_or_infer_runner_type() != "native":
        numbers = numbers.into_partitions(shards)
    made = numbers.with_column("made", task(daft.col("shard"), daft.col("of")))
    name, data = daft.col("made").get("name").alias("name"), daft.col("made").get("data").alias("data")
    return made.select("shard", "of", name, data)


def facts(files: "daft.DataFrame", *, column: str = "path", arguments: Sequence[str] = ()) -> "daft.DataFrame":
    """A frame with a column of paths or addresses, with what each file says: ``ai``, ``blocked``, ``facts``, ``error``.

    Where ``error`` says something, nothing is known of the file: it is not clean.
    """
    options = list(arguments)

    @daft.func.batch(return_dtype=_FACTS, batch_size=256)
    def many(paths: "daft.Series") -> List[Dict[str, Optional[Any]]]:
        return _facts_rows.rows_of(paths.to_pylist(), options)

    told = files.with_column("told", many(daft.col(column)))
    parts = [daft.col("told").get(part).alias(part) for part in ("ai", "blocked", "facts", "error")]
    return told.select(*(daft.col(name) for name in files.column_names), *parts)


def judge(shards: "daft.DataFrame", **options: Any) -> Report:
    """Judges the shards here, as one delivery; takes the options of :func:`countersign.judge`."""
    rows: List[Dict[str, Any]] = list(shards.iter_rows())
    return _judge(rows, **options)
