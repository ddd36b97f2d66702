"""Write the tables of checks and thresholds into docs/data-check.md and its Chinese twin, from the classes themselves."""

import dataclasses
from pathlib import Path

from taskfit.core.text import Language, Text
from taskfit.data.check import CHECKS

ROOT = Path(__file__).resolve().parents[1]
PAGES: dict[Language, Path] = {"en": ROOT / "docs" / "data-check.md", "zh": ROOT / "docs" / "data-check.zh.md"}
BEGIN, END = "<!-- checks: written by scripts/write_checks.py -->", "<!-- end -->"
HEAD = Text("| check | looks for | thresholds |", "| 检查 | 查找内容 | 阈值 |")
RUNS = {
    "always": Text("also before every training", "训练前也会运行"),
    "quick": Text("only before a training", "仅在训练前运行"),
    "full": Text("", ""),
}
NEEDS = {
    "tokens": Text("needs `--model`", "需要 `--model`"),
    "learned": Text("needs `--model`", "需要 `--model`"),
    "pieces": Text("needs `--model`", "需要 `--model`"),
    "test": Text("needs `--test`", "需要 `--test`"),
    "known": Text("needs `--known`", "需要 `--known`"),
    "losses": Text("needs `--model`", "需要 `--model`"),
    "embed": Text("needs an encoder", "需要编码模型"),
    "judge": Text("needs a judge", "需要评审模型"),
}


def table(language: Language) -> str:
    """Return the table of all checks."""
    lines = [HEAD.in_language(language), "|---|---|---|"]
    for name in CHECKS.names():
        check = CHECKS.entry(name)
        told = [check.title, RUNS[check.runs], *(NEEDS[one] for one in check.needs[:1] if one in NEEDS)]
        about = "; ".join(one.in_language(language) for one in told if one.en)
        limits = [
            f"`{one.name}` {_shown(one.default)}: {one.metadata['text'].in_language(language)}"
            for one in dataclasses.fields(check)
        ]
        lines.append(f"| `{name}` | {about} | {'<br>'.join(limits) or '-'} |")
    return "\n".join(lines)


def filled(page: str, language: Language) -> str:
    """Return a page with its table written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(language)}\n\n{END}{after}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.write_text(filled(path.read_text(encoding="utf-8"), language), encoding="utf-8")
