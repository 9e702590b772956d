#!/usr/bin/env bash
# Times this program, ExifTool and exiv2 over the same files and prints the README's table in Markdown.
#
# usage: benches/compare.sh PROGRAM FOLDER [ROUNDS]     (an optimized build; ROUNDS: 3)
#
# The programs run in turn, so that what disturbs the machine disturbs all of them, after one run of each that nobody times:
# everything is in the page cache then. Of several rounds the quickest counts. The floor is what no reader can do without:
# listing, asking for each file's size, opening it, reading its first 4 KiB. What is not installed is said.
set -euo pipefail

program=$(realpath "${1:?usage: benches/compare.sh PROGRAM FOLDER [ROUNDS]}")
folder=$(realpath "${2:?usage: benches/compare.sh PROGRAM FOLDER [ROUNDS]}")
rounds=${3:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
has() { command -v "$1" >/dev/null 2>&1; }

pictures="$scratch/pictures"
find "$folder" -type f \( -iname '*.jpg' -o -iname '*.jpeg' \) > "$pictures"

cat > "$scratch/floor.py" <<'P'
import os, sys
def walk(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path)
            elif entry.is_file(follow_symlinks=False):
                os.stat(entry.path)
                handle = os.open(entry.path, os.O_RDONLY)
                os.pread(handle, 4096, 0)
                os.close(handle)
walk(sys.argv[1])
P
cat > "$scratch/floor.c" <<'P'
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
static int one(const char *path, const struct stat *known, int kind, struct FTW *at) {
  char head[4096];
  (void)known; (void)at;
  if (kind == FTW_F) {
    int handle = open(path, O_RDONLY);
    if (handle >= 0) { if (pread(handle, head, sizeof head, 0) < 0) return 1; close(handle); }
  }
  return 0;
}
int main(int count, char **words) { return count > 1 ? nftw(words[1], one, 64, FTW_PHYS) : 1; }
P
if has cc && cc -O2 -o "$scratch/floor" "$scratch/floor.c" 2>/dev/null; then
  floor() { "$scratch/floor" "$folder"; }
else
  echo 'no C compiler: the floor is that of Python, which is higher' >&2
  floor() { python3 "$scratch/floor.py" "$folder"; }
fi
ours() { "$program" scan "$folder" --no-progress -q --report json=/dev/null; }
ours_one() { "$program" scan "$folder" --no-progress -q --jobs 1 --report json=/dev/null; }
ours_two() { "$program" scan "$folder" --no-progress -q --jobs 2 --report json=/dev/null; }
ours_pictures() { "$program" scan --files-from "$pictures" --no-progress -q --report json=/dev/null; }
# Without `-fast2` ExifTool looks behind the end of files and into maker notes, as this program does; `-ee` has it look into
# what is embedded, `-a` and `-u` tell what it would leave out.
exiftool_whole() { exiftool -r -q -json -a -u -G1 -ee "$folder"; }
exiftool_fast() { exiftool -r -fast2 -q -json "$folder"; }
exiv2_pictures() { xargs -d '\n' exiv2 -q -pa < "$pictures"; }

runs=(floor ours ours_one ours_two ours_pictures)
if has exiftool; then runs+=(exiftool_whole exiftool_fast); else echo 'not installed: exiftool' >&2; fi
if has exiv2; then runs+=(exiv2_pictures); else echo 'not installed: exiv2' >&2; fi
[ -s "$pictures" ] || echo 'no JPEGs: exiv2 is asked for nothing' >&2

declare -A cpu wall
TIMEFORMAT='%U %S %R'
timed() { # runs a command and keeps its least CPU and wall time
  local user system real used
  { time "$1" >/dev/null 2>&1 || true; } 2>"$scratch/time"
  read -r user system real < "$scratch/time"
  used=$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%.3f", u + s }')
  least cpu "$1" "$used"
  least wall "$1" "$real"
}
least() { # table, name, seconds
  local -n table=$1
  if [ -z "${table[$2]-}" ] || awk -v a="$3" -v b="${table[$2]}" 'BEGIN { exit !(a < b) }'; then table[$2]=$3; fi
}

# What a program does not read itself, the system may read ahead behind its back, in every round anew.
find "$folder" -type f -exec cat {} + >/dev/null
for run in "${runs[@]}"; do "$run" >/dev/null 2>&1 || true; done
for _ in $(seq "$rounds"); do
  for run in "${runs[@]}"; do timed "$run"; done
done

times() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.1f", a / b; else printf "–" }'; }
row() { # what, run, the run that it is compared with
  [ -n "${cpu[$2]-}" ] || return 0
  printf '| %s | %s s | %s s | %s |\n' "$1" "${cpu[$2]}" "${wall[$2]}" "$(times "${cpu[$2]}" "${cpu[$3]}")"
}
count=$(find "$folder" -type f | wc -l)
size=$(du -sm --apparent-size "$folder" | cut -f1)
printf '%s files (%s MB), %s of them JPEGs; the quickest of %s rounds, in the page cache; %s\n\n' \
  "$count" "$size" "$(wc -l < "$pictures")" "$rounds" "$("$program" --version)"
printf '| what | CPU | wall | times our CPU time |\n|---|---|---|---|\n'
row 'listing, stat, open, 4 KiB of each file' floor ours_one
row '`countersign scan DIR`' ours ours
row '`countersign scan DIR --jobs 1`' ours_one ours
row '`countersign scan DIR --jobs 2`' ours_two ours
row '`exiftool -r -q -json -a -u -G1 -ee DIR`' exiftool_whole ours
row '`exiftool -r -fast2 -q -json DIR`' exiftool_fast ours
row '`countersign scan --files-from JPEGS`' ours_pictures ours_pictures
row '`exiv2 -q -pa` of the JPEGs' exiv2_pictures ours_pictures
printf '\nCPU time of one thread over the floor: %s. Wall time of one thread over that of two: %s.\n' \
  "$(times "${cpu[ours_one]}" "${cpu[floor]}")" "$(times "${wall[ours_one]}" "${wall[ours_two]}")"
