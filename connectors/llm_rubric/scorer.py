"""Sift, find, verify, rate, combine."""

from collections.abc import Iterator
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.transcript import HAN, Sentence, refused, sentences_of, transcript_of

from .addressed import Sifted, sifted
from .answers import FIND, RATE, evidence_in, levels_in
from .combining import Sample, combined
from .config import LlmRubricConfig
from .evidence import verified
from .prompts import find_messages, find_schema, prompt_hash, rate_messages, rate_schema
from .rubrics import NAME, load
from .wire import Wire

VERSION = "1"
NOTE = {
    "zh": "方法说明：语言模型按行为锚定量表评分，每项得分都附有已在转写文本中核对的原话；多次评分取中位数，须由人判断。",
    "en": "Method: a language model rated by behaviourally anchored rubrics; every score lists sentences that were verified in "
    "the transcript; the median of several ratings counts, and a person has to judge.",
}


class LlmRubric:
    """See `trivet.contract.Scorer`.

    Answers {scores: [{competency, score, evidence, confidence}], insufficient_evidence, samples: [{competency, scores}],
    flags: [{kind, quote, start, end}], unverified_quotes, models, method_note}. Flags are for a person: `addressed_to_scorer`
    was withheld from the model, `quoted_for_everything` counted as no evidence.
    """

    def __init__(self, config: LlmRubricConfig, services: Services) -> None:
        folder = services.home / "mappings" / "rubrics"
        self.config = config
        self.rubrics = [load(folder / f"{name}.yaml") for name in config.competencies]
        self.wire = Wire(config, services)

    def check(self) -> None:
        """The rubrics were read when this was built; the endpoint knows the model."""
        self.wire.check()

    def provenance(self) -> Document:
        """Model, sampling, and the hashes of everything that it is told."""
        config = self.config
        return {
            "scorer": NAME,
            "version": VERSION,
            "model": config.model,
            "options": {
                "rubrics": [{"name": rubric.name, "sha256": rubric.sha256} for rubric in self.rubrics],
                "prompt_sha256": prompt_hash(),
                "samples": config.samples,
                "seed": config.seed,
                "temperature": config.temperature,
                "response_format": config.response_format,
                "max_tokens": config.max_tokens,
            },
        }

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        sentences = sentences_of(request, NAME)
        if sum(len(sentence.text) for sentence in sentences) > self.config.max_characters:
            raise refused(
                NAME, "TRANSCRIPT_TOO_LONG", f"more than {self.config.max_characters} characters were said"
            )
        said = sifted(sentences)
        language = _language(request, said.told)
        cost, models, samples = 0.0, set(), []
        # nothing was said, or nothing that a model may see: nothing is asked
        for number in range(self.config.samples if said.told else 0):
            sample, price, names = self._sample(said.told, language, self.config.seed + number)
            samples.append(sample)
            cost += price
            models |= names
        answer = combined(self.config.competencies, samples)
        answer |= {
            "flags": _flags(said, samples),
            "unverified_quotes": sum(sample.found.unverified for sample in samples),
            "models": sorted(models),
            "method_note": NOTE,
        }
        return Scored(answer, cost)

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")

    def _sample(self, told: list[Sentence], language: str, seed: int) -> tuple[Sample, float, set[str]]:
        names = self.config.competencies
        first = self.wire.ask(
            FIND,
            find_messages(self.rubrics, told, language),
            find_schema(names),
            seed,
            lambda c: evidence_in(c, names),
        )
        found = verified(first.content, told)
        with_evidence = {piece.competency for piece in found.pieces}
        rubrics = [rubric for rubric in self.rubrics if rubric.name in with_evidence]
        if not rubrics:
            return Sample(found, {}), first.cost, {first.model}
        rated = [rubric.name for rubric in rubrics]
        second = self.wire.ask(
            RATE,
            rate_messages(rubrics, found.pieces, language),
            rate_schema(rated),
            seed,
            lambda c: levels_in(c, rated),
        )
        return Sample(found, second.content), first.cost + second.cost, {first.model, second.model}


@contextmanager
def open_scorer(config: LlmRubricConfig, services: Services) -> Iterator[LlmRubric]:
    """The scorer at its endpoint."""
    scorer = LlmRubric(config, services)
    with scorer.wire.http:
        yield scorer


def _language(request: ScoringRequest, sentences: list[Sentence]) -> str:
    said = transcript_of(request, NAME).get("language") or request.language
    if said in ("zh", "en"):
        return str(said)
    return "zh" if any(HAN.search(sentence.text) for sentence in sentences) else "en"


def _flags(said: Sifted, samples: list[Sample]) -> list[Document]:
    everywhere = {s.number: s for sample in samples for s in sample.found.for_everything}
    kinds = [("addressed_to_scorer", said.withheld), ("quoted_for_everything", everywhere.values())]
    return [
        {"kind": kind, "quote": sentence.text, "start": sentence.start, "end": sentence.end}
        for kind, sentences in kinds
        for sentence in sentences
    ]
