"""CloudWatch's metric math: arithmetic and functions over time series; pure."""

from pileus.languages.metric_math.evaluation import Grid, evaluate
from pileus.languages.metric_math.grammar import Expression, InvalidExpression, Unsupported, parse

__all__ = ["Expression", "Grid", "InvalidExpression", "Unsupported", "evaluate", "parse"]
