"""`serinus features init`: a place for features, where there is none."""

from serinus.cli.features.place import AddressOption, place
from serinus.cli.options import ServiceOption


def init(service: ServiceOption, address: AddressOption = "") -> None:
    """Make the table or the folder that the features of a service go to, unless it is there.

    Try: serinus features init --service nuru
    """
    from serinus.stores import prepare

    where = place(service, address)
    made = prepare(where.section)
    print(f"made {where.shown}" if made else f"{where.shown} needs nothing to be made")
