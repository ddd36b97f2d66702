"""A synthesis goes on where it stopped, with the same rows; limits, fruitless rounds and interruptions end it cleanly."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.fake_endpoint import FakeEndpoint, Reply, endpoint, said
from taskfit.core.errors import DiskError, ModelError
from taskfit.core.events import Event
from taskfit.core.meter import Meter
from taskfit.data.record import Record
from taskfit.model.remote import open_remote
from taskfit.model.remote_settings import RemoteSettings
from taskfit.workshop.journal import Journal, Round
from taskfit.workshop.maker import Maker, Sampling
from taskfit.workshop.recipe import Material, Rejected, talk
from taskfit.workshop.recipes.evolve import Evolve
from taskfit.workshop.recipes.self_instruct import SelfInstruct
from taskfit.workshop.seeds import own_seeds
from taskfit.workshop.synthesis import FRUITLESS_ROUNDS, ROUNDS, Made, Order, Workers, begun, synthesize
from workshop.fake_writer import writer

ORDER = Order("self_instruct", SelfInstruct(calls=2), Material(own_seeds("en")), 40)


def maker_at(fake: FakeEndpoint, folder: Path, **settings: Any) -> Maker:
    given = {"key_env": "", "wait_seconds": 0.001, "concurrency": 8, **settings}
    return Maker("fake", open_remote(RemoteSettings(url=fake.url, model="fake", **given), cache=folder / "a.jsonl"))


def work(order: Order, folder: Path, fake: FakeEndpoint, **settings: Any) -> Made:
    maker = maker_at(fake, folder, **settings)
    made = begun(order, folder)
    synthesize(order, Workers(maker, maker), folder, made=made)
    return made


def test_work_in_pieces_makes_what_work_in_one_go_makes(tmp_path: Path) -> None:
    with endpoint() as fake:
        fake.answer_body = writer
        whole = work(ORDER, tmp_path / "whole", fake)
        for rows in (5, 12, 12, 40):
            made = work(replace(ORDER, rows=rows), tmp_path / "pieces", fake, concurrency=1 + rows % 3)
        asked = [str(body) for body in fake.requests]
    assert made.rows == whole.rows
    assert made.pool.made == whole.pool.made
    assert len(asked) == 2 * len(set(asked)), "each piece of work is asked for once"
    assert (tmp_path / "whole" / ROUNDS).read_bytes() == (tmp_path / "pieces" / ROUNDS).read_bytes()


def test_another_seed_makes_other_rows(tmp_path: Path) -> None:
    with endpoint() as fake:
        fake.answer_body = writer
        one = work(replace(ORDER, rows=5), tmp_path / "a", fake)
        other = work(replace(ORDER, rows=5, seed=1), tmp_path / "b", fake)
    assert {row.prompt for row in one.rows}.isdisjoint(row.prompt for row in other.rows)


def test_a_round_that_was_cut_off_is_done_again_from_the_cache(tmp_path: Path) -> None:
    calls = 0

    class Interrupting(Meter):
        def add(self, **used: Any) -> None:
            nonlocal calls
            calls += used.get("requests", 0)
            if calls == 30:
                raise KeyboardInterrupt

    with endpoint() as fake:
        fake.answer_body = writer
        whole = work(ORDER, tmp_path / "whole", fake)
        fake.requests.clear()
        maker = replace(maker_at(fake, tmp_path / "cut", concurrency=1), meter=Interrupting())
        made = begun(ORDER, tmp_path / "cut")
        with pytest.raises(KeyboardInterrupt):
            synthesize(ORDER, Workers(maker, maker), tmp_path / "cut", made=made)
        assert 0 < len(fake.requests) < 40
        made = work(ORDER, tmp_path / "cut", fake)
        assert made.rows == whole.rows
        assert len({str(body) for body in fake.requests}) == len(fake.requests)


def test_a_limit_ends_the_work_before_it_is_passed(tmp_path: Path) -> None:
    # an answer costs 0.1; before it is asked for, up to about 15 are set aside
    with endpoint() as fake:
        fake.answer_body = writer
        made = work(ORDER, tmp_path, fake, max_money=16.0, price_in=1e4, price_out=1e4, concurrency=1)
        assert made.stopped is not None
        assert "max_money = 16" in made.stopped.en
        assert len(fake.requests) * 10 * 1e4 / 1e6 <= 16.0
        assert len(made.rows) < 40


def test_a_model_that_says_nothing_of_use_ends_the_work(tmp_path: Path) -> None:
    with endpoint(lambda messages: said("lorem ipsum")) as fake:
        made = work(ORDER, tmp_path, fake)
    assert made.stopped is not None
    assert (made.rounds, len(made.rows)) == (FRUITLESS_ROUNDS, 0)
    assert made.rejected["too_short"] > 0
    assert begun(ORDER, tmp_path).fruitless == FRUITLESS_ROUNDS


def test_an_endpoint_that_fails_altogether_is_an_error_and_nothing_is_lost(tmp_path: Path) -> None:
    with endpoint() as fake:
        fake.answer_body = writer
        work(replace(ORDER, rows=5), tmp_path, fake)
        fake.answer_body = lambda body: Reply(401, {"error": {"message": "no"}})
        with pytest.raises(ModelError, match="HTTP 401"):
            work(ORDER, tmp_path, fake)
    assert len(begun(ORDER, tmp_path).rows) >= 5


def test_progress_tells_rows_and_cost(tmp_path: Path) -> None:
    events: list[Event] = []
    with endpoint() as fake:
        fake.answer_body = writer
        maker = maker_at(fake, tmp_path)
        made = begun(ORDER, tmp_path)
        purse = maker.model.purse  # type: ignore[attr-defined]
        synthesize(ORDER, Workers(maker, maker), tmp_path, made=made, emit=events.append, spent=lambda: purse.spent)
    done = [event.data["done"] for event in events]
    assert done[0] == 0
    assert done[-1] == events[-1].data["total"] == 40
    assert done == sorted(done, key=lambda one: int(str(one)))
    assert "requests" in str(events[-1].data["unit"])


def test_a_torn_line_of_the_journal_is_taken_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path / ROUNDS)
    row = talk("Name a river.", "The Rhine.", parts={"instruction": "Name a river."})
    first = Round(0, (row,), (Rejected("similar", {"instruction": "x"}),), ("Name a river.",))
    journal.add(first)
    journal.add(replace(first, number=1))
    whole = journal.path.read_bytes()
    for cut in (1, 5, len(whole) // 2 - 1):
        journal.path.write_bytes(whole[:-cut])
        assert list(journal.rounds()) == [first]
        journal.add(replace(first, number=1))
        assert journal.path.read_bytes() == whole


def test_a_foreign_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / ROUNDS).write_text('{"number": 0}\n', encoding="utf-8")
    with pytest.raises(DiskError, match="no round of a synthesis"):
        list(Journal(tmp_path / ROUNDS).rounds())


def test_text_after_a_stop_word_is_cut_where_the_endpoint_does_not(tmp_path: Path) -> None:
    with endpoint(lambda messages: said("9. a\n16. b")) as fake:
        [reply] = maker_at(fake, tmp_path).ask(["x"], Sampling(stop=("\n16.",)), seed=0)
        body = fake.requests[0]
    assert (reply.text, reply.finish) == ("9. a", "stop")
    assert (body["stop"], body["seed"], body["temperature"]) == (["\n16."], 0, 0.7)


def test_fields_that_an_endpoint_refuses_are_not_sent(tmp_path: Path) -> None:
    with endpoint() as fake:
        maker = replace(maker_at(fake, tmp_path), unsent=frozenset({"temperature", "top_p", "seed"}))
        maker.ask(["x"], Sampling(top_p=0.5, presence_penalty=2.0), seed=3)
        body = fake.requests[0]
    assert not {"temperature", "top_p", "seed"} & set(body)
    assert body["presence_penalty"] == 2.0


def test_thoughts_are_no_part_of_what_is_made(tmp_path: Path) -> None:
    with endpoint(lambda messages: said("<think>\nhm 16. hm\n</think>\n\n9. a\n16. b")) as fake:
        maker = replace(maker_at(fake, tmp_path), thinking=500)
        [reply] = maker.ask(["x"], Sampling(stop=("16.",), max_tokens=40), seed=0)
        fake.answer = lambda messages: said("<think>never an end", finish="length")
        [endless] = maker.ask(["y"], Sampling(), seed=0)
        assert fake.requests[0]["max_tokens"] == 540
    assert (reply.text.strip(), reply.thinking) == ("9. a", "hm 16. hm")
    assert (endless.text, endless.finish) == ("", "length")


def test_evolution_goes_on_from_what_evolved_before(tmp_path: Path) -> None:
    material = Material(own_seeds("en")[:6])
    order = Order("evolve", Evolve(batch=4, generations=3), material, None)
    with endpoint() as fake:
        fake.answer_body = writer
        made = work(order, tmp_path, fake)
        asked = [body["messages"][0]["content"] for body in fake.requests]
    assert made.finished
    assert made.rounds == 6  # three generations of six instructions in fours
    by_root: dict[str | None, list[Record]] = {}
    for row in made.rows:
        by_root.setdefault(row.group, []).append(row)
    deepest = max(by_root.values(), key=len)
    assert [row.about["depth"] for row in deepest] == ["1", "2", "3"][: len(deepest)]
    assert len(deepest) >= 2
    assert any(prompt.endswith(deepest[0].prompt) and prompt != deepest[0].prompt for prompt in asked)
