"""Answers as Arrow record batches. Needs ``pyarrow``: ``pip install 'countersign[arrow]'``.

What is returned has ``__arrow_c_stream__`` and ``__arrow_c_array__``: Polars, DuckDB, pandas, Daft and others take it by the
Arrow C data interface, without a copy.
"""

from __future__ import annotations

import itertools
from typing import Any, Dict, Iterable, Iterator, Sequence

import pyarrow as pa

from ._facts_rows import blocked, compact, rows_of
from ._rows import Rows, assets

__all__ = ["ASSETS", "FACTS", "facts_of_batches", "facts_of_table", "record_batches"]

#: Columns of :func:`record_batches`. ``facts`` is JSON: its shape grows with the formats that are read.
ASSETS = pa.schema(
    [
        pa.field("root", pa.int32(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("member", pa.string(), nullable=False),
        pa.field("format", pa.string()),
        pa.field("blocked", pa.bool_(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("facts", pa.string(), nullable=False),
    ]
)

#: Columns that :func:`facts_of_batches` adds. Where ``error`` says something, nothing is known of the file: it is not clean.
FACTS = [
    pa.field("ai", pa.string()),
    pa.field("blocked", pa.bool_()),
    pa.field("facts", pa.string()),
    pa.field("error", pa.string()),
]


def record_batches(rows: Rows, *, batch_size: int = 1024) -> pa.RecordBatchReader:
    """What the assets of an extraction say, one row each, in batches: see :data:`ASSETS`.

    ``blocked`` is true where something kept the file from being read to its end; a mark could hide there.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        found = iter(assets(rows))
        while batch := list(itertools.islice(found, batch_size)):
            yield pa.RecordBatch.from_pylist([_asset(asset) for asset in batch], schema=ASSETS)

    return pa.RecordBatchReader.from_batches(ASSETS, batches())


def facts_of_batches(
    batches: Iterable[pa.RecordBatch], *, column: str = "path", arguments: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Batches with a column of paths or addresses, each with the columns of :data:`FACTS` added.

    This is the function that Spark's ``mapInArrow`` wants.
    """
    for batch in batches:
        paths = batch.column(batch.schema.get_field_index(column)).to_pylist()
        told = rows_of(paths, arguments)
        schema = batch.schema
        arrays = list(batch.columns)
        for field in FACTS:
            schema = schema.append(field)
            arrays.append(pa.array([one[field.name] for one in told], type=field.type))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def facts_of_table(table: pa.Table, *, column: str = "path", arguments: Sequence[str] = ()) -> pa.Table:
    """A table with a column of paths or addresses, with the columns of :data:`FACTS` added: for Ray's ``map_batches``."""
    schema = table.schema
    for field in FACTS:
        schema = schema.append(field)
    return pa.Table.from_batches(facts_of_batches(table.to_batches(), column=column, arguments=arguments), schema)


def _asset(asset: Dict[str, Any]) -> Dict[str, Any]:
    facts = asset["facts"]
    return {
        "root": asset["root"],
        "path": asset["path"],
        "member": asset.get("member", ""),
        "format": facts.get("format"),
        "blocked": blocked(facts) or "not_hashed" in asset or bool(asset.get("changed")),
        "sha256": dict(asset.get("digests", [])).get("sha256"),
        "facts": compact(facts),
    }
