"""Selectors: which namespaces an object admits others from (FromNamespaces, metav1.LabelSelector)."""

from translator.api.core import Namespace
from translator.api.gateway import FromNamespaces
from translator.api.meta import LabelExpression, LabelSelector
from translator.value import Key, Lookup

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"


def admits(allowed: FromNamespaces, home: str, namespace: str, namespaces: Lookup[Key, Namespace]) -> bool:
    """Say whether objects of `namespace` are admitted by an object of namespace `home`."""
    match allowed.from_:
        case "All":
            return True
        case "Same":
            return namespace == home
        case "Selector" if allowed.selector is not None:
            found = namespaces.get(Key("", namespace))
            labels = {} if found is None else found.metadata.labels
            return _selects(allowed.selector, {**labels, NAMESPACE_NAME_LABEL: namespace})
        case _:
            return False


def _selects(selector: LabelSelector, labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(it, labels) for it in selector.match_expressions
    )


def _holds(expression: LabelExpression, labels: dict[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False
