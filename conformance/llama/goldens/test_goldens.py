"""Every recorded request is answered as the reference answered it."""

from pathlib import Path
from typing import Any

import pytest
from compare import differences
from deviations import DEVIATIONS, deviations_of, expected
from exchanges import EXCHANGES, Exchange
from replay import replay

from servers import serving

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "compatibility.md"

Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def answers(store: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The answers of fresh servers, for the recorded handlers have fixed names."""
    with serving(store, tmp_path_factory.mktemp("goldens")) as servers:
        return replay(servers.plain.base_url, servers.context.base_url)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_answer_is_the_recorded_one(answers: Answers, exchange: Exchange) -> None:
    topic, title, recorded = exchange.topic, exchange.title, exchange.response
    answer = answers[exchange.name]
    assert differences(topic, expected(topic, title, recorded), answer) == []
    if deviations_of(topic, title):
        assert differences(topic, recorded, answer), "the deviation is gone; so should its entry"


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: f"{d.topic}-{d.titles[0]}")
def test_deviation_is_of_recorded_exchanges_and_documented(deviation) -> None:
    titles = {exchange.title for exchange in EXCHANGES if exchange.topic == deviation.topic}
    assert set(deviation.titles) <= titles
    assert f"\n| {deviation.documented} |" in DOCUMENTATION.read_text(encoding="utf-8")
