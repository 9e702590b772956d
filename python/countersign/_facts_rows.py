"""Facts as rows of four columns: ``ai``, ``blocked``, ``facts`` (JSON), ``error``."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

from ._command import CountersignError
from ._functions import facts_of

Row = Dict[str, Optional[Any]]


def rows_of(paths: Sequence[str], arguments: Sequence[str] = ()) -> List[Row]:
    """A row for each path. Where a file is not there, its row has the error, and the others are not held up."""
    told: List[Row] = []
    try:
        for facts in facts_of(paths, arguments=arguments):
            told.append(_row(facts))
    except (CountersignError, ValueError, TypeError):
        # One of them is not there: each of those that are left is asked for alone.
        pass
    return told + [row_of(path, arguments) for path in paths[len(told) :]]


def row_of(path: str, arguments: Sequence[str] = ()) -> Row:
    """The row of one path."""
    try:
        (only,) = facts_of([path], arguments=arguments)
    except (CountersignError, ValueError, TypeError) as error:
        return {"ai": None, "blocked": None, "facts": None, "error": str(error)}
    return _row(only)


def blocked(facts: Dict[str, Any]) -> bool:
    """Whether something kept the file from being read to its end: a mark could hide there."""
    return any(problem.get("blocking") for problem in facts.get("problems", []))


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _row(facts: Dict[str, Any]) -> Row:
    return {"ai": facts["ai"], "blocked": blocked(facts), "facts": compact(facts), "error": None}
