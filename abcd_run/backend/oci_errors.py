"""Translate the exceptions of an OCI engine's SDK into abcd-run's errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from abcd_run.backend import refusals
from abcd_run.errors import AbcdRunError, LaunchFailed, NoAnswer, NoRuntime


@dataclass(frozen=True, slots=True)
class Silence:
    """An engine that did not answer: the message, and the connection's error.

    A `slow` engine is running but did not answer in time.
    """

    said: str
    cause: BaseException
    slow: bool


@dataclass(frozen=True, slots=True)
class Translator:
    """The exceptions of an engine's SDK.

    `raised` lists all of them; `refused` is the one that carries the engine's own message.
    `silence` describes an exception that means no answer, and returns None for others; `remedy` is
    what helps then.
    """

    engine: str
    raised: tuple[type[Exception], ...]
    refused: type[Exception]
    silence: Callable[[Exception], Silence | None]
    remedy: str

    @contextmanager
    def translated(
        self, doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed
    ) -> Iterator[None]:
        """Turn what the SDK raises while `doing` something into abcd-run's errors."""
        try:
            yield
        except self.raised as error:
            raise self._meaning(error, doing, otherwise) from error
        except refusals.GARBLED as error:
            raise refusals.garbled(
                error, engine=self.engine, doing=doing, otherwise=otherwise
            ) from error

    def _meaning(self, error: Exception, doing: str, otherwise: type[AbcdRunError]) -> AbcdRunError:
        brief = f"{self.engine} could not {doing}"
        if silence := self.silence(error):
            kind = NoAnswer if silence.slow else NoRuntime
            said = f"{brief}: {silence.said}"
            return kind(said, details=str(silence.cause), remedy=self.remedy)
        if isinstance(error, self.refused):
            text = getattr(error, "explanation", None) or str(error)
            return refusals.meaning(text, engine=self.engine, doing=doing, otherwise=otherwise)
        return otherwise(brief, details=str(error), remedy="abcd-run doctor")
