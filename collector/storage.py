"""The store as the collector uses it: plain calls that may wait, to be made off the event loop."""

from collections.abc import Collection, Sequence
from datetime import datetime

from store.alerts import alert_rows
from store.definitions import ModelDefinition
from store.deploys import add_deploy, deploys
from store.engine import open_engine, schema_state, writing
from store.keys import any_active_key, authenticate
from store.label_log import write_labels
from store.models import Applied, apply_definition, get_model, list_models, version_id, versions
from store.prediction_log import write_predictions
from store.records import (
    AlertRow,
    AlertState,
    ApiKey,
    Deploy,
    LabelRow,
    Model,
    ModelVersion,
    PredictionRow,
    Result,
    ResultKind,
    Status,
    WriteOutcome,
)
from store.results import results


class Storage:
    """One opened store. Every method is safe to call from several threads."""

    def __init__(self, url: str, pepper: bytes) -> None:
        self._engine = open_engine(url)
        self._pepper = pepper

    def close(self) -> None:
        self._engine.dispose()

    def schema_state(self) -> str:
        """``current`` when the tables are those that this release works with."""
        return schema_state(self._engine)

    def write_predictions(self, rows: Sequence[PredictionRow]) -> list[WriteOutcome]:
        return write_predictions(self._engine, rows)

    def write_labels(self, rows: Sequence[LabelRow]) -> list[WriteOutcome]:
        return write_labels(self._engine, rows)

    def model(self, name: str) -> tuple[Model, list[ModelVersion]] | None:
        """The model of that name and its versions, oldest first; None when there is none."""
        with self._engine.connect() as connection:
            model = get_model(connection, name)
            return None if model is None else (model, versions(connection, model.id))

    def models(self) -> list[tuple[Model, list[ModelVersion]]]:
        with self._engine.connect() as connection:
            return [(model, versions(connection, model.id)) for model in list_models(connection)]

    def version_id(self, model_id: int, name: str, now: datetime) -> int:
        with writing(self._engine) as connection:
            return version_id(connection, model_id, name, now)

    def apply(self, definition: ModelDefinition, now: datetime) -> Applied:
        with writing(self._engine) as connection:
            return apply_definition(connection, definition, now)

    def add_deploy(self, model_id: int, version: str, at: datetime, note: str) -> Deploy:
        with writing(self._engine) as connection:
            return add_deploy(connection, model_id=model_id, version=version, at=at, note=note)

    def deploys(self, name: str | None) -> list[tuple[str, Deploy]]:
        """The deploys of the model of that name, or of all models, each with its model's name, oldest first."""
        with self._engine.connect() as connection:
            models = [model for model in list_models(connection) if name in (None, model.name)]
            found = [(model.name, each) for model in models for each in deploys(connection, model.id)]
        return sorted(found, key=lambda pair: pair[1].at)

    def results(
        self,
        model: str,
        *,
        since: datetime | None,
        until: datetime | None,
        kind: ResultKind | None,
        statuses: Collection[Status] | None,
        monitors: Collection[str] | None,
        fields: Collection[str] | None,
        limit: int,
    ) -> list[Result]:
        with self._engine.connect() as connection:
            return results(
                connection,
                model=model,
                since=since,
                until=until,
                kind=kind,
                statuses=statuses,
                monitors=monitors,
                fields=fields,
                limit=limit,
            )

    def alerts(self, model: str | None, states: Collection[AlertState]) -> list[AlertRow]:
        with self._engine.connect() as connection:
            return alert_rows(connection, model=model, states=states)

    def key(self, token: str, now: datetime) -> ApiKey | None:
        """The key in force that a token belongs to."""
        with self._engine.connect() as connection:
            return authenticate(connection, token, now, self._pepper)

    def any_key(self, now: datetime) -> bool:
        with self._engine.connect() as connection:
            return any_active_key(connection, now)
