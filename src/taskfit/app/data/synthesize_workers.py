"""Who writes and who judges a synthesis: endpoints, local models, trained scorers; one budget for all of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.app.data.synthesize_settings import ADDRESS, SynthesizeSettings
from taskfit.app.predictor import is_trained, trained_predictor
from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.model.remote import RemoteModel, open_remote
from taskfit.model.remote_settings import RemoteSettings
from taskfit.workshop.judges import AskedJudge, TrainedJudge
from taskfit.workshop.maker import Maker
from taskfit.workshop.score import Filter
from taskfit.workshop.synthesis import Workers

ANSWERS, JUDGED = "answers.jsonl", "judge-answers.jsonl"
LEAST_TRAINED = 0.5


@dataclass(frozen=True)
class Staff:
    """Writer and judge, what they may spend and have spent."""

    workers: Workers
    models: tuple[RemoteModel, ...]
    budget: float | None
    writer: str
    judges: tuple[str, ...]

    @property
    def judges_itself(self) -> bool:
        """Whether the writer judges its own words."""
        return self.writer in self.judges

    def spent(self) -> Text | None:
        """Return what was spent so far as a phrase; None where nothing is asked for elsewhere."""
        if not self.models:
            return None
        told = self.facts()
        of = f"/{self.budget:g}" if self.budget is not None else ""
        en, zh = f"{told['answers']:,} answers", f"{told['answers']:,} 个回答"
        if not told["money"] and self.budget is None:
            return Text(en, zh)
        return Text(f"{en}, {told['money']:.4f}{of} money", f"{zh}，花费 {told['money']:.4f}{of}")

    def facts(self) -> dict[str, Any]:
        """Return what was spent over all starts; of requests that brought no answer only those of this one."""
        purses = [one.purse for one in self.models]
        return {
            "answers": sum(one.answers for one in self.models),
            "requests": sum(one.requests for one in purses),
            "tokens": sum(one.tokens for one in purses),
            "money": sum(one.money for one in purses),
            "budget": self.budget,
        }


def staff_of(settings: SynthesizeSettings, folder: Path) -> Staff:
    """Open writer and judge; raise UsageError or ModelError when one of them cannot be."""
    writer = _maker(settings, settings.model, _remote(settings, settings.remote), folder / ANSWERS)
    trained = settings.judge is not None and is_trained(Path(settings.judge))
    judge = writer if settings.judge is None or trained else _judge(settings, folder)
    makers = (writer,) if judge is writer else (writer, judge)
    models = tuple(one.model for one in makers if isinstance(one.model, RemoteModel))
    if len(models) == 2:
        models[0].purse.share_with(models[1].purse)
    filters = _filters(settings, judge, trained=trained)
    workers = Workers(writer, judge, filters)
    names = dict.fromkeys([one.scorer.name for one in filters] + [judge.name] * settings.recipe.judges)
    return Staff(workers, models, settings.budget, writer.name, tuple(names))


def _judge(settings: SynthesizeSettings, folder: Path) -> Maker:
    assert settings.judge is not None
    if settings.judge.startswith(ADDRESS):
        return _maker(settings, settings.judge, _remote(settings, settings.judge_remote), folder / JUDGED)
    if settings.remote is not None and not Path(settings.judge).exists():
        asked = settings.remote.model_copy(update={"model": settings.judge, "temperature": 0.0})
        return _maker(settings, settings.judge, _remote(settings, asked), folder / JUDGED)
    return _maker(settings, settings.judge, None, folder / JUDGED)


def _maker(settings: SynthesizeSettings, name: str, remote: RemoteSettings | None, cache: Path) -> Maker:
    manner: dict[str, Any] = {"unsent": frozenset(settings.unsent), "thinking": settings.thinking}
    if remote is not None:
        return Maker(remote.model, open_remote(remote, cache=cache, lasting=True), **manner)
    from taskfit.model.open import open_local

    return Maker(Path(name).name, open_local(name, online=settings.online), **manner)


def _remote(settings: SynthesizeSettings, asked: RemoteSettings | None) -> RemoteSettings | None:
    if asked is None or settings.budget is None:
        return asked
    return asked.model_copy(update={"max_money": settings.budget})


def _filters(settings: SynthesizeSettings, judge: Maker, *, trained: bool) -> tuple[Filter, ...]:
    if trained:
        assert settings.judge is not None
        folder = Path(settings.judge)
        predictor = trained_predictor(folder, online=settings.online)
        least = LEAST_TRAINED if settings.least is None else settings.least
        return (Filter(TrainedJudge(folder.name, predictor, settings.liked), least),)
    if settings.liked is not None:
        raise UsageError(
            Text("'liked' belongs to a trained judge", "'liked' 只用于训练的评审模型"),
            todo=Text("name its run folder with --judge", "请用 --judge 指定其运行目录"),
        )
    return () if settings.least is None else (Filter(AskedJudge(judge.name), settings.least),)
