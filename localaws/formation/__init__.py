"""CloudFormation as AWS runs it, in place of moto's: order, replacement, rollback, and no type that is ignored.

moto makes what a template adds before what it changes (a new Lambda version would hold the old code), deletes what is
to be retained, goes on without a type it does not know, and leaves half a stack where one resource fails. Here every
resource is made by the same API calls that AWS's own resource handlers make.
"""
