"""Forgetting and its cure: stories260K goes on with pre-training on a novel, with and without replay of what it wrote itself.

The base (Llama architecture, 260,032 parameters, trained on children's stories) is trained on the first nine tenths of
the novel; the last tenth shows what was gained. What was lost shows on stories it has not seen, and as the divergence on
its own held-out samples. Replayed are texts that the base itself wrote, so nothing of its training data is needed. Every
line sees the same rows of the novel; replay comes on top. Intervals are over seeds: mean and 1.96 standard errors.
"""

import argparse
import re
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import HERE, table, write_results
from forgetting_picture import picture

DOCS = HERE.parent / "docs"
SHARES = (0.0, 0.1, 0.25, 0.5)
PIECE, REPLAY_TOKENS = 500, 200  # characters of the novel in a row, tokens of a replayed text
MEASURES = ("gatsby", "stories", "kl")
WAYS: Mapping[str, Mapping[str, Any]] = {
    "full, lr 1e-3": {"lr": 1e-3},
    "full, lr 3e-4": {"lr": 3e-4},
    "lora, lr 1e-2": {"lr": 1e-2, "weights": "lora"},
}
LINES = (*(("full, lr 1e-3", share) for share in SHARES), ("full, lr 3e-4", 0.0), ("lora, lr 1e-2", 0.0))


def rows_of_novel(text: str, most: int) -> list[str]:
    """Return paragraphs, long ones cut behind a sentence, short ones together up to `most` characters.

    Of a book of Project Gutenberg only what stands between its marks: the licence around it is no novel.
    """
    from taskfit.app.forgetting import pieces

    if marks := re.findall(r"^\*\*\* (?:START|END) OF.*$", text, re.MULTILINE):
        text = text.split(marks[0], 1)[1].split(marks[-1], 1)[0]
    found = [""]
    for line in (part for one in text.split("\n\n") for part in pieces(" ".join(one.split()), most)):
        if found[-1] and len(found[-1]) + len(line) >= most:
            found.append("")
        found[-1] = f"{found[-1]} {line}".strip()
    return found


def stories(text: str) -> list[str]:
    """Return the stories of the probe file, one text each."""
    return [" ".join(one.split()) for one in text.split("<|endoftext|>") if one.strip()]


def run(model: Any, replay: Sequence[str], novel: Sequence[str], settings: Mapping[str, Any], seed: int) -> Any:
    """Return the predictor that goes on with pre-training on the novel."""
    from taskfit.core.example import Practice, example_of
    from taskfit.core.method import Desk
    from taskfit.core.task import Task
    from taskfit.methods.continued import Continued

    rows = tuple(example_of(text, None, number=number, file="novel") for number, text in enumerate(novel, 1))
    chosen = dict(settings)
    if chosen["replay_share"]:
        chosen["replay_rows"] = tuple(replay)
    else:
        del chosen["replay_share"]
    method = Continued.read({"looks": 1, "batch": 8, **chosen})
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), Path(folder) / "cache", seed=seed)
        return method.adapt(model, Task("generate", "", (), ()), Practice(rows, ()), desk)


