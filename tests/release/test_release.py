# SPDX-License-Identifier: BSD-3-Clause
"""tools/release makes the same release twice and refuses what is no release. Each test has a
repository of its own, in a directory with a space in its name, with the files of this tree.

    /usr/bin/python3 -m pytest -q tests/release
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSION = "9.8.7"
TARBALL = f"lbd-{VERSION}.tar.xz"
SBOM = f"lbd-{VERSION}.spdx.json"
NOON = 1_780_000_000  # any time; every release of a test is made at the same one
SKIPPED = ("build", ".git", "__pycache__", ".pytest_cache")
GIT = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "C",
       "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_CONFIG_GLOBAL": "/dev/null",
       "GIT_CONFIG_SYSTEM": "/dev/null", "SOURCE_DATE_EPOCH": str(NOON)}


class Repository:
    def __init__(self, path):
        self.path = path

    def git(self, *arguments):
        return subprocess.run(
            ["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True,
            env={**os.environ, **GIT, "GIT_AUTHOR_DATE": f"{NOON} +0000",
                 "GIT_COMMITTER_DATE": f"{NOON} +0000"}).stdout.strip()

    def release(self, *arguments, output=None):
        where = ["--output", output] if output else []
        return subprocess.run(
            [self.path / "tools" / "release", *arguments, "--no-checks", "--no-packages", *where],
            cwd="/", capture_output=True, text=True, check=False, env={**os.environ, **GIT})

    def state(self):
        return (self.git("rev-parse", "HEAD"), self.git("tag", "--list"),
                self.git("status", "--porcelain", "--ignored"))

    def text(self, name):
        return (self.path / name).read_text()

    def commit(self, name, text):
        (self.path / name).write_text(text)
        self.git("commit", "-qam", "tests: change a file")


def _new_repository(path):
    """Without a git checkout, too, so that the test runs in an unpacked tarball."""
    shutil.copytree(ROOT, path, symlinks=True, ignore=lambda directory, names: [
        name for name in names if name in SKIPPED or name.startswith("build-")])
    repository = Repository(path)
    (path / "lb" / "build_info" / "commit.txt").write_text("$Format:%H$\n")
    changelog = re.sub(r"## Unreleased\n", "## Unreleased\n\n### Added\n- A feature.\n",
                       repository.text("CHANGELOG.md"), count=1)
    (path / "CHANGELOG.md").write_text(changelog)
    repository.git("init", "-q", "-b", "main")
    repository.git("add", "--all")
    repository.git("commit", "-qm", "tests: begin")
    return repository


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A repository that no test changes."""
    return _new_repository(tmp_path_factory.mktemp("pristine") / "lbd")


def _copy(repository, path):
    return Repository(shutil.copytree(repository.path, path, symlinks=True))


@pytest.fixture
def repository(pristine, tmp_path):
    return _copy(pristine, tmp_path / "a space" / "lbd")


@pytest.fixture(scope="module")
def released(pristine, tmp_path_factory):
    """A repository in which a release was made, and the directory with what came out."""
    path = tmp_path_factory.mktemp("released") / "a space"
    made = _copy(pristine, path / "lbd")
    result = made.release(VERSION, output=path / "out")
    assert result.returncode == 0, result.stderr
    return made, path / "out"


@pytest.fixture(scope="module")
def tree(released, tmp_path_factory):
    """The tarball, unpacked."""
    directory = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xf", released[1] / TARBALL], cwd=directory, check=True)
    [path] = directory.iterdir()
    return path


@pytest.fixture(scope="module")
def document(released):
    return json.loads((released[1] / SBOM).read_text())


def test_a_release_is_one_commit_and_one_annotated_tag(released):
    made, _ = released
    assert made.git("log", "-2", "--format=%s") == f"release: {VERSION}\ntests: begin"
    assert made.git("cat-file", "-t", f"v{VERSION}") == "tag"
    assert made.git("rev-parse", f"v{VERSION}^{{commit}}") == made.git("rev-parse", "HEAD")
    assert made.git("branch", "--show-current") == "main"
    assert set(made.git("diff", "--name-only", "HEAD~").splitlines()) == {
        "CHANGELOG.md", "meson.build", "tools/packaging/debian/changelog"}


def test_a_release_leaves_nothing_in_the_tree(released):
    made, _ = released
    assert made.git("status", "--porcelain", "--ignored") == ""
    assert made.git("branch", "--format=%(refname:short)") == "main"


