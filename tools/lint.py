"""Every check that needs no running program: `make lint`, or some of them by name.

All are run even when one fails; the last line says how many did.
"""

import ast
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")

INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "javascript: link": re.compile(r"javascript:", re.IGNORECASE),
    "foreign host": re.compile(r"<(?:script|link|img|iframe)\b[^>]*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


# --- Checks that other programs make ---------------------------------------------------------------


def run(*command: str | Path, **environment: str) -> Iterator[str]:
    """What a program complains about: its output, when it ends with an error."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        yield (result.stdout + result.stderr).strip() or f"ended with {result.returncode}"


def code() -> Iterator[str]:
    yield from run(BIN / "ruff", "check", "--output-format", "concise", ".")


def layout() -> Iterator[str]:
    yield from run(BIN / "ruff", "format", "--check", ".")


def templates() -> Iterator[str]:
    yield from run(BIN / "djade", "--check", "--target-version", "5.2", *files("templates/*.html"))
    for name in files("templates/*.html"):
        text = (ROOT / name).read_text("utf-8")
        for what, pattern in INLINE.items():
            for match in pattern.finditer(text):
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}"


def types() -> Iterator[str]:
    yield from run(BIN / "mypy")


def imports() -> Iterator[str]:
    yield from run(BIN / "lint-imports", "--no-logo")


def migrations() -> Iterator[str]:
    yield from run(*MANAGE, "makemigrations", "--check", "--dry-run")


def production() -> Iterator[str]:
    """The settings of production, with nothing to warn about."""
    with tempfile.TemporaryDirectory() as data:
        environment = {
            "PRODUCTION": "1",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "invest.example.cn",
            "DATA_DIR": data,
        }
        yield from run(*MANAGE, "check", "--deploy", "--fail-level", "WARNING", **environment)


def api() -> Iterator[str]:
    yield from run(*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


# --- Checks of our own -----------------------------------------------------------------------------


def catalogue() -> Iterator[str]:
    """Every sentence of code and templates has its Chinese, none is a guess, and none is said nowhere."""
    if not shutil.which("xgettext"):
        yield "gettext is needed to collect the sentences (Debian: apt-get install gettext)"
        return
    yield from (f"{name}: sentences are collected from gettext(…) and _(…) only" for name in _aliased())
    yield from (f"{place}: no sentence is found within an f-string" for place in _in_f_strings())
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        (copy / CATALOGUE).parent.mkdir(parents=True)
        for name in files("*.py", "templates/*.html", "templates/*.txt", str(CATALOGUE)):
            if not name.startswith(("tests/", "tools/")):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, copy / name)
        collect = [str(BIN / "django-admin"), "makemessages", "-l", "zh_Hans", "--no-location", "-v", "0"]
        subprocess.run(collect, cwd=copy, check=True, env=os.environ | {"DJANGO_SETTINGS_MODULE": ""})
        yield from gaps(copy / CATALOGUE)
        yield from leftovers(copy / CATALOGUE)


ALIASED = re.compile(r"\b\w*gettext\w* as (?!_\b)|^\w+ = \w*gettext\w*$", re.M)


def _aliased() -> Iterator[str]:
    """Files that give a marker of sentences another name, under which none is found."""
    yield from (name for name in files("*.py") if ALIASED.search((ROOT / name).read_text("utf-8")))


def _in_f_strings() -> Iterator[str]:
    for name in files("*.py"):
        for text in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(text, ast.JoinedStr) and any(map(_is_marked, ast.walk(text))):
                yield f"{name}:{text.lineno}"


def _is_marked(node: ast.AST) -> bool:
    """_("…"), pgettext("…", "…") and their like."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id == "_" or "gettext" in node.func.id


def gaps(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        messages = read_po(file, ignore_obsolete=True)
    if messages.locale is None:
        yield "the catalogue's head lacks Language: zh_Hans, so plurals would not be found"
    for message in messages:
        translations = [message.string] if isinstance(message.string, str) else message.string or [""]
        if message.id and (message.fuzzy or not all(translations)):
            yield f"{'guessed' if message.fuzzy else 'untranslated'}: {message.id!r}"
        if message.id:
            yield from (f"{error}: {message.id!r}" for error in message.check(messages))


ATTRIBUTE = re.compile(r"^    (\w+)(?:: .+)? = ", re.M)


def leftovers(path: Path) -> Iterator[str]:
    """What code and templates say no longer. A field without a name of its own is called after its
    attribute, so its name stands in no sentence of the code (core.audit)."""
    with path.open("rb") as file:
        obsolete = read_po(file).obsolete.values()
    models = files("*/models.py", "*/models/*.py")
    names = {
        name.replace("_", " ")
        for one in models
        for name in ATTRIBUTE.findall((ROOT / one).read_text("utf-8"))
    }
    yield from (f"said nowhere: {message.id!r}" for message in obsolete if message.id not in names)


def locks() -> Iterator[str]:
    """Lock files pin by hash and name no host."""
    for name in files("requirements/*.txt"):
        text = (ROOT / name).read_text("utf-8")
        if re.search(r"https?://|--index-url|--find-links", text):
            yield f"{name} names a host"
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, package in packages.items():
        if "resolved" in package or (name and "integrity" not in package):
            yield f"package-lock.json: {name} names a host or lacks its hash"


def files(*patterns: str) -> list[str]:
    """The project's own files, new ones among them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).exists()]


CHECKS: list[Callable[[], Iterator[str]]] = [
    code,
    layout,
    templates,
    types,
    imports,
    migrations,
    production,
    api,
    catalogue,
    locks,
]


def main(names: list[str]) -> int:
    chosen = [check for check in CHECKS if not names or check.__name__ in names]
    failed = 0
    for check in chosen:
        start = time.monotonic()
        complaints = list(check())
        state = "FAILED" if complaints else "ok"
        print(f"{check.__name__:12} {state:7} {time.monotonic() - start:5.1f} s")
        print("".join(f"    {line}\n" for complaint in complaints for line in complaint.splitlines()), end="")
        failed += bool(complaints)
    print(f"{len(chosen) - failed} checks passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
