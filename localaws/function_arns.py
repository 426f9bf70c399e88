"""Which function an integration calls."""


def function_arn(uri: str) -> str:
    """The function's ARN, with its alias: as it stands, or inside the URI that a REST API and CDK write."""
    _, found, rest = uri.partition("/functions/")
    return rest.removesuffix("/invocations") if found else uri
