"""Follows the pages from a fresh clone, as a newcomer would, role by role: `make follow-pages`.

The clone is of what is committed. It is set up, `make demo` runs in it, and then every command of each role's pages
that can run on the local account, in order, with its printed result compared. Each step's time is printed, and the disk
that it took. With `--offline` set-up and demo run a second time without a network, and the pages after that.
"""

import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import time

from infra import ROOT
from tests import page_commands

NOWHERE = "http://127.0.0.1:9"  # discard: nothing listens there
NO_NETWORK = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": NOWHERE,
    "UV_DEFAULT_INDEX": NOWHERE,
    "UV_NO_CONFIG": "1",
    "npm_config_registry": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
}
"""Variables that lead every package registry, and every other host, to where nobody answers."""
ROLES: dict[str, tuple[str, ...]] = {
    "rest-client": ("docs/tutorials/rest-client.md",),
    "analytics-engineer": ("docs/tutorials/analytics-engineer.md",),
    "operator": ("docs/tutorials/operator.md", "docs/operate.md", "docs/how-to/gameday.md"),
    "bi-user": ("docs/tutorials/bi-user.md", "docs/bi.md"),
    "developer": ("docs/how-to/test.md",),
}
"""The pages of each role, in the order in which README and the tutorial lead to them."""
MINUTES = 10
"""How long a role's pages may take, once the demo has run."""


@dataclasses.dataclass
class Newcomer:
    """Somebody with a fresh clone.

    Args:
        clone: the folder of the clone.
        port: of the local account.
        home: what the account keeps.
    """

    clone: pathlib.Path
    port: int

    def environment(self, offline: bool = False) -> dict[str, str]:
        """The shell: nothing points AWS clients anywhere, and `insights` is the clone's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INSIGHTS_"))}
        path = os.pathsep.join([str(self.clone / ".venv" / "bin"), os.environ["PATH"]])
        return {**kept, "PATH": path, "INSIGHTS_LOCAL_PORT": str(self.port), **(NO_NETWORK if offline else {})}

    def run(self, what: str, words: list[str], offline: bool = False) -> None:
        """Run a command in the clone and print how long it took.

        Raises:
            SystemExit: the command failed.
        """
        began = time.monotonic()
        done = subprocess.run(words, cwd=self.clone, env=self.environment(offline), check=False)
        if done.returncode:
            sys.exit(f"{what}: exit {done.returncode}")
        print(f"newcomer: {what}: {time.monotonic() - began:.0f} s", flush=True)

    def follow(self, role: str, offline: bool = False) -> list[str]:
        """Run the pages of a role; what went wrong, empty when all was as the pages say."""
        began, wrong = time.monotonic(), []
        for page in ROLES[role]:
            blocks = page_commands.read_blocks((self.clone / page).read_text())
            wrong += page_commands.run_page(blocks, self.environment(offline), self.clone)
        minutes = (time.monotonic() - began) / 60
        print(f"newcomer: {role}: {', '.join(ROLES[role])}: {minutes:.1f} min", flush=True)
        return wrong + ([f"{role}: {minutes:.1f} minutes, at most {MINUTES}"] if minutes > MINUTES else [])


def clone(folder: pathlib.Path) -> None:
    """Clone what this checkout has committed."""
    git = shutil.which("git") or "git"
    subprocess.run([git, "clone", "--quiet", "--no-local", str(ROOT), str(folder)], check=True)


def disk(folder: pathlib.Path) -> float:
    """Gigabytes below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e9


def main(words: list[str]) -> int:
    """Follow the pages; 1 when one of them was not so."""
    parser = argparse.ArgumentParser(prog="make follow-pages", description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".local" / "newcomer", help="of the clone")
    parser.add_argument("--port", type=int, default=4590, help="of the clone's local account")
    parser.add_argument("--offline", action="store_true", help="set-up and demo a second time, without a network")
    parser.add_argument("--role", choices=[*ROLES], action="append", help="one role; all when it is not given")
    parser.add_argument("--keep", action="store_true", help="go on with a clone that is there, and keep it")
    given = parser.parse_args(words)
    newcomer = Newcomer(given.folder, given.port)
    if not (given.keep and given.folder.exists()):
        shutil.rmtree(given.folder, ignore_errors=True)
        clone(given.folder)
        newcomer.run("make setup", ["make", "--silent", "setup"])
        newcomer.run("make demo", ["make", "--silent", "demo"])
        print(f"newcomer: {disk(given.folder):.1f} GB on disk", flush=True)
    try:
        if given.offline:
            (given.folder / "requirements.lock").touch()
            newcomer.run("make demo, without a network", ["make", "--silent", "demo"], offline=True)
        wrong = [finding for role in given.role or ROLES for finding in newcomer.follow(role, given.offline)]
    finally:
        newcomer.run("make down", ["make", "--silent", "down"])
    print(*wrong, sep="\n\n")
    if not given.keep:
        shutil.rmtree(given.folder)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