def measured(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Train every line under every seed and return what each gained and lost."""
    import torch

    from taskfit.core.method import Desk
    from taskfit.measure.forgetting_material import Material, Sampling
    from taskfit.measure.forgetting_probes import Probes
    from taskfit.measure.forgetting_reading import own_samples
    from taskfit.model.open import open_local

    torch.set_num_threads(1)
    base = open_local(str(asked.model))
    novel = rows_of_novel(asked.novel.read_text(encoding="utf-8"), PIECE)
    cut = len(novel) * 9 // 10
    unseen = stories(asked.stories.read_text(encoding="utf-8"))
    count = len(novel[:cut])
    replay = [
        base.tokenizer.decode(one.ids, skip_special_tokens=True)
        for start in range(0, count, 64)
        for one in own_samples(base, (), Sampling(min(64, count - start), REPLAY_TOKENS, seed=1000 + start))
    ]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        material = Material({"gatsby": tuple(novel[cut:]), "stories": tuple(unseen)}, sampling=Sampling(64, 128))
        probes = Probes(base, material, Path(folder))
        for way, share in LINES:
            seeds = []
            for seed in range(asked.seeds):
                settings = {**WAYS[way], "epochs": asked.epochs, "replay_share": share}
                predictor = run(base, replay, novel[:cut], settings, seed)
                found = probes.forgotten(predictor, Desk(Path(folder), Path(folder)))
                assert found.identity_gap == 0
                seeds.append({probe.name: (probe.base, probe.adapted) for probe in found.probes})
            lines.append({"way": way, "share": share, **_over_seeds(seeds)})
            print(lines[-1], flush=True)
    return lines


def _over_seeds(seeds: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, Any]:
    line: dict[str, Any] = {"seeds": len(seeds)}
    for name in MEASURES:
        values = [one[name][1] for one in seeds]
        error = 1.96 * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
        line[name] = {"base": seeds[0][name][0], "mean": statistics.mean(values), "half": error}
    return line


def rows_of(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the lines of the table, the base first."""
    first = lines[0]
    rows = [("base", "–", f"{first['gatsby']['base']:.3f}", f"{first['stories']['base']:.3f}", "0", "–", "–")]
    for one in lines:
        plain = next(other for other in lines if other["way"] == one["way"] and other["share"] == 0)
        gained, lost = (_changed(one, name) for name in ("gatsby", "stories"))
        kept = f"{gained / _changed(plain, 'gatsby'):.0%}" if one["share"] else "–"
        cured = f"{1 - lost / _changed(plain, 'stories'):.0%}" if one["share"] else "–"
        numbers = (f"{one[name]['mean']:.3f} ± {one[name]['half']:.3f}" for name in MEASURES)
        rows.append((one["way"], f"{one['share']:.0%}", *numbers, kept, cured))
    return rows


def _changed(line: Mapping[str, Any], name: str) -> float:
    return float(line[name]["mean"] - line[name]["base"])


HEADS = {
    "forgetting.md": (
        "weights",
        "replayed",
        "loss on the novel",
        "loss on stories",
        "KL on own samples",
        "gain kept",
        "forgetting cured",
    ),
    "forgetting.zh.md": ("训练", "回放比例", "小说损失", "故事损失", "自身样本上的 KL", "保留的收益", "消除的遗忘"),
}


def write_docs(lines: Sequence[Mapping[str, Any]]) -> None:
    """Put the table into both pages, between its marks, and draw the picture beside them."""
    for name, head in HEADS.items():
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        before, rest = text.split("<!-- table: forgetting -->\n")
        after = rest.split("<!-- end -->", 1)[1]
        body = f"<!-- table: forgetting -->\n{table(head, rows_of(lines))}\n<!-- end -->"
        path.write_text(before + body + after, encoding="utf-8")
    for name, language in (("forgetting.svg", "en"), ("forgetting.zh.svg", "zh")):
        (DOCS / name).write_text(picture(lines, language), encoding="utf-8")


def main() -> None:
    """Measure, write the results, and with --docs the pages."""
    shared = HERE.parent.parent / "shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, default=shared / "models" / "stories260K-llama", help="folder of the base"
    )
    parser.add_argument("--novel", type=Path, default=shared / "data" / "gatsby" / "gatsby.txt", help="text to learn")
    parser.add_argument("--stories", type=Path, default=shared / "data" / "tinystories_probe" / "probe.txt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder for the JSON file")
    parser.add_argument("--docs", action="store_true", help="write docs/forgetting*.md and its picture, too")
    asked = parser.parse_args()
    lines = measured(asked)
    write_results("forgetting", {"epochs": asked.epochs, "seeds": asked.seeds, "lines": lines}, asked.results)
    print(table(HEADS["forgetting.md"], rows_of(lines)))
    if asked.docs:
        write_docs(lines)


if __name__ == "__main__":
    main()
