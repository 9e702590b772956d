#!/usr/bin/env python3
"""Makes the pictures of the README from the demo delivery: what the program prints, and the page that it writes.

    cargo build && python3 docs/pictures/make.py target/debug/countersign

terminal.svg holds lines of the real output, with their colors; the tests compare them with what is printed. page.png is a
screenshot by Chromium. Run it again when the tests say that the output has changed.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
COMMAND = ["scan", "fixtures/delivery", "--approvals", "fixtures/approvals.jsonl"]

# Columns of the program's output where no terminal is; the size of a character and of a line, in pixels.
COLUMNS, WIDE, HIGH, MARGIN = 80, 8.43, 19, 18
COLORS = {"31": "#ff7b72", "33": "#e3b341", "32": "#7ee787", "plain": "#d7dde4", "faint": "#8b949e"}


def printed(program):
    """The lines that the demo prints, with their ANSI sequences."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COUNTERSIGN_")}
    environment["COUNTERSIGN_CONFIG"] = "/nonexistent"
    ran = subprocess.run([program, *COMMAND, "--color", "always"], cwd=PROJECT, env=environment, capture_output=True)
    if ran.returncode != 1:
        sys.exit(f"the demo ended with exit code {ran.returncode}: {ran.stderr.decode()}")
    return ran.stdout.decode().splitlines()


def chosen(lines):
    """The verdict, one finding, and the end: what the picture has room for; None stands for what is left out."""
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines]
    verdict = plain.index("Errors")
    finding = plain.index("  final/hero_010.png")
    after = next(i for i in range(finding + 1, len(plain)) if not plain[i].startswith("    "))
    rule = next(i for i in range(finding, -1, -1) if plain[i].startswith("["))
    end = plain.index("Open")
    return [*lines[: verdict + 1], None, lines[rule], None, *lines[finding:after], None, *lines[end:]]


def text(line):
    """One line as tspans: bold and color by the SGR sequences before each part."""
    spans, weight, color = [], "", COLORS["plain"]
    for part in re.split("(\x1b\\[[0-9;]*m)", line):
        codes = re.fullmatch("\x1b\\[([0-9;]*)m", part)
        if codes:
            codes = codes.group(1).split(";")
            weight = ' font-weight="700"' if "1" in codes else ""
            color = next((COLORS[c] for c in codes if c in COLORS), COLORS["faint" if "2" in codes else "plain"])
        elif part:
            spans.append(f'<tspan fill="{color}"{weight}>{html.escape(part)}</tspan>')
    return "".join(spans)


def drawn(lines):
    """The lines as a picture of a terminal."""
    prompt = "$ countersign " + " ".join(COMMAND)
    rows = [f'<tspan fill="{COLORS["faint"]}">{html.escape(prompt)}</tspan>', ""]
    rows += [f'<tspan fill="{COLORS["faint"]}">  ⋮</tspan>' if line is None else text(line) for line in lines]
    width, height = round(COLUMNS * WIDE + 2 * MARGIN), len(rows) * HIGH + 2 * MARGIN
    body = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + 14 + i * HIGH}" xml:space="preserve">{row}</text>'
        for i, row in enumerate(rows)
        if row
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="What the demo prints">\n<rect width="100%" height="100%" rx="8" fill="#14181d"/>\n'
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14">\n'
        f"{body}\n</g>\n</svg>\n"
    )


def page(program):
    """A screenshot of the HTML report of the demo."""
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        sys.exit("no Chromium here (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COUNTERSIGN_")}
        environment["COUNTERSIGN_CONFIG"] = folder
        subprocess.run([program, *COMMAND, "--report", f"html={report}"], cwd=PROJECT, env=environment, capture_output=True)
        shot = Path(folder) / "page.png"
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
             "--window-size=1100,1190", f"--screenshot={shot}", f"file://{report}"],
            capture_output=True, timeout=120, check=True,
        )
        shutil.copy(shot, HERE / "page.png")


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/debug/countersign").resolve())
    (HERE / "terminal.svg").write_text(drawn(chosen(printed(program))))
    page(program)


main()
