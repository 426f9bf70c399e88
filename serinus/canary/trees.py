"""Nested dataclasses of arrays, as one thing: chosen from, cut down, written as JSON and read back exactly."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Tree = TypeVar("Tree")


def mapped(change: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """`tree` with each array in it changed; `change` also gets the arrays in the same place of `others`."""
    return _mapped(change, tree, *others)  # type: ignore[no-any-return]  # of the kind of `tree`


def chosen(where: NDArray[np.bool_], these: Tree, those: Tree) -> Tree:
    """`these` where it is so, else `those`. where: [...], the leading axes of every array in them."""
    return mapped(
        lambda this, that: np.where(where.reshape(where.shape + (1,) * (this.ndim - where.ndim)), this, that),
        these,
        those,
    )


def packed(tree: Any) -> Any:
    """For JSON: exact, with the numbers that JSON does not have as words."""
    if is_dataclass(tree) and not isinstance(tree, type):
        return {field.name: packed(getattr(tree, field.name)) for field in fields(tree)}
    if isinstance(tree, np.ndarray | np.generic):
        return tree.tolist() if np.isfinite(tree).all() else packed(tree.tolist())
    if isinstance(tree, Mapping):
        return {str(key): packed(value) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        return [packed(part) for part in tree]
    return str(tree) if isinstance(tree, float) and not math.isfinite(tree) else tree


def unpacked(told: Any, like: Tree) -> Tree:
    """What `packed` told, as the dataclass, with the types of array, that `like` has."""
    return _unpacked(told, like)  # type: ignore[no-any-return]  # of the kind of `like`


def _mapped(change: Callable[..., Any], tree: Any, *others: Any) -> Any:
    if isinstance(tree, np.ndarray | np.generic):
        return change(tree, *others)
    if is_dataclass(tree) and not isinstance(tree, type):
        parts = {field.name: [getattr(one, field.name) for one in (tree, *others)] for field in fields(tree)}
        return replace(tree, **{name: _mapped(change, *values) for name, values in parts.items()})
    if isinstance(tree, tuple):
        return tuple(_mapped(change, *parts) for parts in zip(tree, *others, strict=True))
    if isinstance(tree, Mapping):
        return {key: _mapped(change, value, *(other[key] for other in others)) for key, value in tree.items()}
    return tree


def _unpacked(told: Any, like: Any) -> Any:
    if isinstance(like, np.ndarray | np.generic):
        array = np.asarray(_numbers(told), like.dtype)
        return array if array.size else array.reshape(like.shape)  # lists do not tell the shape of nothing
    if is_dataclass(like) and not isinstance(like, type):
        return replace(like, **{name: _unpacked(value, getattr(like, name)) for name, value in told.items()})
    if isinstance(like, tuple):
        return tuple(_unpacked(part, one) for part, one in zip(told, like, strict=True))
    return float(told) if isinstance(like, float) else told


def _numbers(told: Any) -> Any:
    if isinstance(told, list):
        return [_numbers(part) for part in told]
    return float(told) if isinstance(told, str) else told
