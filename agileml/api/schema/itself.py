"""This description."""

from agileml.api.described import OpenApi
from agileml.api.schema.kit import OBJECT, Call, Schema

SHAPES: dict[str, Schema] = {}
CALLS = {
    (OpenApi, "get"): Call("Read this description", {200: OBJECT}, words="Nobody has to log in for it.", is_open=True)
}
