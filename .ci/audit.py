"""Audit installed packages for known vulnerabilities: `python .ci/audit.py SITE_PACKAGES`.

Runs pip-audit, which the Python that runs this must have, on PyPI's data, or else on OSV's. Exit code 1 names what is
vulnerable. Where neither can be reached it says so and ends with 0: pip-audit itself finds "no known vulnerabilities"
in packages of which it was told nothing.
"""

import json
import subprocess
import sys

SERVICES = ("pypi", "osv")


def audited(service: str, folder: str) -> tuple[list[dict], str]:
    """The packages that a service has data on, or why it has none."""
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
    ended = subprocess.run(
        [*command, f"--vulnerability-service={service}", f"--path={folder}"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except ValueError:
        return [], (ended.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    known = [package for package in packages if "vulns" in package]
    reasons = sorted({package["skip_reason"].partition(":")[0] for package in packages if package not in known})
    return known, ", ".join(reasons) or "there is nothing to audit"


def main(folder: str) -> int:
    """Audit a folder of packages with the first service that can be reached."""
    reasons = []
    for service in SERVICES:
        packages, reason = audited(service, folder)
        if packages:
            return told(service, packages)
        reasons.append(f"{service}: {reason}")
    print(f"Skipped: no data on vulnerabilities could be had here ({'; '.join(reasons)}).")
    return 0


def told(service: str, packages: list[dict]) -> int:
    """Print what is known of the packages; the exit code says whether any is vulnerable."""
    found = [(package, fault) for package in packages for fault in package["vulns"]]
    for package, fault in found:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        names = ", ".join([fault["id"], *fault.get("aliases", [])])
        print(f"{package['name']} {package['version']} is vulnerable: {names}; fixed in {fixed}")
    if not found:
        print(f"{len(packages)} packages have no vulnerability that {service} knows of.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
