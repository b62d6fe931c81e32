"""Predictions and labels in."""

from litestar import Response, post
from litestar.params import FromPath

from collector.intake import take_labels, take_predictions
from collector.openapi import LabelsOperation, PredictionsOperation
from collector.routes import WRITE, Call, collector_of, json_response


@post("/v1/models/{model:str}/predictions", status_code=200, opt=WRITE, operation_class=PredictionsOperation)
async def post_predictions(model: FromPath[str], request: Call) -> Response[bytes]:
    """Store predictions; answered once they are durable. Sending the same again is safe."""
    answer = await take_predictions(collector_of(request), model, request)
    return json_response(answer, answer.status)


@post("/v1/models/{model:str}/labels", status_code=200, opt=WRITE, operation_class=LabelsOperation)
async def post_labels(model: FromPath[str], request: Call) -> Response[bytes]:
    """Store what turned out to be true; a label may come before its prediction, and a later one corrects it."""
    answer = await take_labels(collector_of(request), model, request)
    return json_response(answer, answer.status)


EVENT_ROUTES = (post_predictions, post_labels)
