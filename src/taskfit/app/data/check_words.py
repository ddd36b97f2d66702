"""What a diagnosis says: the verdict in a sentence, its JSON, and the recipe as text."""

from typing import TYPE_CHECKING, Any

from taskfit.core.text import Text
from taskfit.core.yaml import to_yaml
from taskfit.data.finding import RowFinding, Severity, Spot, counted
from taskfit.data.listed import FileFacts
from taskfit.ladder.report.visible import one_line

if TYPE_CHECKING:
    from taskfit.app.data.check import Diagnosis

SEVERITY: dict[Severity, Text] = {
    "block": Text("blocks", "阻止训练"),
    "warn": Text("warns", "警告"),
    "info": Text("for information", "提示"),
}
FIRST = Text("Do these first", "请先做这些")
NOT_RUN = Text("Not checked", "未检查")
REVIEW_FIRST = "# Look at the rows first, then take the '#' away: {name}"


def verdict(found: "Diagnosis") -> Text:
    """Return the verdict in one sentence."""
    rows = Text(counted(found.rows), f"{found.rows:,} 行")
    blocking, warnings = len(found.blocking), found.count("warn")
    if blocking:
        return Text(
            f"{rows.en}: not fit for training yet; {counted(blocking, 'finding blocks', 'findings block')}, "
            f"{warnings} {'warns' if warnings == 1 else 'warn'}",
            f"{rows.zh}：暂不适合训练；{blocking} 项阻止训练，{warnings} 项警告",
        )
    if warnings:
        return Text(
            f"{rows.en}: fit for training, better after a look; {counted(warnings, 'finding warns', 'findings warn')}",
            f"{rows.zh}：可以训练，先看一下更好；{warnings} 项警告",
        )
    return Text(f"{rows.en}: nothing stands in the way of training", f"{rows.zh}：没有妨碍训练的问题")


def ledger(found: "Diagnosis") -> Text:
    """Return where all rows of the files went."""
    total = found.rows + found.listed
    return Text(
        f"{counted(total)} read = {found.rows:,} used ({found.repaired:,} of them mended on reading) + {found.listed:,} listed",
        f"读取 {total:,} 行 = 使用 {found.rows:,} 行（其中 {found.repaired:,} 行在读取时修正）+ 列出 {found.listed:,} 行",
    )


def fix_line(finding: RowFinding, most: int = 3) -> str:
    """Return the fix as one line of a recipe; long lists are cut."""
    if finding.fix is None:
        return ""
    (name, settings), *_ = finding.fix.items()
    return f"{name}: {{{', '.join(f'{key}: {_short(value, most)}' for key, value in settings.items())}}}"


def recipe_text(found: "Diagnosis") -> str:
    """Return the recipe as YAML; steps that want a look at the rows first are comments."""
    parts = ["# Run with: taskfit data fix FILE --recipe recipe.yaml\n"]
    parts.append(to_yaml({"steps": found.steps}) if found.steps else "steps:\n")
    for step in found.to_review:
        (name, _), *_ = step.items()
        parts.append(REVIEW_FIRST.format(name=name) + "\n")
        parts += [f"# {line}\n" for line in to_yaml({"steps": [step]}).splitlines()[1:]]
    return "".join(parts)


def as_json(found: "Diagnosis") -> dict[str, Any]:
    """Return all that was found as JSON values."""
    return {
        "verdict": "block" if found.blocking else "warn" if found.count("warn") else "clean",
        "sentence": _both(verdict(found)),
        "files": [_file(one) for one in found.files],
        "rows": {"used": found.rows, "listed": found.listed, "repaired": found.repaired, "kinds": dict(found.kinds)},
        "first": [one.id for one in found.first],
        "findings": [_finding(one) for one in found.findings],
        "accepted": list(found.accepted),
        "recipe": {"steps": found.steps, "after_review": found.to_review},
        "not_run": {name: _both(why) for name, why in found.not_run.items()},
        "seconds": round(found.seconds, 3),
        "cpu_seconds": {name: round(value, 4) for name, value in found.cpu.items()},
    }


def shapes(found: "Diagnosis") -> Text:
    """Return what the rows of each file were taken for, and how sure that is."""
    told = [(one.path.rsplit("/", 1)[-1], one.shape_told or Text(one.shape, one.shape)) for one in found.files]
    if len(told) == 1:
        return told[0][1]
    return Text(
        "; ".join(f"{name}: {one.en}" for name, one in told), "；".join(f"{name}：{one.zh}" for name, one in told)
    )


def _file(one: FileFacts) -> dict[str, Any]:
    told = one.shape_told or Text(one.shape, one.shape)
    facts = {"path": one.path, "format": one.format, "encoding": one.encoding, "rows": one.rows, "sha256": one.sha256}
    return {**facts, "shape": one.shape, "recognised": _both(told)}


def _finding(one: RowFinding) -> dict[str, Any]:
    return {
        "id": one.id,
        "check": one.check,
        "severity": one.severity,
        "what": _both(one.what),
        "count": one.count,
        "rows": one.touched,
        "share": round(one.share, 6),
        "rule": _both(one.rule),
        "examples": [_spot(spot) for spot in one.examples],
        "fix": one.fix,
        "effort": one.effort,
    }


def _spot(spot: Spot) -> dict[str, str]:
    return {"at": one_line(spot.place), "id": one_line(spot.id), "excerpt": one_line(spot.excerpt)}


def _both(sentence: Text) -> dict[str, str]:
    return {"en": sentence.en, "zh": sentence.zh}


def _short(value: object, most: int) -> str:
    if isinstance(value, list | tuple) and len(value) > most and all(isinstance(one, str) for one in value):
        return str(Text(f"[{len(value):,} in all, see --out]", f"[共 {len(value):,} 个，见 --out]"))
    if isinstance(value, list | tuple):
        shown = ", ".join(map(str, value[:most]))
        return f"[{shown}{f', ... {len(value):,} in all' if len(value) > most else ''}]"
    if isinstance(value, dict):
        items = list(value.items())
        shown = ", ".join(f"{key}: {one}" for key, one in items[:most])
        return f"{{{shown}{', ...' if len(items) > most else ''}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