def test_the_files_are_listed_and_have_their_checksums(released):
    made, output = released
    assert sorted(os.listdir(output)) == ["SHA256SUMS", SBOM, TARBALL]
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=output, check=True)
    assert len((output / "SHA256SUMS").read_text().splitlines()) == 2


def test_the_changelog_is_frozen_under_a_new_empty_section(released):
    made, _ = released
    text = made.text("CHANGELOG.md")
    assert f"## Unreleased\n\n## {VERSION} - 2026-05-28\n\n### Added\n- A feature.\n" in text
    assert text.count("## Unreleased\n") == 1


def test_debian_knows_the_version(released):
    made, _ = released

    def field(name):
        return subprocess.run(["dpkg-parsechangelog", "-l", "tools/packaging/debian/changelog", "-S", name],
                              cwd=made.path, capture_output=True, text=True, check=True).stdout.strip()

    assert field("Version") == f"{VERSION}-1"
    assert field("Timestamp") == str(NOON)


def test_the_tarball_has_version_and_commit_in_it(released, tree):
    made, _ = released
    assert tree.name == f"lbd-{VERSION}"
    assert f"    version: '{VERSION}',\n" in (tree / "meson.build").read_text()
    assert (tree / "lb" / "build_info" / "commit.txt").read_text().strip() == made.git("rev-parse", "HEAD")


def test_the_tarball_does_not_say_who_made_it_where(released):
    with tarfile.open(released[1] / TARBALL) as tar:
        members = tar.getmembers()
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, NOON)}
    assert {member.mode for member in members} == {0o644, 0o755}
    assert [member.name for member in members] == sorted(
        (member.name for member in members), key=lambda name: name.split("/"))


def test_the_same_release_elsewhere_has_the_same_bytes(released, tmp_path):
    _, output = released
    other = _new_repository(tmp_path / "elsewhere")  # not a copy, so with times and inodes of its own
    result = other.release(VERSION, "--dry-run", output=tmp_path / "out")
    assert result.returncode == 0, result.stderr
    for name in (TARBALL, SBOM, "SHA256SUMS"):
        assert (tmp_path / "out" / name).read_bytes() == (output / name).read_bytes(), name


