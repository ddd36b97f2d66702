"""A model is explained: parts that add up, what each head adds, whether it answers or goes on."""

import pytest

from taskfit.app.show_model import ShowModelSettings, show_model
from taskfit.core.errors import ModelError
from tiny_models import TinyModels
from tiny_models import tiny as tiny

QUIET = ShowModelSettings(ask=False, labels=3)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert"])
def test_the_parts_add_up_to_the_whole(tiny: TinyModels, family: str) -> None:
    [page] = show_model(str(tiny.folder(family)), QUIET)
    total = int(str({name.en: value.en for name, value in page.facts}["parameters"]).replace(",", ""))
    assert sum(part.parameters for part in page.parts) == total
    assert sum(part.share for part in page.parts) == pytest.approx(1.0)
    assert {"token embedding", "norms", "attention", "feed-forward"} <= {part.name.en for part in page.parts}
    assert "other" not in {part.name.en for part in page.parts}


def test_the_three_forms_of_gpt2_stand_side_by_side(tiny: TinyModels) -> None:
    [page] = show_model(str(tiny.folder("gpt2")), QUIET)
    body, head, language = page.forms
    assert [form.class_name for form in page.forms] == [
        "GPT2Model",
        "GPT2ForSequenceClassification",
        "GPT2LMHeadModel",
    ]
    assert body.shapes == {}
    [(name, shape)] = head.shapes.items()
    assert (name, shape[0], head.stored) == ("score.weight", 3, False)
    assert head.parameters == body.parameters + 3 * shape[1]
    assert list(language.shapes) == ["lm_head.weight"]
    assert language.tied
    assert language.parameters == body.parameters


def test_an_encoder_has_no_language_model_form_and_its_new_head_is_named(tiny: TinyModels) -> None:
    [page] = show_model(str(tiny.folder("bert")), QUIET)
    assert [form.class_name for form in page.forms] == ["BertModel", "BertForSequenceClassification"]
    assert set(page.forms[1].shapes) == {"classifier.weight", "classifier.bias"}
    assert page.spoken is None
    assert "encoder" in page.kind.en


def test_a_tuned_model_answers_and_a_base_goes_on(tiny: TinyModels) -> None:
    tuned, base = show_model("tiny", ShowModelSettings(beside=str(tiny.folder("llama")), question="1 + 1 = ?"))
    assert tuned.spoken is not None
    assert tuned.spoken.answered
    assert tuned.spoken.stops
    assert "ends its turn" in tuned.kind.en
    assert base.spoken is not None
    assert base.spoken.answered is None
    assert "goes on" in base.kind.en


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="nowhere"):
        show_model("./nowhere", QUIET)
