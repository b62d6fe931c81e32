"""The collector as an ASGI application."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from litestar import Litestar
from litestar.exceptions import HTTPException

from collector.deploy_routes import DEPLOY_ROUTES
from collector.event_routes import EVENT_ROUTES
from collector.health_routes import HEALTH_ROUTES
from collector.model_routes import MODEL_ROUTES
from collector.openapi import openapi_config
from collector.problems import RequestError
from collector.reading_routes import READING_ROUTES
from collector.routes import answer_http_error, answer_problem, check_key
from collector.service import Collector, utc_now
from collector.settings import CollectorSettings


def create_app(
    settings: CollectorSettings,
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> Litestar:
    """The application. The store is opened when it starts up and closed, all rows written, when it shuts down."""

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        collector = Collector.open(settings, clock, monotonic)
        app.state["collector"] = collector
        try:
            yield
        finally:
            collector.close()

    return Litestar(
        route_handlers=[*EVENT_ROUTES, *MODEL_ROUTES, *DEPLOY_ROUTES, *READING_ROUTES, *HEALTH_ROUTES],
        lifespan=[running],
        guards=[check_key],
        exception_handlers={RequestError: answer_problem, HTTPException: answer_http_error},
        openapi_config=openapi_config(_version()),
        # Bodies are measured where they are read, against the limit of their route.
        request_max_body_size=None,
        logging_config=None,
    )


def _version() -> str:
    try:
        return version("modelwatch")
    except PackageNotFoundError:
        return "0"
