"""What the API is, told in OpenAPI 3.1: the shape of each resource, and each call with its body and its answers."""
