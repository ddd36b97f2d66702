"""What a climb probes with: the user's files, how much is asked, and a climb that tells what was lost."""

import json
from pathlib import Path

import pytest

from climbing import write_task
from taskfit.app.climb import climb
from taskfit.app.forgetting import general_text, material, own_files, pieces, probes_of, retained_rows
from taskfit.app.report import rebuild
from taskfit.app.settings import ClimbSettings
from taskfit.app.task_file import read_climb, write_climb
from taskfit.core.errors import DataError
from taskfit.core.measurement import Forgetting
from tiny_models import TinyModels
from tiny_models import tiny as tiny

PROSE = "The first paragraph\ngoes over two lines.\n\n第二段。这里还有一句。\n"
OTHER = "text,label\n" + "".join(f'"the {word} is here {n}",{word}\n' for n in range(6) for word in ("soup", "train"))
TEXT, ROWS = "general.txt", "other.csv"


def settings(tmp_path: Path, **values: object) -> ClimbSettings:
    (tmp_path / TEXT).write_text(PROSE, encoding="utf-8")
    (tmp_path / ROWS).write_text(OTHER, encoding="utf-8")
    return ClimbSettings.read({"rows": "rows.csv", **values})


def test_text_is_read_by_paragraphs_and_cut_where_it_can_be(tmp_path: Path) -> None:
    settings(tmp_path)
    assert general_text(str(tmp_path / TEXT)) == ("The first paragraph\ngoes over two lines.", "第二段。这里还有一句。")
    assert pieces("one two three", most=8) == ["one two", "three"]
    assert pieces("第一句。第二句很长很长。", most=8) == ["第一句。第二句很", "长很长。"]
    assert pieces("第一句话。第二句。", most=8) == ["第一句话。", "第二句。"]
    assert pieces("x" * 20, most=8) == ["x" * 8, "x" * 8, "x" * 4]
    assert pieces("  ") == []
    whole = "The cat sat. " * 200
    assert "".join("".join(pieces(whole)).split()) == "".join(whole.split())


def test_rows_of_other_tasks_become_questions_with_labels(tmp_path: Path) -> None:
    settings(tmp_path)
    skill = retained_rows(str(tmp_path / ROWS))
    assert skill.task.label_names == ("soup", "train")
    assert len(skill.asked) == len({one.id for one in skill.asked}) == 12


def test_a_row_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / ROWS
    path.write_text(OTHER + "no label,\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"other\.csv:14"):
        retained_rows(str(path))
    with pytest.raises(DataError, match="nowhere"):
        general_text(str(tmp_path / "nowhere.txt"))


def test_small_climbs_are_probed_with_little(tmp_path: Path) -> None:
    auto, thorough = settings(tmp_path), settings(tmp_path, forgetting="thorough")
    little, all_of_it, most = (
        material(asked, own_files(asked), world=False, share=share)
        for asked, share in ((auto, 0.05), (auto, 1.0), (thorough, 1.0))
    )
    assert [one.sampling.count for one in (little, all_of_it, most)] == [6, 32, 256]
    assert [len(one.texts["text.zh"]) for one in (little, all_of_it)] == [6, 24]
    assert [len(one.skills[0].asked) for one in (little, all_of_it, most)] == [6, 24, 192]
    assert len(all_of_it.talks) == 32


def test_the_users_files_come_beside_the_built_in_material(tmp_path: Path) -> None:
    asked = settings(tmp_path, general_text=str(tmp_path / TEXT), retained=str(tmp_path / ROWS))
    found = material(asked, own_files(asked), world=False, share=1.0)
    assert list(found.texts) == ["text.en", "text.zh", "text.own"]
    assert [one.name for one in found.own] == ["retained"]
    off = asked.model_copy(update={"forgetting": "off"})
    assert own_files(off) == own_files(settings(tmp_path))


def test_off_and_remote_models_are_not_probed(tmp_path: Path, tiny: TinyModels) -> None:
    base = tiny.open("llama", chat=True)
    asked = settings(tmp_path)
    assert probes_of(asked, own_files(asked), base, rows=10, cache=tmp_path) is not None
    off = settings(tmp_path, forgetting="off")
    assert probes_of(off, own_files(off), base, rows=10, cache=tmp_path) is None


def test_the_files_are_found_from_where_the_task_file_stands(tmp_path: Path) -> None:
    write_task(tmp_path / "in", "tiny", f"general_text: {TEXT}\nretained: {ROWS}\nforgetting: thorough\n")
    asked = read_climb(tmp_path / "in" / "task.yaml")
    assert (asked.general_text, asked.retained) == (str(tmp_path / "in" / TEXT), str(tmp_path / "in" / ROWS))
    write_climb(tmp_path / "run" / "settings.yaml", asked)
    assert read_climb(tmp_path / "run" / "settings.yaml").retained == asked.retained


def test_a_climb_tells_what_was_lost_and_old_runs_are_still_read(tmp_path: Path, tiny: TinyModels) -> None:
    more = (
        f"general_text: {TEXT}\nretained: {ROWS}\nseeds: 1\nrungs:\n- zero_shot\n- head\n"
        "- lora: {epochs: 2, batch: 8, lr: 0.3}\n"
    )
    task = write_task(tmp_path, tiny.folder("llama", chat=True), more)
    settings(tmp_path)
    asked = read_climb(task, {"runs": str(tmp_path / "runs")})
    result = climb(asked)
    by_rung = {one.rung: one for one in result.report.measurements}
    assert by_rung["zero_shot"].forgotten == by_rung["head"].forgotten == Forgetting("unchanged")
    found = by_rung["lora"].forgotten
    assert found is not None
    assert (found.state, found.identity, found.identity_gap) == ("measured", "adapter off", 0.0)
    assert {"kl", "text.own", "retained"} <= {probe.name for probe in found.probes}
    assert set(by_rung["lora"].forgetting) >= {"kl", "retained"}
    collapse = by_rung["lora"].collapse
    assert collapse is not None
    assert collapse.base is not None
    assert any("lora: forgets what its base could do" in one["en"] for one in result.report.warnings)
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "your general text" in page
    for path in result.folder.glob("rungs/*/measurement.json"):
        before = {
            key: value for key, value in json.loads(path.read_text()).items() if key not in ("forgotten", "collapse")
        }
        path.write_text(json.dumps(before))
    old = rebuild(result.folder)
    assert old.verdict.stop_at == result.report.verdict.stop_at
    assert all(one.forgotten is None for one in old.measurements)
