"""`taskfit data diff`: rows and findings that differ."""

import json

from taskfit.app.data.diff import DiffSettings, diff
from taskfit.app.data.fix import FixSettings, fix

ROWS = [{"instruction": f"Question {n}", "output": f"An answer to question {n}"} for n in range(30)]
ROWS += [ROWS[0], {"instruction": "Sing", "output": "As an AI language model, I cannot sing."}]


def test_what_a_fix_did_can_be_seen_between_the_versions(tmp_path):
    file, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    fix(str(file), FixSettings(out=str(out)), ("drop_duplicates", "drop_refusals"))
    found = diff(str(file), str(out), DiffSettings())
    assert (found.versions.same, len(found.versions.removed), found.versions.added) == (30, 2, ())
    assert {"exact_copies", "refusals"} <= set(found.finding_ids)
    assert "exact_copies" not in found.after.findings
    assert found.before.dataset != found.after.dataset
