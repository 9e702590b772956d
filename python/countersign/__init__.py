"""Flags AI-marked media in deliveries that has no recorded approval.

>>> import countersign
>>> countersign.facts("still.png")["ai"]                                   # doctest: +SKIP
'generated'
>>> countersign.scan("/mnt/drive")["summary"]["outcome"]                   # doctest: +SKIP
'fail'

Every function runs the command that the package brings, in a process of its own: what hostile media do to it, they do not do
to yours. :mod:`countersign.ray` and :mod:`countersign.daft` run it on clusters, :mod:`countersign.arrow` gives its answers as
Arrow record batches; they need ``countersign[ray]``, ``countersign[daft]`` and ``countersign[arrow]``.
"""

from importlib.metadata import PackageNotFoundError, version

from ._command import CountersignError, IncompleteRows, command
from ._functions import extract, extract_shard, facts, facts_of, judge, scan
from ._rows import Shard, assets

__all__ = [
    "CountersignError",
    "IncompleteRows",
    "Shard",
    "assets",
    "command",
    "extract",
    "extract_shard",
    "facts",
    "facts_of",
    "judge",
    "scan",
]

try:
    __version__ = version("countersign")
except PackageNotFoundError:  # A checkout that was not installed.
    __version__ = "0"
