"""Articles found again: by words (BM25), by likeness (TF-IDF), in English and Chinese.

For Chinese, Japanese and Korean text the words are characters and pairs of neighbours: there are no
spaces to cut at.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netdiag.kb.article import Article, Case, from_ticket

_TEXTS = ("symptom", "diagnosis", "cause", "fix", "prevention", "evidence")


@dataclass(frozen=True, slots=True)
class Hit:
    """A found article; scores compare within one search only."""

    article: Article
    score: float


# Han, kana, hangul; the rest is cut at everything that is no letter and no digit.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_K1, _B = 1.5, 0.75
_TITLE_WEIGHT = 3


def tokens(text: str) -> list[str]:
    """Lower-case words; a run of Chinese characters gives each character and each pair."""
    found: list[str] = []
    for run in _RUNS.findall(text.casefold()):
        if re.match(rf"[{_CJK}]", run):
            found += [run[i : i + 2] for i in range(len(run) - 1)]
            found += run
        else:
            found.append(run)
    return found


def search(articles: Iterable[Article], query: str, limit: int = 10) -> tuple[Hit, ...]:
    """The articles that share a word with the query, best first (BM25, Robertson and Zaragoza)."""
    stored = list(articles)
    texts = [Counter(_words(a)) for a in stored]
    wanted = set(_query_tokens(query))
    lengths = [sum(t.values()) for t in texts]
    average = (sum(lengths) / len(lengths) if lengths else 0.0) or 1.0
    weights = {w: _rarity(sum(w in t for t in texts), len(texts)) for w in wanted}
    hits = [
        Hit(article, score)
        for article, text, length in zip(stored, texts, lengths, strict=True)
        if (score := sum(weights[w] * _bm25(text[w], length / average) for w in wanted)) > 0
    ]
    hits.sort(key=lambda h: (-h.score, -h.article.at.timestamp(), h.article.id))
    return tuple(hits[:limit])


def like(articles: Iterable[Article], wanted: Article, limit: int = 10) -> tuple[Hit, ...]:
    """The articles most like one, by the cosine of their TF-IDF weights (0 to 1), best first."""
    stored = [a for a in articles if a.id != wanted.id]
    texts = [Counter(_words(a)) for a in stored]
    mine = Counter(_words(wanted))
    seen = Counter(word for text in (*texts, mine) for word in text)
    weight = {w: math.log(1 + (len(texts) + 1) / n) for w, n in seen.items()}
    hits = [
        Hit(article, score)
        for article, text in zip(stored, texts, strict=True)
        if (score := _cosine(mine, text, weight)) > 0
    ]
    hits.sort(key=lambda h: (-h.score, -h.article.at.timestamp(), h.article.id))
    return tuple(hits[:limit])


def _cosine(one: Counter[str], other: Counter[str], weight: Mapping[str, float]) -> float:
    def scaled(text: Counter[str]) -> dict[str, float]:
        return {w: (1 + math.log(n)) * weight[w] for w, n in text.items()}

    a, b = scaled(one), scaled(other)
    length = math.sqrt(sum(x * x for x in a.values()) * sum(x * x for x in b.values()))
    return sum(x * b[w] for w, x in a.items() if w in b) / length if length else 0.0


def similar(articles: Iterable[Article], ticket: Case, limit: int = 3) -> tuple[Hit, ...]:
    """Earlier cases of the same kind, the most alike first: what the next case should show."""
    draft = from_ticket(ticket)
    return like((a for a in articles if a.kind is draft.kind is not None), draft, limit)


def _words(article: Article) -> list[str]:
    title = [article.title, article.kind or "", article.area or "", article.id]
    body = [getattr(article, name) for name in _TEXTS]
    return tokens(" ".join(title)) * _TITLE_WEIGHT + tokens(" ".join([*body, *article.feedback]))


def _query_tokens(query: str) -> list[str]:
    # A single character counts only when it stands alone: 口 alone would find every 人口.
    runs = _RUNS.findall(query.casefold())
    return [t for run in runs for t in tokens(run) if len(run) == 1 or len(t) > 1 or t.isascii()]


def _rarity(containing: int, total: int) -> float:
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))


def _bm25(frequency: int, relative_length: float) -> float:
    return frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * relative_length))
