"""A bucket may log into another whatever the policy of that one is.

AWS (S3, PutBucketLogging): the target bucket must be the same account's and in the same region; without a right to
write there, the logs just do not come.
moto 5.2.5: refuses with InvalidTargetBucketForLogging. So CDK's stacks could not be made: there nothing says that the
target's policy comes before the bucket that logs into it.
"""

from moto.s3.models import FakeBucket

from localaws.patching import replace


def apply() -> None:
    replace(FakeBucket, _log_permissions_enabled_policy=staticmethod(_may_log))


def _may_log(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    return True
