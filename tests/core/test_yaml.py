"""Settings files are read by YAML 1.2 rules, strictly; every fault is named with its line."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import UsageError
from taskfit.core.yaml import parse_yaml, read_yaml, to_yaml, write_yaml


def read(text: str) -> dict[str, object]:
    return parse_yaml(text, Path("task.yaml")).values


def problems(path: Path, content: bytes | str) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError) as raised:
        read_yaml(path)
    return str(raised.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "task.yaml"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5e+3", -500.0),
        ("010", 10),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("2024-01-02", "2024-01-02"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1e-4'", "1e-4"),
        ("!!str 7", "7"),
        ("-.inf", -math.inf),
        ("NA", "NA"),
        ("<<", "<<"),
    ],
)
def test_reads_plain_words_by_the_1_2_core_rules(written: str, value: object) -> None:
    assert read(f"key: {written}") == {"key": value}
    assert type(read(f"key: {written}")["key"]) is type(value)


def test_reads_nan_so_that_the_settings_can_refuse_it() -> None:
    assert math.isnan(read("key: .nan")["key"])  # type: ignore[arg-type]


def test_keys_are_always_text_as_written() -> None:
    assert read("{007: a, yes: b, 1.0: c, ~: d}") == {"007": "a", "yes": "b", "1.0": "c", "~": "d"}


def test_knows_the_line_of_every_key_and_item() -> None:
    text = "seed: 1\nrungs:\n  - zero_shot\n  -\n    lora:\n      rank: 8\nlimits: {margin: 2}\n"
    lines = parse_yaml(text, Path("x")).lines
    assert lines == {
        "seed": 1,
        "rungs": 2,
        "rungs.0": 3,
        "rungs.1": 5,
        "rungs.1.lora": 5,
        "rungs.1.lora.rank": 6,
        "limits": 7,
        "limits.margin": 7,
    }


def test_reads_utf8_with_mark_and_utf16(path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        mark = "\ufeff" if encoding == "utf-16-le" else ""
        path.write_bytes(f"{mark}a: 好\n".encode(encoding))
        assert read_yaml(path).values == {"a": "好"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "task.yaml: the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("null", "the file is empty"),
        ("- a\n- b\n", "a list, where keys with values were expected"),
        ("tiny", "keys with values were expected, not 'tiny'"),
        ("a: 1\nb: 2\na: 3\n", "task.yaml:3: 'a' is here again, first in line 1"),
        ("x:\n  a: 1\n  a: 2\n", "task.yaml:3: 'x.a' is here again, first in line 2"),
        ("a: 1\n---\nb: 2\n", "task.yaml:2: a second document begins here"),
        ("a:\n\tb: 1\n", "task.yaml:2: a tab"),
        ("a: 1\nlr：1e-4\nb: 2\n", "task.yaml:2: a full-width colon"),
        ("limits:\n  margin：2\n", "task.yaml:2: a full-width colon"),
        ("rungs:\n  - lora：\n", "task.yaml:2: a full-width colon"),
        ("a: 1\nmodel: “tiny”\n", "task.yaml:2: curly quotes"),
        ("a: 1\n\u00a0b: 2\n", "task.yaml:2: a blank that is no space (U+00A0)"),
        ("a:\u00a01\n", "task.yaml:1: a blank that is no space (U+00A0)"),
        ("a: 1\nb: 2\u3000\n", "task.yaml:2: a blank that is no space (U+3000)"),
        ("a: 1\nb:2\n", "task.yaml:2: no space after 'b:'"),
        ("a: [1, 2\nb: 3\n", "task.yaml:2: is no YAML"),
        ("a: 'x\n", "is no YAML"),
        ("a: *b\n", "nothing is named '&b'"),
        ("a: &x {b: *x}\n", "nothing is named '&x'"),
        ("? [a]\n: b\n", "a key must be a word"),
        ("a: " + "[" * 3000, "too many levels"),
        ("a: 1\nb: \x07\n", "task.yaml:2: holds the control character U+0007"),
        (b"a: 1\nb: \x00", "holds NUL bytes"),
        ("a: 1\nb: 情感\n".encode("gb18030"), "task.yaml:2: is not UTF-8 but reads as GB18030: b: 情感"),
        (b"a: \xff", "is not UTF-8"),
    ],
)
def test_names_what_is_wrong_and_where(path: Path, content: bytes | str, told: str) -> None:
    assert told in problems(path, content)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!secret", "!!binary"])
def test_refuses_tags(path: Path, tag: str) -> None:
    canary = path.with_name("canary")
    assert "task.yaml:1: the tag" in problems(path, f"a: {tag} ['touch {canary}']\n")
    assert not canary.exists()


def test_refuses_an_alias_bomb(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 100,000 values" in problems(path, "\n".join(lines))


def test_reads_harmless_aliases() -> None:
    assert read("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_tells_all_small_faults_at_once(path: Path) -> None:
    told = problems(path, "a: 1\na: 2\nb: !x 1\nc: “q”\n").splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in told] == ["2", "3", "4"]


def test_leaves_full_width_marks_inside_sentences_alone() -> None:
    text = "instruction: 判断：正面还是负面\nword: “好”还是“坏”\nquoted: '“好”'\n"
    assert read(text) == {"instruction": "判断：正面还是负面", "word": "“好”还是“坏”", "quoted": "“好”"}


def test_names_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 5000), Path("/dev/zero")):
        with pytest.raises(UsageError):
            read_yaml(path)


def test_refuses_a_huge_file(path: Path) -> None:
    assert "too large" in problems(path, b"a: 1\n" * 900_000)


word = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12) | st.sampled_from(
    ["1e-4", "010", "no", "~", "lr：1", "“a”", "\u00a0x", "0x1F", "a\nb", "- a", "# c", "'", '"', "!tag", "*x", ".nan"]
)
plain = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | word
value = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=3))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(word, value, min_size=1, max_size=4))
def test_reads_back_what_it_writes(values: dict[str, object]) -> None:
    assert read(to_yaml(values)) == values


def test_writes_a_file_as_a_whole(path: Path) -> None:
    write_yaml(path, {"b": 1, "a": ["x", {"labels": ("好", "坏")}]})
    assert path.read_text(encoding="utf-8") == "b: 1\na:\n- x\n- labels:\n  - 好\n  - 坏\n"