def test_a_dry_run_leaves_the_repository_as_it_was_and_its_files_beside_it(repository):
    before = repository.state()
    result = repository.release(VERSION, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "dry run" in result.stdout and "checks: left out" in result.stdout
    assert repository.state() == before
    assert (repository.path.parent / f"lbd-{VERSION}" / TARBALL).exists()


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.2.3.4", "", "1.2.3\n"])
def test_other_than_three_numbers_is_refused(repository, tmp_path, version):
    _refused(repository, tmp_path / "out", version, "is not a version")


def test_changes_that_are_not_committed_are_refused(repository, tmp_path):
    (repository.path / "new.txt").write_text("new")
    _refused(repository, tmp_path / "out", VERSION, "new.txt")


@pytest.mark.parametrize("section", ["## Unreleased\n\n", "## Unreleased\n\n### Added\n\n", ""])
def test_a_changelog_without_news_is_refused(repository, tmp_path, section):
    text = re.sub(r"## Unreleased\n.*?(?=^## )", section, repository.text("CHANGELOG.md"), count=1,
                  flags=re.DOTALL | re.MULTILINE)
    repository.commit("CHANGELOG.md", text)
    _refused(repository, tmp_path / "out", VERSION, "no entry under 'Unreleased'")


def test_a_version_that_was_released_is_refused(repository, tmp_path):
    repository.git("tag", f"v{VERSION}")
    _refused(repository, tmp_path / "out", VERSION, "exists already")


def test_a_version_in_the_changelog_is_refused(repository, tmp_path):
    repository.commit("CHANGELOG.md", repository.text("CHANGELOG.md") + f"\n## {VERSION}\n")
    _refused(repository, tmp_path / "out", VERSION, f"has a section {VERSION}")


def test_an_output_in_the_tree_is_refused(repository):
    _refused(repository, repository.path / "out", VERSION, "inside the source tree")


def test_an_output_that_has_files_is_refused_and_kept(repository, tmp_path):
    (tmp_path / "mine").write_text("mine")
    before = repository.state()
    result = repository.release(VERSION, output=tmp_path)
    assert result.returncode == 1 and "is not empty" in result.stderr
    assert repository.state() == before
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_release_without_a_branch_is_refused(repository, tmp_path):
    repository.git("checkout", "-q", "--detach")
    _refused(repository, tmp_path / "out", VERSION, "no branch")


def test_a_release_that_fails_leaves_neither_tag_nor_files(repository, tmp_path):
    repository.commit("meson.build", "project('lbd', 'cpp')\n")
    _refused(repository, tmp_path / "out", VERSION, "no version in project()")


def _refused(repository, output, version, why):
    before = repository.state()
    result = repository.release(version, output=output)
    assert result.returncode == 1
    assert why in result.stderr, result.stderr
    assert repository.state() == before
    assert not output.exists()


def test_the_bill_names_the_tarball_and_each_of_its_files(released, tree, document):
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0"
    assert document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(rf"https://spdx\.org/spdxdocs/lbd-{VERSION}-[0-9a-f-]{{36}}",
                        document["documentNamespace"])
    assert document["creationInfo"]["created"] == "2026-05-28T20:26:40Z"
    assert document["creationInfo"]["creators"]
    [lbd] = [package for package in document["packages"] if package["name"] == "lbd"]
    assert (lbd["versionInfo"], lbd["packageFileName"]) == (VERSION, TARBALL)
    tarball = (released[1] / TARBALL).read_bytes()
    assert _sums(lbd) == {"SHA1": hashlib.sha1(tarball).hexdigest(),
                          "SHA256": hashlib.sha256(tarball).hexdigest()}
    paths = {path.relative_to(tree) for path in tree.rglob("*") if path.is_file()}
    assert {file["fileName"] for file in document["files"]} == {f"./{path}" for path in paths}
    for file in document["files"]:
        data = (tree / file["fileName"]).read_bytes()
        assert _sums(file) == {"SHA1": hashlib.sha1(data).hexdigest(),
                               "SHA256": hashlib.sha256(data).hexdigest()}, file["fileName"]


def _sums(item):
    return {sum["algorithm"]: sum["checksumValue"] for sum in item["checksums"]}


def test_the_verification_code_is_that_of_the_specification(document):
    [lbd] = [package for package in document["packages"] if package["name"] == "lbd"]
    joined = "".join(sorted(_sums(file)["SHA1"] for file in document["files"]))
    assert lbd["filesAnalyzed"] is True
    assert lbd["packageVerificationCode"] == {
        "packageVerificationCodeValue": hashlib.sha1(joined.encode()).hexdigest()}


def test_the_bill_has_the_fields_that_spdx_wants(document):
    items = document["packages"] + document["files"]
    assert len({item["SPDXID"] for item in items}) == len(items)
    for item in items:
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", item["SPDXID"])
        assert item["licenseConcluded"] and item["copyrightText"]
    for package in document["packages"]:
        assert package["name"] and package["downloadLocation"] and package["licenseDeclared"]
        # Only a package whose files are listed may have a code and licences found in them.
        assert package["filesAnalyzed"] is ("packageVerificationCode" in package)
        assert package["filesAnalyzed"] is ("licenseInfoFromFiles" in package)
    for file in document["files"]:
        assert file["licenseInfoInFiles"] in (["BSD-3-Clause"], ["NONE"]), file["fileName"]


def test_the_bill_relates_everything_it_names(document):
    related = {(relation["spdxElementId"], relation["relationshipType"], relation["relatedSpdxElement"])
               for relation in document["relationships"]}
    lbd = "SPDXRef-Package-lbd"
    libraries = [package["SPDXID"] for package in document["packages"] if package["SPDXID"] != lbd]
    assert related == {("SPDXRef-DOCUMENT", "DESCRIBES", lbd),
                       *((lbd, "CONTAINS", file["SPDXID"]) for file in document["files"]),
                       *((lbd, "DEPENDS_ON", library) for library in libraries)}
    assert len(related) == len(document["relationships"])


def test_the_bill_has_the_libraries_with_debian_s_versions_and_licences(document):
    packages = {re.sub(r"[\d.]+$", "", package["name"]): package for package in document["packages"]}
    for name in ("boost", "curl", "dpdk", "glibc", "libcap", "libmnl", "libpcap", "ncurses", "nftables",
                 "openssl", "re", "yaml-cpp"):
        package = packages[name]
        assert package["versionInfo"], name
        assert package["licenseDeclared"] != "NOASSERTION", name
        [reference] = package["externalRefs"]
        assert reference["referenceType"] == "purl"
        assert re.fullmatch(r"pkg:deb/\w+/[a-z0-9.+-]+@[\w.%~-]+\?arch=source&distro=[\w.-]+",
                            reference["referenceLocator"]), reference
