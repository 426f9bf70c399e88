"""What is known about the classes of scikit-learn, XGBoost and LightGBM: which reader draws which."""

from typing import Any

from export.sketch import Answer, Readers, Sketch
from export.sklearn_boosters import lightgbm, xgboost
from export.sklearn_calibrated import calibrated
from export.sklearn_encoders import one_hot, ordinal
from export.sklearn_linear import linear, logistic
from export.sklearn_stacks import stacking
from export.sklearn_transformers import arithmetic, columns, identity, imputer, pipeline
from export.sklearn_trees import boosted, forest, histogram_boosted
from export.sklearn_votes import voting_classifier, voting_regressor
from export.wires import Wire


def _pipeline(sketch: Sketch, pipeline: Any, given: Wire) -> Answer:
    for _, part in pipeline.steps[:-1]:
        given = sketch.transformed(part, given)
    return sketch.answered(pipeline.steps[-1][1], given)


def _inner(sketch: Sketch, wrapper: Any, given: Wire) -> Answer:
    return sketch.answered(wrapper.estimator, given)


FORESTS = (
    *("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
    *("DecisionTreeClassifier", "DecisionTreeRegressor"),
)
LINEAR = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
XGBOOST = ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor")

READERS = Readers(
    transformers={
        "Pipeline": pipeline,
        "ColumnTransformer": columns,
        "SimpleImputer": imputer,
        **dict.fromkeys(("StandardScaler", "MinMaxScaler", "RobustScaler"), arithmetic),
        "OneHotEncoder": one_hot,
        "OrdinalEncoder": ordinal,
        "FunctionTransformer": identity,
    },
    estimators={
        **dict.fromkeys(FORESTS, forest),
        **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), boosted),
        **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), histogram_boosted),
        **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV"), logistic),
        **dict.fromkeys(LINEAR, linear),
        "VotingClassifier": voting_classifier,
        "VotingRegressor": voting_regressor,
        **dict.fromkeys(("StackingClassifier", "StackingRegressor"), stacking),
        "CalibratedClassifierCV": calibrated,
        **dict.fromkeys(XGBOOST, xgboost),
        **dict.fromkeys(("LGBMClassifier", "LGBMRegressor"), lightgbm),
        "Pipeline": _pipeline,
        "FrozenEstimator": _inner,
    },
)
