"""What holds the program together as a whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from importlinter.cli import lint_imports

APPS = ["core", "accounts", "taskforces", "ledgers", "projects", "outreach", "approvals", "briefings"]
EDGES = {
    "admin",
    "api",
    "forms",
    "management",
    "migrations",
    "receivers",
    "tasks",
    "templatetags",
    "urls",
}
DAYS = {"today", "localdate", "localtime"}


def modules() -> Iterator[Path]:
    for app in APPS:
        yield from sorted((settings.BASE_DIR / app).rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).parts[1].removesuffix(".py")


def test_imports_follow_the_line_and_the_layers(monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)

    assert lint_imports(config_filename="pyproject.toml", show_timings=False) == 0


def test_verbs_and_rules_never_look_which_day_it_is():
    """`today` and `on` are handed in; only the edges look (core/clock.py). When a row was written is
    another matter."""
    readers = []
    for path in modules():
        if layer(path) in EDGES | {"views", "clock", "health", "models"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and not node.args
                and isinstance(node.func, ast.Attribute | ast.Name)
            ):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if name in DAYS:
                    readers.append(f"{path.relative_to(settings.BASE_DIR)}:{node.lineno} {name}()")
    assert readers == []


@pytest.mark.parametrize("folder", ["liuzhou_invest", "gunicorn.conf.py"])
def test_env_example_names_every_setting_the_code_reads(folder):
    path = settings.BASE_DIR / folder
    files = [path] if path.is_file() else path.rglob("*.py")
    read = re.compile(r"""(?:env(?:\.\w+)?\(|environ(?:\.get)?[(\[])\s*"([A-Z_]+)\"""")
    names = {name for file in files for name in read.findall(file.read_text("utf-8"))}
    example = (settings.BASE_DIR / ".env.example").read_text("utf-8")
    listed = set(re.findall(r"^#?\s?([A-Z_]+)=", example, re.MULTILINE))

    assert names - {"DJANGO_SETTINGS_MODULE"} - listed == set()


def test_production_is_described_without_a_secret():
    services = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text("utf-8"))["services"]
    ours = {"web", "worker", "beat", "migrate"}

    assert set(services) == ours | {"db", "redis"}
    assert {service["image"] for name, service in services.items() if name in ours} == {"liuzhou-invest"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}
    secrets = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search("SECRET|PASSWORD|DATABASE_URL", name)
    ]
    assert [value for value in secrets if not re.search(r"\$\{[A-Z_]+:\?[^}]+\}", value)] == []
