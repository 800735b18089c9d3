# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the nox sessions `release-check` and `galaxy` look at.

The commands are `ready VERSION`, `content TARBALL TREE` and `checksum TARBALL`. Each says what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

import yaml
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
# What a user needs. The rest of the tree is build_ignore's in galaxy.yml.
BELONGS = {"CHANGELOG.md", "CHANGELOG.rst", "COPYING", "LICENSES", "README.md", "changelogs", "docs", "meta"}
BELONGS |= {"playbooks", "plugins", "requirements.txt", "roles"}
# What the next changelog is made of, and what the docs site is made with.
BUT = ("changelogs/fragments/", "docs/docsite/sphinx/")
# Written by ansible-galaxy.
WRITTEN = {"FILES.json", "MANIFEST.json"}


def ready(version: str) -> None:
    """Whether the tree is that of a version, all of it committed."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"{version!r} is no version: say which is to be checked, as in 'make release-check VERSION=1.0.0'.")
    releases = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    named = {
        "galaxy.yml": yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"],
        "plugins/module_utils/_version.py": re.findall(
            r'^VERSION = "(.*)"$', (ROOT / "plugins" / "module_utils" / "_version.py").read_text(), re.MULTILINE
        )[0],
        "the newest release in changelogs/changelog.yaml": max(releases, key=Version, default="none"),
    }
    wrong = [f"{where} is {found}" for where, found in named.items() if found != version]
    if wrong:
        sys.exit(f"This is not version {version}: {', '.join(wrong)}. Set it there, or check another version.")
    left = sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml"))
    if left:
        sys.exit(f"The changelog lacks {', '.join(left)}: run 'antsibull-changelog release' once more.")
    git = ["git", "-C", str(ROOT), "status", "--porcelain"]
    changed = subprocess.run(git, capture_output=True, text=True, check=True).stdout.splitlines()
    if changed:
        sys.exit(f"A tag would not hold what is not committed: {', '.join(line[3:] for line in changed)}.")


def content(tarball: str, tree: str) -> None:
    """Whether the tarball's manifest lists what belongs there, and nothing else: no hidden and no binary file."""
    with tarfile.open(tarball) as packed:
        names = {member.name for member in packed.getmembers() if not member.isdir()}
        listed = json.loads(read(packed, "FILES.json"))["files"]
        binary = sorted(name for name in names if b"\0" in read(packed, name))
    files = {entry["name"] for entry in listed if entry["ftype"] == "file"}
    belongs = {path.relative_to(tree).as_posix() for path in Path(tree).rglob("*") if not path.is_dir()}
    belongs = {name for name in belongs if name.split("/")[0] in BELONGS and not name.startswith(BUT)}
    hidden = sorted(name for name in names if any(part.startswith(".") for part in name.split("/")))
    for wrong, sentence in (
        (sorted(files - belongs), "build_ignore in galaxy.yml lets these into the tarball"),
        (sorted(belongs - files), "build_ignore in galaxy.yml keeps these out of the tarball"),
        (sorted(files ^ (names - WRITTEN)), "the manifest and the tarball do not agree on these"),
        (hidden, "hidden files are in the tarball"),
        (binary, "binary files are in the tarball"),
    ):
        if wrong:
            sys.exit(f"{sentence}: {', '.join(wrong)}.")


def read(packed: tarfile.TarFile, name: str) -> bytes:
    """A file's content; nothing for a link."""
    member = packed.extractfile(name) if packed.getmember(name).isfile() else None
    return member.read() if member else b""


def checksum(tarball: str) -> None:
    """Tell what is to be published, as sha256sum would."""
    print(f"{hashlib.sha256(Path(tarball).read_bytes()).hexdigest()}  {tarball}")


if __name__ == "__main__":
    commands: dict[str, t.Callable[..., None]] = {"ready": ready, "content": content, "checksum": checksum}
    commands[sys.argv[1]](*sys.argv[2:])
