# SPDX-License-Identifier: BSD-3-Clause
"""A software bill of materials of a source tree: an SPDX 2.3 document in JSON with each file, its
checksums and licence, and the libraries that lbd links as Debian has them on this machine.

    /usr/bin/python3 tools/sbom.py TREE TARBALL COMMIT EPOCH >lbd.spdx.json
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse
import uuid

LICENSE = "BSD-3-Clause"
LICENSE_TAG = re.compile(rb"SPDX-License-Identifier: ([A-Za-z0-9.+-]+)")
SUPPLIER = "Organization: the lbd authors"
NOT_KNOWN = "NOASSERTION"
DOCUMENT = "SPDXRef-DOCUMENT"
ROOT_PACKAGE = "SPDXRef-Package-lbd"
DOCUMENTATION = (".md", ".scd", "LICENSE", "copyright", "changelog")
SOURCE = (".cpp", ".h", ".in", ".py", ".build")
# The licence of the libraries themselves, without build systems and tools in the same source
# package. Keys are the beginnings of Debian's source package names.
LIBRARY_LICENSES = {
    "boost": "BSL-1.0",
    "curl": "curl",
    "dpdk": "BSD-3-Clause",
    "gcc": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libcap2": "BSD-3-Clause OR GPL-2.0-only",
    "libmnl": "LGPL-2.1-or-later",
    "libpcap": "BSD-3-Clause",
    "ncurses": "X11-distribute-modifications-variant",
    "nftables": "GPL-2.0-only",
    "openssl": "Apache-2.0",
    "re2": "BSD-3-Clause",
    "yaml-cpp": "MIT",
}
ALWAYS_LINKED = ["libc6", "libstdc++6"]


def verification_code(sha1_sums):
    """Clause 7.9 of the specification: the SHA-1 of all files' sorted SHA-1 sums, one after the other."""
    return hashlib.sha1("".join(sorted(sha1_sums)).encode()).hexdigest()


def _checksums(data):
    return [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()}]


def _file_type(name):
    if name.endswith(DOCUMENTATION):
        return "DOCUMENTATION"
    return "SOURCE" if name.endswith(SOURCE) else "OTHER"


def _files(tree):
    files = []
    for directory, directories, names in os.walk(tree):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, tree)
            with open(path, "rb") as file:
                data = file.read()
            tag = LICENSE_TAG.search(data)
            files.append({
                "SPDXID": "SPDXRef-File-" + re.sub(r"[^A-Za-z0-9.-]", "-", relative),
                "fileName": "./" + relative,
                "fileTypes": [_file_type(name)],
                "checksums": _checksums(data),
                "licenseConcluded": LICENSE,
                "licenseInfoInFiles": [tag.group(1).decode() if tag else "NONE"],
                "copyrightText": NOT_KNOWN,
            })
    if len({file["SPDXID"] for file in files}) != len(files):
        raise ValueError("two file names differ only in characters that SPDX identifiers cannot have")
    return files


def _installed(package):
    """Debian's source package and its version, or nothing if the package is not installed."""
    try:
        result = subprocess.run(
            ["dpkg-query", "-W", "-f",
             "${db:Status-Status}\\t${source:Package}\\t${source:Version}\\n", package],
            capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    for line in result.stdout.splitlines():
        status, source, version = line.split("\t")
        if status == "installed":
            return source, version
    return None


def _build_dependencies(tree):
    """The -dev packages that debian/control wants, as lists of alternatives."""
    with open(os.path.join(tree, "tools", "packaging", "debian", "control"), encoding="utf-8") as file:
        field = re.search(r"^Build-Depends:(.*?)^\S", file.read(), re.MULTILINE | re.DOTALL).group(1)
    for alternatives in field.split(","):
        names = [words.split()[0] for words in alternatives.split("|") if words.strip()]
        if any(name.startswith("lib") and name.endswith("-dev") for name in names):
            yield names


def distribution():
    """ID and VERSION_ID of this machine, such as debian-12."""
    with open("/etc/os-release", encoding="utf-8") as file:
        values = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    return "-".join(values.get(key, "").strip('"') for key in ("ID", "VERSION_ID"))


def _library(source, version, release):
    license_id = next((license_id for prefix, license_id in LIBRARY_LICENSES.items()
                       if source.startswith(prefix)), NOT_KNOWN)
    package = {
        "SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", source),
        "name": source,
        "downloadLocation": NOT_KNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": NOT_KNOWN,
        "licenseDeclared": license_id,
        "copyrightText": NOT_KNOWN,
        "primaryPackagePurpose": "LIBRARY",
    }
    if version:
        package["versionInfo"] = version
        package["sourceInfo"] = f"source package of {release}"
        package["externalRefs"] = [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/{release.split('-')[0]}/{source}"
                                f"@{urllib.parse.quote(version, safe='.-~')}"
                                f"?arch=source&distro={release}",
        }]
    return package


def _libraries(tree):
    here = distribution()
    found = {}
    for names in [*_build_dependencies(tree), *([name] for name in ALWAYS_LINKED)]:
        installed = next((one for one in map(_installed, names) if one), None)
        source, version = installed or (names[0], "")
        found.setdefault(source, _library(source, version, here))
    return [found[source] for source in sorted(found)]


def _licenses_in(files):
    named = {info for file in files for info in file["licenseInfoInFiles"]}
    return sorted(named - {"NONE"}) or ["NONE"]


def _copyright(tree):
    with open(os.path.join(tree, "LICENSE"), encoding="utf-8") as file:
        return next(line.strip() for line in file if line.startswith("Copyright"))


def document(tree, tarball, commit, epoch):
    """The document of the tree that was unpacked from `tarball`, which is named lbd-VERSION.*;
    `epoch` is the time of the commit in seconds."""
    version = re.match(r"lbd-(\d+\.\d+\.\d+)\.", os.path.basename(tarball)).group(1)
    with open(tarball, "rb") as file:
        tarball_checksums = _checksums(file.read())
    files = _files(tree)
    sha1_sums = [file["checksums"][0]["checksumValue"] for file in files]
    libraries = _libraries(tree)
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    lbd = {
        "SPDXID": ROOT_PACKAGE,
        "name": "lbd",
        "versionInfo": version,
        "packageFileName": os.path.basename(tarball),
        "supplier": SUPPLIER,
        "downloadLocation": NOT_KNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification_code(sha1_sums)},
        "checksums": tarball_checksums,
        "sourceInfo": f"git commit {commit}",
        "licenseConcluded": LICENSE,
        "licenseInfoFromFiles": _licenses_in(files),
        "licenseDeclared": LICENSE,
        "copyrightText": _copyright(tree),
        "primaryPackagePurpose": "SOURCE",
        "releaseDate": created,
    }
    related = [(DOCUMENT, "DESCRIBES", ROOT_PACKAGE),
               *((ROOT_PACKAGE, "CONTAINS", file["SPDXID"]) for file in files),
               *((ROOT_PACKAGE, "DEPENDS_ON", library["SPDXID"]) for library in libraries)]
    unique = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([tarball_checksums, libraries]))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": f"lbd-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/lbd-{version}-{unique}",
        "creationInfo": {"created": created, "creators": [SUPPLIER, f"Tool: lbd-sbom-{version}"]},
        "packages": [lbd, *libraries],
        "files": files,
        "relationships": [{"spdxElementId": element, "relationshipType": kind,
                           "relatedSpdxElement": other} for element, kind, other in related],
    }


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    tree, tarball, commit, epoch = sys.argv[1:]
    json.dump(document(tree, tarball, commit, int(epoch)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
