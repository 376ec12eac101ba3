"""What is installed is locked: exact versions with hashes, whatever a registry serves today."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(settings.BASE_DIR)
LOCKS = ROOT / "locks"
INPUTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("requirements*.txt", "benchmarks/*.txt")
    for path in ROOT.glob(pattern)
)
RUNSERVER = "daphne"
WHEELS_ONLY = "--only-binary :all:"
PACKAGE = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
COMMENT = re.compile(r" *#(?: via| {1,3})?[\w ./-]*:?")


def requirements(name: str) -> list[Requirement]:
    """The requirements in a file, and in the files that it includes."""
    found: list[Requirement] = []
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line.startswith("-r "):
            found += requirements(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock: several if the marker chooses one."""
    found: dict[str, set[str]] = {}
    for package, version in PACKAGE.findall((LOCKS / name).read_text("utf-8")):
        found.setdefault(package, set()).add(version)
    return found


def test_each_requirements_file_has_a_lock() -> None:
    assert len(INPUTS) >= 6
    assert sorted(path.relative_to(LOCKS).as_posix() for path in LOCKS.rglob("*.txt")) == INPUTS


@pytest.mark.parametrize("name", INPUTS)
def test_lock_has_the_required_versions(name: str) -> None:
    """Run `make lock` if this fails."""
    versions = locked(name)
    for requirement in requirements(name):
        package = canonicalize_name(requirement.name)
        if (name, package) != ("requirements.txt", RUNSERVER):
            assert str(requirement.specifier) in {f"=={v}" for v in versions[package]}, package


@pytest.mark.parametrize("name", INPUTS)
def test_lock_has_versions_and_hashes_only(name: str) -> None:
    """No index, no address, no path of the machine that wrote it."""
    hashes = 1
    for line in (LOCKS / name).read_text("utf-8").splitlines():
        if HASH.fullmatch(line):
            hashes += 1
        elif PACKAGE.fullmatch(line):
            assert hashes, f"the package before {line} has no hash"
            hashes = 0
        else:
            assert not line or line == WHEELS_ONLY or COMMENT.fullmatch(line), line
    assert hashes


def test_packages_installed_together_have_one_version() -> None:
    development = locked("requirements-dev.txt")
    for name in ("requirements.txt", "requirements-tracing.txt"):
        assert locked(name).items() <= development.items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-tracing.txt"])
def test_servers_never_build_packages(name: str) -> None:
    assert WHEELS_ONLY in (LOCKS / name).read_text("utf-8").splitlines()


def test_servers_are_installed_without_the_packages_of_runserver() -> None:
    assert RUNSERVER in {requirement.name for requirement in requirements("requirements.txt")}
    assert RUNSERVER in locked("requirements-dev.txt")
    assert not {RUNSERVER, "twisted", "autobahn", "pyopenssl"} & locked("requirements.txt").keys()


def test_every_installation_checks_hashes() -> None:
    files = [
        *(ROOT / name for name in ("Makefile", "Dockerfile", "README.md", "CONTRIBUTING.md")),
        *(ROOT / ".ci").iterdir(),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "benchmarks").glob("*.py"),
    ]
    commands = [
        line
        for path in files
        # A command of several lines is one; a sentence that mentions `pip install` is none.
        for line in path.read_text("utf-8").replace("\\\n", " ").splitlines()
        if re.search(r"\bpip\b.*\binstall\b(?!`)", line)
    ]
    assert len(commands) >= 6
    for command in commands:
        assert "--require-hashes" in command, command
    text = "".join(path.read_text("utf-8") for path in files)
    used = set(re.findall(r"-r \"?((?:locks/)?[\w./${}-]+)", text))
    assert used
    assert all(name.startswith("locks/") for name in used), used


STAMPS = {
    ".venv/.run": "locks/requirements.txt",
    ".venv/.dev": "locks/requirements-dev.txt",
    ".venv/.audit": "locks/requirements-audit.txt",
    "widget-js/node_modules": "widget-js/package-lock.json",
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_changed_lock_is_installed(stamp: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    # Everything is installed: each stamp is as new as its lock.
    for name in (".venv/bin/pip", *STAMPS.values(), *STAMPS):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1, 1))

    def make(*arguments: str) -> str:
        done = subprocess.run(
            ("make", "--dry-run", *arguments, stamp),
            cwd=tmp_path,
            # Without the flags of the `make` that runs the tests.
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "up to date" in make()
    assert re.search(r"pip install|npm .* ci\b", make(f"--what-if={STAMPS[stamp]}"))


def test_npm_packages_are_locked() -> None:
    lock = json.loads((ROOT / "widget-js/package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 50
    for name, entry in packages.items():
        assert entry["version"], name
        assert entry["integrity"].startswith("sha512-"), name
    assert "$(NPM) ci\n" in (ROOT / "Makefile").read_text("utf-8")
