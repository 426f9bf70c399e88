"""The key of a service's audit record, from where the settings say that it is kept."""

from serinus.settings import AuditSettings


def key_of(settings: AuditSettings) -> str | None:
    """ServiceError when the secret that is named cannot be read; None when nothing is named."""
    if settings.audit_key is not None or settings.audit_secret is None:
        return settings.audit_key
    from serinus.aws.secrets import secret_text  # who has the key at hand need not wait for AWS's library

    return secret_text(settings.audit_secret)
