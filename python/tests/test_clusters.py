"""Arrow, Ray Data and Daft on this machine: the same rows as ``extract`` writes to a folder. Run by ``python/check``."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

import daft
import pyarrow as pa
import ray

import countersign
import countersign.arrow
import countersign.daft
import countersign.ray

FIXTURES = Path(os.environ["WHEEL_FIXTURES"])
DELIVERY = FIXTURES / "delivery"
LEDGER = FIXTURES / "approvals.jsonl"
SHARDS = 3
OPTIONS = ["--digests", "--integrity"]


def rows(shards):
    """The rows of assets, in one order."""
    return sorted(countersign.assets(shards), key=lambda asset: (asset["path"], asset.get("member", "")))


def without_run(report):
    return {name: value for name, value in report.items() if name != "run"}


class Clusters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        cls.addClassCleanup(ray.shutdown)
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for shard in range(1, SHARDS + 1):
            countersign.extract(DELIVERY, cls.folder / "rows", shard=shard, of=SHARDS, arguments=OPTIONS)
        cls.rows = rows(cls.folder / "rows")
        cls.report = without_run(countersign.scan(DELIVERY, approvals=LEDGER, integrity=True))
        cls.files = sorted(str(path) for path in (FIXTURES / "c2pa").iterdir())
        cls.ai = [facts["ai"] for facts in countersign.facts_of(cls.files)]

    def test_ray_gives_the_rows_of_the_folder(self):
        shards = countersign.ray.extract(DELIVERY, shards=SHARDS, arguments=OPTIONS, num_cpus=1).materialize()
        made = [countersign.Shard(row["name"], row["data"]) for row in shards.iter_rows()]
        self.assertEqual(len(made), SHARDS)
        self.assertEqual(rows(made), self.rows)
        written = countersign.ray.write(shards, self.folder / "ray")
        self.assertEqual([file.name for file in written], sorted(file.name for file in (self.folder / "rows").iterdir()))
        self.assertEqual(rows(self.folder / "ray"), self.rows)
        judged = countersign.ray.judge(shards, approvals=LEDGER, integrity=True)
        self.assertEqual(without_run(judged), self.report)

    def test_daft_gives_the_rows_of_the_folder(self):
        shards = countersign.daft.extract(DELIVERY, shards=SHARDS, arguments=OPTIONS).collect()
        made = [countersign.Shard(row["name"], row["data"]) for row in shards.iter_rows()]
        self.assertEqual(len(made), SHARDS)
        self.assertEqual(rows(made), self.rows)
        judged = countersign.daft.judge(shards, approvals=LEDGER, integrity=True)
        self.assertEqual(without_run(judged), self.report)

    def test_a_lost_shard_is_never_judged(self):
        shards = countersign.ray.extract(DELIVERY, shards=SHARDS).materialize()
        with self.assertRaises(countersign.IncompleteRows):
            countersign.ray.judge(shards.filter(lambda row: row["shard"] != 2))

    def test_facts_of_paths_by_ray(self):
        missing = str(self.folder / "nothing.png")
        table = pa.table({"path": [*self.files, missing]})
        told = countersign.ray.facts(ray.data.from_arrow(table)).to_pandas().sort_values("path").set_index("path")
        self.assertEqual([told.loc[file, "ai"] for file in self.files], self.ai)
        self.assertIn("nothing.png", told.loc[missing, "error"])

    def test_facts_of_paths_by_daft(self):
        missing = str(self.folder / "nothing.png")
        frame = daft.from_pydict({"path": [*self.files, missing]})
        told = {row["path"]: row for row in countersign.daft.facts(frame).iter_rows()}
        self.assertEqual([told[file]["ai"] for file in self.files], self.ai)
        self.assertIn("nothing.png", told[missing]["error"])

    def test_rows_are_record_batches(self):
        reader = countersign.arrow.record_batches(self.folder / "rows", batch_size=4)
        self.assertTrue(hasattr(reader, "__arrow_c_stream__"))
        batches = list(reader)
        self.assertGreater(len(batches), 1)
        self.assertTrue(all(hasattr(batch, "__arrow_c_array__") for batch in batches))
        told = [row for batch in batches for row in batch.to_pylist()]
        self.assertEqual(sorted(row["path"] for row in told), sorted(row["path"] for row in self.rows))
        # Another engine takes the stream as it is.
        taken = daft.from_arrow(countersign.arrow.record_batches(self.folder / "rows").read_all())
        self.assertEqual(taken.count_rows(), len(self.rows))

    def test_the_function_for_spark(self):
        # `mapInArrow` calls it with an iterator of record batches.
        batches = pa.table({"id": list(range(len(self.files))), "path": self.files}).to_batches(max_chunksize=3)
        told = [row for batch in countersign.arrow.facts_of_batches(iter(batches)) for row in batch.to_pylist()]
        self.assertEqual([row["ai"] for row in told], self.ai)
        self.assertEqual([row["id"] for row in told], list(range(len(self.files))))


if __name__ == "__main__":
    unittest.main()
