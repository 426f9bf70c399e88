"""What the trees are to know of a service's fields."""

from serinus.service import Service
from services.iit.booster import Features


def features_of(service: Service) -> Features:
    words = {field.name: field.values for field in service.input.given if field.is_feature and field.values}
    return Features(service.input.names, words)
