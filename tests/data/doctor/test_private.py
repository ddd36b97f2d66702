"""Personal data and secrets in rows: found, never shown, masked with the same names everywhere."""

from doctor_rows import clean, found, lines, talk
from taskfit.data.checking import Means
from taskfit.data.recipe import step_named

KEY = "sk-" + "Zk81hQ" * 2 + "bW3nVr0TmYxP5uLs9JdE"
ROWS = [
    *clean(),
    talk(1, "Who wrote?", "Anna: anna.b@acme.org, phone 415-867-5309"),
    talk(2, "谁写的？", "张三，身份证11010519491231002X，手机13812345678"),
    talk(3, "Anna again?", "ANNA.B@acme.org, twice anna.b@acme.org and eve@acme.org"),
    talk(4, f"my key is {KEY}", "do not tell"),
]


def test_sound_rows_are_left_alone():
    assert found("personal_data", clean(200)) == {}
    assert found("secrets", clean(200)) == {}


def test_personal_data_is_told_by_kind_and_identity_numbers_block():
    told = found("personal_data", ROWS)
    assert {name: one.severity for name, one in told.items()} == {
        "personal_email": "warn",
        "personal_phone": "warn",
        "personal_resident": "block",
    }
    assert lines(told["personal_email"]) == [1, 3]
    assert lines(told["personal_resident"]) == [2]
    assert told["personal_resident"].fix == {"mask_personal": {"kinds": ["resident"]}}


def test_reports_do_not_show_what_was_found():
    shown = [spot.excerpt for one in found("personal_data", ROWS).values() for spot in one.examples]
    shown += [spot.excerpt for spot in found("secrets", ROWS)["secrets"].examples]
    assert any(words.endswith("Anna: anna…") for words in shown)
    assert not any(words in " ".join(shown) for words in ("cme.org", "867-5309", "1949", "13812345678", KEY[8:]))


def test_secrets_block():
    finding = found("secrets", ROWS)["secrets"]
    assert finding.severity == "block"
    assert lines(finding) == [4]


def test_one_person_has_one_name_in_all_rows():
    result = step_named("mask_personal", {}).apply(ROWS, Means())
    assert [one.answer for one in result.records[-4:]] == [
        "Anna: <EMAIL_1>, phone <PHONE_1>",
        "张三，身份证<RESIDENT_1>，手机<PHONE_2>",
        "<EMAIL_1>, twice <EMAIL_1> and <EMAIL_2>",
        "do not tell",
    ]
    assert [one.id for one in result.entries] == ["rows.jsonl:1", "rows.jsonl:2", "rows.jsonl:3"]
    assert found("personal_data", result.records) == {}


def test_names_that_stand_in_the_rows_are_not_given_again():
    rows = [talk(1, "x", "see <EMAIL_7>"), talk(2, "x", "see eve@acme.org or 13812345678")]
    result = step_named("mask_personal", {"kinds": ["email"]}).apply(rows, Means())
    assert result.records[1].answer == "see <EMAIL_8> or 13812345678"


def test_secrets_get_names():
    result = step_named("mask_secrets", {}).apply(ROWS, Means())
    assert result.records[-1].prompt == "my key is <SECRET_1>"
    assert len(result.entries) == 1
    assert found("secrets", result.records) == {}
