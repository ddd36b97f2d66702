"""Write the table of recipe steps into docs/data-fix.md and its Chinese twin, from the classes themselves."""

from pathlib import Path

from taskfit.core.text import Language, Text
from taskfit.data.recipe import step_class
from taskfit.data.step import STEPS

ROOT = Path(__file__).resolve().parents[1]
PAGES: dict[Language, Path] = {"en": ROOT / "docs" / "data-fix.md", "zh": ROOT / "docs" / "data-fix.zh.md"}
BEGIN, END = "<!-- steps: written by scripts/write_steps.py -->", "<!-- end -->"
HEAD = Text("| step | what it does | settings |", "| 步骤 | 作用 | 设置 |")
NEEDED = Text("needed", "必填")


def table(language: Language) -> str:
    """Return the table of all steps."""
    lines = [HEAD.in_language(language), "|---|---|---|"]
    for name in STEPS.names():
        step = step_class(name)
        settings = [_setting(step, key, language) for key in step.model_fields]
        lines.append(f"| `{name}` | {_plain(step.about.in_language(language))} | {'<br>'.join(settings) or '-'} |")
    return "\n".join(lines)


def filled(page: str, language: Language) -> str:
    """Return a page with its table written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(language)}\n\n{END}{after}"


def _setting(step: type, key: str, language: Language) -> str:
    field = step.model_fields[key]  # type: ignore[attr-defined]
    told = _plain(step.explain(key).in_language(language))  # type: ignore[attr-defined]
    default = NEEDED.in_language(language) if field.is_required() else _shown(field.default)
    return f"`{key}` {default}: {told}"


def _plain(text: str) -> str:
    """Return a text so that Markdown shows exactly this in a cell."""
    return text.replace("|", "\\|").replace("<", "\\<")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(str, value))}]"
    return str(value) if value not in ("", {}, None) else "-"


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.write_text(filled(path.read_text(encoding="utf-8"), language), encoding="utf-8")
