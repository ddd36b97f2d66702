"""The rules of single recipes: what each shows the model, what it takes, and for which reason it refuses the rest."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from taskfit.core.example import Message, Origin
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, ModelCard
from taskfit.core.target import Span
from taskfit.data.record import Record
from taskfit.workshop.maker import Maker
from taskfit.workshop.recipe import Batch, Material, Pool, Recipe, Turn, talk
from taskfit.workshop.recipes import evolve, preferences, self_instruct
from taskfit.workshop.recipes.alpaca import Alpaca
from taskfit.workshop.recipes.answers import Answers
from taskfit.workshop.recipes.backtranslate import Backtranslate
from taskfit.workshop.recipes.evolve import Evolve
from taskfit.workshop.recipes.paraphrase import Paraphrase
from taskfit.workshop.recipes.preferences import Preferences
from taskfit.workshop.recipes.questions import Questions
from taskfit.workshop.recipes.self_instruct import SelfInstruct
from taskfit.workshop.seeds import Instance, SeedTask, own_seeds

Says = Callable[[str], str | Generation]


@dataclass
class Scripted:
    """A local model that says what a function of the last message says, and remembers what it was asked."""

    says: Says
    asked: list[str] = field(default_factory=list)
    card: ModelCard = field(default_factory=lambda: ModelCard("s", "causal", "none", frozenset({"generate"})))

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, meter: Meter) -> list[Generation]:
        texts = [one[-1].content for one in prompts]
        self.asked += texts
        told = [self.says(text) for text in texts]
        return [one if isinstance(one, Generation) else Generation(one, 1, 1) for one in told]


def one_round(recipe: Recipe, material: Material, says: Says, *, pool: Pool | None = None) -> tuple[Batch, Scripted]:
    model = Scripted(says)
    maker = Maker("scripted", model)
    pool = pool or Pool([task.instruction for task in material.seeds])
    turn = Turn(0, 0, "en", material, pool, (), maker, maker)
    return recipe.make(turn), model


def rows_of(*texts: str, answer: str = "An answer.") -> Material:
    return Material(records=tuple(_row(f"r{n}", text, answer) for n, text in enumerate(texts)))


def _row(name: str, text: str, answer: str) -> Record:
    return Record(name, Origin("f", 1), (Message("user", text), Message("assistant", answer)))


def documents(*texts: str) -> Material:
    return Material(records=tuple(Record(f"d{n}", Origin("f", n + 1), text=text) for n, text in enumerate(texts)))


def reasons(batch: Batch) -> dict[str, int]:
    return dict(Counter(one.reason for one in batch.rejected))


def is_of(prompt: str, mark: object) -> bool:
    return prompt.startswith(str(mark).split("$")[0][:25])


SEEDS = own_seeds("en")


def test_self_instruct_shows_six_of_people_and_two_of_the_model() -> None:
    made = ["Praise a slow kettle in one line.", "Which knot holds best on wet rope?", "Rename these three villages."]
    pool = Pool([task.instruction for task in SEEDS])
    for text in made:
        pool.put(text)
    _, model = one_round(SelfInstruct(calls=3), Material(SEEDS), lambda prompt: "", pool=pool)
    assert len(model.asked) == 3
    for prompt in model.asked:
        shown = re.findall(r"^\d\. (.+)$", prompt, re.MULTILINE)
        assert len(shown) == 8
        assert sum(text in made for text in shown) == 2
        assert prompt.endswith("\n9.")
    _, model = one_round(SelfInstruct(calls=1), Material(SEEDS), lambda prompt: "")
    assert len(re.findall(r"^\d\. ", model.asked[0], re.MULTILINE)) == 8


def test_self_instruct_asks_labels_first_of_classes_and_inputs_first_of_others() -> None:
    def says(prompt: str) -> str | Generation:
        if is_of(prompt, self_instruct.TASKS):
            return Generation(
                " Is the soup hot or cold?\n10. Describe a bowl of soup.\n11. Soup\n12. Half a", 1, 1, "length"
            )
        if is_of(prompt, self_instruct.IS_CLASS):
            return "Yes" if "hot or cold" in prompt.rpartition("Task:")[2] else "No"
        if is_of(prompt, self_instruct.OUTPUT_FIRST):
            return (
                "Class label: hot\nInput: it steams\nClass label: cold\nInput: it is frozen\nClass label: cold\nInput:"
            )
        return "Input: None\nOutput: Round and warm.\nExample 2\nInput: None\nOutput: Deep.\n\nTask: another"

    batch, _ = one_round(SelfInstruct(calls=1), Material(SEEDS), says)
    assert [(row.prompt, row.answer) for row in batch.rows] == [
        ("Is the soup hot or cold?\nit steams", "hot"),
        ("Is the soup hot or cold?\nit is frozen", "cold"),
    ]
    assert batch.rows[0].parts == {"instruction": "Is the soup hot or cold?", "input": "it steams"}
    assert len({row.group for row in batch.rows}) == 1
    # the last item of an answer that was cut, a short one, and one input (none) with two outputs, a label alone
    assert reasons(batch) == {"cut": 1, "too_short": 1, "contradiction": 2, "no_input": 1}


def test_alpaca_reads_whole_tasks_and_leaves_out_what_was_cut() -> None:
    text = (
        " Name a use for old corks.\n4. Input: <noinput>\n4. Output: Pin boards.\n###\n5. Instruction: Add the numbers up."
        "\n5. Input: 2, 3\n5. Output: 5\n###\n6. Instruction: Describe a cellar.\n6. Input: <noinput>\n###\n7. Instr"
    )
    batch, model = one_round(Alpaca(calls=1), Material(SEEDS), lambda prompt: Generation(text, 1, 1, "length"))
    assert [(row.prompt, row.answer) for row in batch.rows] == [
        ("Name a use for old corks.", "Pin boards."),
        ("Add the numbers up.\n2, 3", "5"),
    ]
    assert reasons(batch) == {"cut": 1, "unreadable": 1}
    assert model.asked[0].count("###") == 4
    assert model.asked[0].endswith("4. Instruction:")


def seed(text: str) -> SeedTask:
    return SeedTask(text[:5], text[:5], text, (Instance("", "x"),))


@pytest.mark.parametrize(
    ("evolved", "same", "answer", "reason"),
    [
        ("Explain frost to a poet in ten words.", "No", "White breath on glass.", None),
        ("New task: Explain frost to a poet in ten words.", "No", "White breath on glass.", None),
        ("Explain frost to a poet in ten words.", "Yes", "White breath.", "no_gain"),
        ("Explain frost to a poet in ten words.", "No", "I'm sorry, I cannot do that.", "refusal"),
        ("Explain frost to a poet in ten words.", "No", "...", "says_nothing"),
        ("The task below asks for frost in ten words.", "No", "White.", "prompt_leak"),
        ("I'm sorry, but I can't rewrite that.", "No", "White.", "refusal"),
        ("Frost", "No", "White.", "too_short"),
        ("", "No", "White.", "too_short"),
    ],
)
def test_evolution_eliminates_what_fails(evolved: str, same: str, answer: str, reason: str | None) -> None:
    def says(prompt: str) -> str:
        if is_of(prompt, evolve.SAME):
            return same
        return answer if not is_of(prompt, evolve.FRAME) else evolved

    batch, _ = one_round(Evolve(breadth=0.0, generations=1), Material((seed("Explain frost to a child."),)), says)
    assert reasons(batch) == ({} if reason is None else {reason: 1})
    assert [row.prompt for row in batch.rows] == ([] if reason else ["Explain frost to a poet in ten words."])
    assert batch.finished


def test_breadth_must_bring_something_new() -> None:
    material = Material((seed("Explain frost to a child in one line."),))
    says = lambda prompt: "Explain frost to a child in a line." if is_of(prompt, evolve.BREADTH) else "No"  # noqa: E731
    batch, _ = one_round(Evolve(breadth=1.0, generations=1), material, says)
    assert reasons(batch) == {"similar": 1}


@pytest.mark.parametrize(
    ("instruction", "score", "reason"),
    [
        ("Tell in two sentences when bees dance.", '{"score": 5}', None),
        ("Tell in two sentences when bees dance.", '{"score": 3}', "low_score"),
        ("Tell in two sentences when bees dance.", "lovely", "no_score"),
        ("Summarise the text in two sentences.", '{"score": 5}', "about_the_text"),
        ("Bees dance to tell each other where flowers stand.", '{"score": 5}', "copy"),
        ("Bees", '{"score": 5}', "too_short"),
    ],
)
def test_backtranslation_is_curated(instruction: str, score: str, reason: str | None) -> None:
    material = documents("Bees dance to tell each other where flowers stand. The angle is that to the sun.")
    batch, _ = one_round(Backtranslate(), material, lambda prompt: score if "JSON" in prompt else instruction)
    assert reasons(batch) == ({} if reason is None else {reason: 1})
    if reason is None:
        [row] = batch.rows
        assert (row.prompt, row.answer) == (instruction, material.records[0].text)
        assert (row.about["judge_score"], row.group) == ("5", "d0")


def test_long_documents_end_at_a_sentence() -> None:
    text = "First comes this. " * 10 + "Then that."
    batch, _ = one_round(
        Backtranslate(characters=100),
        documents(text),
        lambda prompt: '{"score": 5}' if "JSON" in prompt else "Say it ten times in a row.",
    )
    [row] = batch.rows
    assert row.answer.endswith("this.")
    assert 50 <= len(row.answer) <= 100


def test_paraphrases_keep_numbers_and_are_no_copies() -> None:
    text = "The bus came 12 minutes late."
    labelled = Record("r0", Origin("f", 1), (Message("user", text),), label="late")
    marked = Record("r1", Origin("f", 2), (Message("user", "Anna"),), labels=("PER",), spans=(Span(0, 4, "PER"),))
    said = "1. We waited 12 minutes longer for the bus.\n2. The bus came 12 minutes late!\n3. The bus was late.\n4. Twelve? No, 12 minutes passed."
    batch, model = one_round(Paraphrase(), Material(records=(labelled, marked)), lambda prompt: said)
    assert [row.prompt for row in batch.rows] == [
        "We waited 12 minutes longer for the bus.",
        "Twelve? No, 12 minutes passed.",
    ]
    assert {(row.label, row.group, row.about["parent"]) for row in batch.rows} == {("late", "r0", "r0")}
    assert reasons(batch) == {"copy": 1, "lost_number": 1, "marked_places": 1}
    assert 'of the class "late"' in model.asked[0]


def pair_judge(choices: dict[tuple[str, str], str]) -> Says:
    def says(prompt: str) -> str:
        if not is_of(prompt, preferences.COMPARE):
            return "Short."
        first, _, second = prompt.partition("Answer A:\n")[2].partition("\n\nAnswer B:\n")
        return choices[first, second]

    return says


@pytest.mark.parametrize(
    ("forward", "backward", "reason"),
    [
        ('{"better": "A"}', '{"better": "B"}', None),
        ("B", "A", None),
        ('{"better": "A"}', '{"better": "A"}', "order_decides"),
        ('{"better": "tie"}', '{"better": "tie"}', "tie"),
        ('{"better": "A"}', '{"better": "tie"}', "order_decides"),
        ("both are nice", '{"better": "A"}', "no_score"),
    ],
)
def test_a_pair_must_be_chosen_in_both_orders(forward: str, backward: str, reason: str | None) -> None:
    says = pair_judge({("Short.", "An answer."): forward, ("An answer.", "Short."): backward})
    batch, _ = one_round(Preferences(own=True), rows_of("Tell me."), says)
    assert reasons(batch) == ({} if reason is None else {reason: 1})
    if reason is None:
        [row] = batch.rows
        better = "Short." if "A" in forward else "An answer."
        assert (row.kind, row.chosen[0].content) == ("pair", better)
        assert row.rejected[0].content == ({"Short.", "An answer."} - {better}).pop()
        assert [one.role for one in row.messages] == ["user"]


def test_equal_answers_are_no_pair() -> None:
    batch, model = one_round(Preferences(), rows_of("Tell me."), lambda prompt: "Always the same.")
    assert reasons(batch) == {"equal_answers": 1}
    assert len(model.asked) == 2


def test_every_answer_to_a_question_is_proved() -> None:
    text = "The old mill was built in 1871. It ground rye for nine villages."
    good = {"question": "When was the old mill built?", "answer": "In 1871.", "quote": "was BUILT in 1871"}
    items = [
        good,
        {**good, "question": "When was the old mill built up?"},
        {**good, "question": "What does the text say of rye?"},
        {**good, "question": "For how many villages did it grind?", "quote": "for ten villages"},
        {**good, "question": "Who owned it?", "answer": ""},
        {"question": "No answer?"},
    ]
    batch, _ = one_round(Questions(with_document=True), documents(text), lambda prompt: json.dumps(items))
    [row] = batch.rows
    assert row.prompt.endswith("Question: When was the old mill built?")
    assert text in row.prompt
    assert row.about["quote"] == "was BUILT in 1871"
    assert reasons(batch) == {
        "similar": 1,
        "about_the_text": 1,
        "not_in_document": 1,
        "empty_output": 1,
        "unreadable": 1,
    }
    batch, _ = one_round(Questions(), documents(text), lambda prompt: "I would rather not.")
    assert reasons(batch) == {"unreadable": 1}


def test_answers_keep_the_talk_and_the_thoughts() -> None:
    before = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Name a river"))
    record = Record("r", Origin("f", 1), (*before, Message("assistant", "Old.")))
    empty = Record("e", Origin("f", 2), (Message("assistant", "Nobody asked."),))
    batch, _ = one_round(
        Answers(system="Be brief."),
        Material(records=(record, empty)),
        lambda prompt: "<think>a long one</think>The Rhine.",
    )
    [row] = batch.rows
    assert row.messages[:-1] == (Message("system", "Be brief."), *before)
    assert (row.answer, row.messages[-1].thinking) == ("The Rhine.", "a long one")
    assert [(one.reason, one.parent) for one in batch.rejected] == [("too_short", "e")]


def test_a_row_made_in_memory_says_what_it_holds() -> None:
    row = talk("Ask", "Answer", parts={"instruction": "Ask", "input": ""})
    assert (row.kind, row.parts) == ("talk", {"instruction": "Ask"})
