"""What an installed wheel does, in an environment that holds nothing else. Run by ``python/check``."""

import contextlib
import gzip
import http.server
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
import zipfile
from pathlib import Path

import countersign

FIXTURES = Path(os.environ["WHEEL_FIXTURES"])
DELIVERY = FIXTURES / "delivery"
LEDGER = FIXTURES / "approvals.jsonl"


def without_run(report):
    """A report without what a run says of itself."""
    return {name: value for name, value in report.items() if name != "run"}


@contextlib.contextmanager
def store(objects):
    """A server that lists and gives objects as an S3 store does, on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body, headers=()):
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = urllib.parse.parse_qs(url.query)
            if "list-type" in query:
                return self.answer(200, self.listing(url.path, query.get("prefix", [""])[0]))
            body = objects.get(url.path)
            if body is None:
                return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            about = [("ETag", '"one"'), ("Last-Modified", "Sat, 28 Nov 2026 12:00:00 GMT")]
            asked = self.headers.get("Range")
            if not asked:
                return self.answer(200, body, about)
            first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
            part = body[first : last + 1]
            about.append(("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(body)}"))
            self.answer(206, part, about)

        do_HEAD = do_GET

        def listing(self, bucket, prefix):
            keys = [key.removeprefix(bucket.rstrip("/") + "/") for key in objects]
            found = [key for key in keys if key.startswith(prefix)]
            entries = "".join(
                f"<Contents><Key>{key}</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><ETag>&quot;one&quot;</ETag>"
                f"<Size>{len(objects[bucket.rstrip('/') + '/' + key])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                for key in found
            )
            space = "http://s3.amazonaws.com/doc/2006-03-01/"
            head = f"<ListBucketResult xmlns='{space}'><Name>bucket</Name><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
            return f"{head}<KeyCount>{len(found)}</KeyCount>{entries}</ListBucketResult>".encode()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)


class Installed(Folder):
    def test_the_package_is_the_installed_one_and_brings_its_command(self):
        self.assertNotIn(FIXTURES.parent, Path(countersign.__file__).parents)
        said = subprocess.run([countersign.command(), "--version"], capture_output=True, check=True, text=True).stdout
        self.assertEqual(said.split(), ["countersign", countersign.__version__])
        again = [sys.executable, "-m", "countersign", "--version"]
        self.assertEqual(subprocess.run(again, capture_output=True, check=True, text=True).stdout, said)

    def test_python_passes_exit_codes_on(self):
        done = subprocess.run(
            [sys.executable, "-m", "countersign", "scan", DELIVERY, "-q", "--no-progress"], capture_output=True
        )
        self.assertEqual(done.returncode, 1, done.stderr)

    @unittest.skipIf(sys.platform == "win32", "a script stands in for a command")
    def test_another_command_in_the_path_is_not_taken(self):
        other = self.folder / "countersign"
        other.write_text("#!/bin/sh\nexit 99\n")
        other.chmod(0o755)
        code = "import countersign; print(countersign.facts(__import__('sys').argv[1])['ai'])"
        environment = {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}
        said = subprocess.run(
            [sys.executable, "-c", code, FIXTURES / "c2pa/generated.png"],
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        self.assertEqual(said.stdout.strip(), "generated")

    def test_types_and_words_are_there(self):
        self.assertTrue((Path(countersign.__file__).parent / "py.typed").is_file())
        for name in countersign.__all__:
            what = getattr(countersign, name)
            self.assertTrue(what.__doc__, name)
            if inspect.isfunction(what):
                signature = inspect.signature(what)
                self.assertIsNot(signature.return_annotation, inspect.Signature.empty, name)
                for parameter in signature.parameters.values():
                    self.assertIsNot(parameter.annotation, inspect.Parameter.empty, f"{name}({parameter.name})")


class Facts(Folder):
    def test_a_path_and_its_bytes_say_the_same(self):
        path = FIXTURES / "c2pa/generated.png"
        of_path, of_bytes = countersign.facts(path), countersign.facts(path.read_bytes())
        self.assertEqual(of_path["ai"], "generated")
        self.assertEqual(of_path.pop("path"), str(path))
        self.assertEqual(of_bytes.pop("path"), "-")
        # Bytes have no name that could promise another format.
        self.assertEqual((of_path.pop("named"), of_bytes.pop("named")), ("png", None))
        self.assertEqual(of_path, of_bytes)

    def test_credentials_are_verified_in_workers(self):
        # Only a worker process verifies: it is this command, started again.
        sound, tampered = (countersign.facts(FIXTURES / "c2pa" / name) for name in ("generated.png", "tampered.png"))
        self.assertNotEqual(sound["c2pa"]["state"], tampered["c2pa"]["state"])
        for facts in (sound, tampered):
            self.assertFalse([p for p in facts["problems"] if "process" in p["what"]], facts["problems"])

    def test_a_member_of_an_archive(self):
        archive = self.folder / "stills.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.write(FIXTURES / "c2pa/generated.png", "dir/still.png")
        self.assertEqual(countersign.facts(f"{archive}!/dir/still.png")["ai"], "generated")

    def test_an_object_of_a_store_and_of_a_web_server(self):
        whole = (FIXTURES / "c2pa/generated.png").read_bytes()
        with store({"/bucket/show/still.png": whole}) as endpoint:
            told = countersign.facts("s3://bucket/show/still.png", endpoint=endpoint)
            self.assertEqual(told["path"], "s3://bucket/show/still.png")
            here = countersign.facts(FIXTURES / "c2pa/generated.png")
            for same in ("ai", "bytes", "c2pa", "evidence", "format", "problems", "tags"):
                self.assertEqual(told[same], here[same], same)
            for missing in ("s3://bucket/show", "s3://bucket/show/other.png"):
                with self.assertRaises(countersign.CountersignError) as raised:
                    countersign.facts(missing, endpoint=endpoint)
                self.assertEqual(raised.exception.code, 3)

    def test_names_that_look_like_options(self):
        shutil.copy(FIXTURES / "c2pa/generated.png", self.folder / "--json")
        shutil.copy(FIXTURES / "c2pa/captured.jpg", self.folder / "-")
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        self.assertEqual([facts["ai"] for facts in countersign.facts_of(["--json", "-"])], ["generated", "none"])

    def test_what_is_not_there_is_an_error_that_says_so(self):
        with self.assertRaises(countersign.CountersignError) as raised:
            countersign.facts(self.folder / "nothing.png")
        self.assertEqual(raised.exception.code, 3)
        self.assertIn("nothing.png", str(raised.exception))

    def test_a_cut_file_is_blocked_and_no_error(self):
        whole = (FIXTURES / "c2pa/generated.png").read_bytes()
        facts = countersign.facts(whole[: len(whole) // 2])
        self.assertTrue(any(problem["blocking"] for problem in facts["problems"]))

    def test_many_files_come_in_their_order(self):
        files = sorted(path for path in (FIXTURES / "c2pa").iterdir()) * 40
        self.assertGreater(len(files), 256)
        told = list(countersign.facts_of(files))
        self.assertEqual([facts["path"] for facts in told], [str(path) for path in files])

    def test_what_came_before_a_missing_file_is_given(self):
        told = countersign.facts_of([FIXTURES / "c2pa/generated.png", self.folder / "nothing.png"])
        self.assertEqual(next(told)["ai"], "generated")
        with self.assertRaises(countersign.CountersignError):
            next(told)

    def test_a_folder_is_no_file(self):
        with self.assertRaises(ValueError):
            countersign.facts(FIXTURES / "c2pa")
        with self.assertRaises(ValueError):
            list(countersign.facts_of([FIXTURES / "c2pa"]))


class Judging(Folder):
    def test_a_scan_is_the_report_of_the_command(self):
        report = countersign.scan(DELIVERY, approvals=LEDGER)
        self.assertEqual(report["summary"]["outcome"], "fail")
        file = self.folder / "report.json"
        command = [countersign.command(), "scan", DELIVERY, "--approvals", LEDGER, "-q", "--report", f"json={file}"]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 1)
        self.assertEqual(without_run(report), without_run(json.loads(file.read_bytes())))

    def test_several_roots_and_options(self):
        report = countersign.scan(
            [DELIVERY, FIXTURES / "c2pa"], approvals=[LEDGER], as_of="2026-06-01", role="temporary", jobs=1,
            arguments=["--tags"],
        )  # fmt: skip
        self.assertEqual(len(report["run"]["roots"]), 2)
        self.assertTrue(any(asset.get("tags") for asset in report["assets"]))

    def test_usage_and_empty_folders_are_errors(self):
        for code, call in [
            (3, lambda: countersign.scan(self.folder / "none")),
            (3, lambda: countersign.scan(DELIVERY, policy=self.folder / "none.toml")),
            (4, lambda: countersign.scan(self.folder)),
        ]:
            with self.assertRaises(countersign.CountersignError) as raised:
                call()
            self.assertEqual(raised.exception.code, code, str(raised.exception))

    def test_shards_are_judged_as_the_delivery_itself(self):
        whole = countersign.scan(DELIVERY, approvals=LEDGER, integrity=True)
        options = {"arguments": ["--integrity", "--digests"]}
        for shard in (3, 1, 2):
            made = countersign.extract(DELIVERY, self.folder, shard=shard, of=3, **options)
            self.assertTrue(made.is_file(), made)
        on_disk = countersign.judge(self.folder, approvals=LEDGER, integrity=True)
        self.assertEqual(without_run(on_disk), without_run(whole))
        shards = [countersign.extract_shard(DELIVERY, shard=shard, of=3, **options) for shard in (2, 3, 1)]
        in_memory = countersign.judge(shards, approvals=LEDGER, integrity=True)
        self.assertEqual(without_run(in_memory), without_run(whole))
        rows = ({"name": shard.name, "data": shard.data} for shard in shards)
        self.assertEqual(without_run(countersign.judge(rows, approvals=LEDGER, integrity=True)), without_run(whole))

    def test_missing_and_doubled_shards_are_never_judged(self):
        shards = [countersign.extract_shard(DELIVERY, shard=shard, of=2) for shard in (1, 2)]
        for rows in ([], shards[:1], [*shards, shards[0]], [shards[0], shards[1]._replace(data=shards[1].data[:-9])]):
            with self.assertRaises(countersign.IncompleteRows) as raised:
                countersign.judge(rows)
            self.assertIn("incomplete", str(raised.exception))

    def test_the_assets_of_rows(self):
        of_disk = countersign.extract(DELIVERY, self.folder)
        shards = [countersign.extract_shard(DELIVERY, shard=shard, of=2) for shard in (1, 2)]
        key = lambda asset: (asset["path"], asset.get("member", ""))
        whole = sorted(countersign.assets(of_disk), key=key)
        self.assertGreater(len(whole), 10)
        self.assertEqual(whole, sorted(countersign.assets(shards), key=key))
        self.assertEqual(whole, sorted(countersign.assets(self.folder), key=key))

    def test_damaged_rows_are_told(self):
        shard = countersign.extract_shard(DELIVERY)
        lines = gzip.decompress(shard.data).splitlines(keepends=True)
        for data in (
            shard.data[: len(shard.data) // 2],
            gzip.compress(b"".join(lines[:-1])),
            gzip.compress(b"".join([*lines[:2], *lines[3:]])),
            gzip.compress(b"".join([*lines, b"{}\n"])),
            b"",
        ):
            with self.assertRaises(countersign.IncompleteRows):
                list(countersign.assets([shard._replace(data=data)]))


if __name__ == "__main__":
    unittest.main()
