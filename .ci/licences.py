"""Fails on a dependency whose licence is not known to be fine, on a runtime crate that would bring a user two versions of
one crate, and on a published crate with a dependency that needs a newer compiler than the crate's own `rust-version`.

One compiler is pinned, so no older one builds the crates here: `rust-version` is held by this, and by clippy's
`incompatible_msrv`, which knows the standard library but not the language."""

import json
import subprocess
import sys

FINE = {
    "MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "ISC",
    "Zlib", "Unicode-3.0", "Unlicense", "BSL-1.0", "0BSD", "CC0-1.0", "MIT-0", "CDLA-Permissive-2.0", "MPL-2.0",
}
# What OpenTelemetry brings is not ours to choose.
OURS = ["telemetry-runtime"]


def is_fine(expression: str) -> bool:
    """Whether some way to choose among the `OR`s is fine."""
    expression = expression.replace("(", " ").replace(")", " ").replace("/", " OR ")
    return any(
        all(part.strip() in FINE for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (text + ".0.0").split(".")[:3])


def needs_newer_compiler(metadata: dict) -> list[str]:
    """The dependencies of published crates that ask for a newer compiler than those do."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    wrong = []
    for crate in packages.values():
        if crate["source"] is not None or crate["publish"] == []:
            continue
        left, seen = [crate["id"]], set()
        while left:
            package = left.pop()
            if package in seen:
                continue
            seen.add(package)
            left += [
                dependency["pkg"]
                for dependency in nodes[package]["deps"]
                if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
            ]
        wrong += [
            f"{crate['name']} states Rust {crate['rust_version']}, and {packages[one]['name']} "
            f"{packages[one]['version']} needs {packages[one]['rust_version']}"
            for one in sorted(seen)
            if version(packages[one]["rust_version"] or "1.0") > version(crate["rust_version"])
        ]
    return wrong


def main() -> None:
    metadata = json.loads(
        subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--all-features"])
    )
    wrong = [
        f"{package['name']} {package['version']}: licence {package.get('license')}"
        for package in metadata["packages"]
        if not is_fine(package.get("license") or "")
    ]
    wrong += needs_newer_compiler(metadata)
    members = {package["name"] for package in metadata["packages"] if package["source"] is None}
    for name in filter(members.__contains__, OURS):
        tree = subprocess.check_output(
            ["cargo", "tree", "-p", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"], text=True
        )
        versions: dict[str, set[str]] = {}
        for line in tree.splitlines():
            crate, version, *_ = line.split()
            versions.setdefault(crate, set()).add(version)
        wrong += [
            f"{name} brings {crate} in versions {', '.join(sorted(found))}"
            for crate, found in versions.items()
            if len(found) > 1
        ]
    print(f"{len(metadata['packages'])} packages, {len(wrong)} problems")
    if wrong:
        sys.exit("\n".join(wrong))


main()
