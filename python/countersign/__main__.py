"""``python -m countersign``: the command."""

import os
import subprocess
import sys

from countersign import command


def main() -> int:
    """Becomes the command, where a process can."""
    arguments = [str(command()), *sys.argv[1:]]
    if sys.platform == "win32":
        return subprocess.run(arguments, check=False).returncode
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    sys.exit(main())
