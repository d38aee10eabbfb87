"""What the answers of chat robots say: the status is 200 whatever became of the message, the body has a code."""

from collections.abc import Mapping

from vhealthd.alerting.post import Answer, said
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError


def judge(
    answer: Answer,
    *,
    code: object,
    why: str,
    passing: Mapping[int, float | None],
    advice: Mapping[int, str],
    missing: str,
) -> None:
    """Return if the message was taken: code 0, and nothing else.

    `passing` are the codes of what will pass, and the seconds to wait where they are known; `advice` says of others
    what to do; `missing` is what the answer lacks if `code` is no number. Raises DeliveryDelayedError or
    DeliveryRefusedError.
    """
    if type(code) is not int:
        raise DeliveryDelayedError(f"{answer.host} answers without {missing}: {said(answer.text)}")
    if code in passing:
        raise DeliveryDelayedError(f"{answer.host} says {code}: {why}", retry_after=passing[code])
    if code:
        hint = f"; {advice[code]}" if code in advice else ""
        raise DeliveryRefusedError(f"{answer.host} says {code}: {why}{hint}")


def judge_errcode(answer: Answer, *, passing: Mapping[int, float | None], advice: Mapping[int, str]) -> None:
    """Judge an answer of {"errcode": number, "errmsg": text}, as `judge` does."""
    body = answer.json()
    why = said(str(body.get("errmsg")))
    judge(answer, code=body.get("errcode"), why=why, passing=passing, advice=advice, missing="an errcode")
