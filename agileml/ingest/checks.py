"""Trying a source: a question to somebody else's server, so never inside of a transaction."""

from dataclasses import dataclass
from typing import Any

from agileml.ingest import secrets
from agileml.ingest.connectors.base import Advice, SourceError
from agileml.ingest.connectors.registry import Guard, connector_for
from agileml.ingest.models import Source


def check_source(source: Source) -> Advice:
    """Whether a source can be read as it is set up, with advice for a person; whatever goes wrong is advice too."""
    try:
        kept = secrets.open_(source.secrets)
    except secrets.Unopened as error:
        return Advice(good=False, message=str(error))
    return check(source.kind, secrets.merge(source.config, kept))


def check(kind: str, config: dict[str, Any]) -> Advice:
    """The same for a configuration that is not stored yet."""
    connector = connector_for(kind)
    if connector is None:
        return Advice(good=False, message="The connector of this source is not installed or broken here.")
    advice: Advice | None = None
    with Guard() as guard:
        try:
            advice = connector.check(config)
        except SourceError as error:
            advice = Advice(good=False, message=str(error))
    return advice or Advice(good=False, message=f"The connector is broken: {guard.error}")


@dataclass(frozen=True)
class InRegistry:
    """What an outside registry calls the champion: a sentence for a person, and where to see the run."""

    message: str
    url: str = ""


def champion_in_registry(source: Source, name: str) -> InRegistry:
    """Ask a source's registry which version of the model `name` its alias `champion` points to, now."""
    connector = connector_for(source.kind)
    ask = getattr(connector, "champion_alias", None)
    if ask is None:
        return InRegistry(f"{source.name} keeps no registry of models.")
    try:
        config = secrets.merge(source.config, secrets.open_(source.secrets))
        alias = ask(config, name)
    except (SourceError, secrets.Unopened) as error:
        return InRegistry(str(error))
    if alias is None:
        return InRegistry(f"{source.name} knows no model {name} with the alias champion.")
    return InRegistry(f"In {source.name} the champion of {name} is version {alias.version}.", alias.url)
