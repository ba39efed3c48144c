"""What other programs import from core stays where version 0.1 had it."""

import json
import subprocess
import sys

#: module of version 0.1 → every name without an underscore that it defined
FORMER = {
    "activations": """
        ACTIVATIONS Activation
    """,
    "checks": """
        Array DRAWN Kind MOST checked_array checked_dtype checked_flag checked_kind checked_progress
        checked_whole real unfit
    """,
    "comparison": """
        Comparison Entry LESSON_THREE MAX_CHARS MAX_ENTRIES MAX_FAN MAX_LAWS Signal by_connections
        expected_largest ordered signal
    """,
    "counting": """
        Count MAX_INPUT parameter_count summary_text
    """,
    "devices": """
        ALLOWED KINDS LARGE alone available free_bytes named resolve
    """,
    "errors": """
        Cancelled ComparisonError DeviceError DtypeError FormulaError InitLabError NetworkError
        ParameterError SchemeError ShapeError SizeError TableError shown
    """,
    "expectations": """
        Array FURTHEST NEAR_0 expectation expectations half_gap unknown
    """,
    "extremes": """
        COVERED Extreme MOST largest largest_density largest_quantile smallest
    """,
    "fans": """
        Fans MAX_DIMENSIONS MAX_SIZE checked_shape is_whole sequence
    """,
    "formula": """
        Array INNER MAX_BREAKS MAX_CHARS MAX_DEPTH MAX_POWER NAMES OUTER activation_of
    """,
    "generators": """
        global_generators
    """,
    "laws": """
        Array Band COVERAGE_SIGMAS EDGE_SIGMAS Expression FURTHEST FURTHEST_CUT Family Kind Law ONE ZERO
        checked_bins indicator normal orthogonal point quadrature sparse symmetric_uniform
        truncated_normal uniform
    """,
    "layers": """
        CONVOLUTIONS EMBEDDINGS GATES KINDS LARGEST Layer MAX_CHARS MOST_STACKED Start TRANSPOSED
    """,
    "lesson": """
        FAN_IN FAN_OUT LessonStep OwnDefault SOURCES SQRT5 STEPS own_defaults replay_lesson
    """,
    "meanfield": """
        Array DepthScales Gains MAX_DEPTH MOST Plane checked_depth chi1 correlation_fixed_point
        correlation_map critical_line critical_sigma_w2 depth_scales fixed_point gains length_map
        length_slope lengths mean mean_square plane slope_square variances width_constant
    """,
    "network": """
        BIASES Backward Dense FOLLOWS Gradient LESSON LESSON_PRINTED LINEAR_SCHEMES MAX_BATCH MAX_CHARS
        MAX_LAYERS MAX_UNITS Net Network OWN Step ThreeLayerNet backward checked_pairs checked_values
        different_units follow parameters_of seeded_input split written_parameters
    """,
    "outlook": """
        Array Expected FAR FURTHEST Fate Kind NEAR SHORTEST STILL Setting Spread expected
        expected_correlation fate setting spread
    """,
    "quiz": """
        ALPHA CANDIDATES KINDS Question questions
    """,
    "recipe": """
        MAX_SCHEMES call_code network_code pytorch_code signal_code
    """,
    "referee": """
        ALPHA CAST_ERRORS CELL Check EXACT_ZERO POWER RARE TAIL Verdict drawn_counts expected_counts
        expected_outside judge standard_errors
    """,
    "rosetta": """
        ALIKE Default Difference Distribution Equivalent FRAMEWORKS Framework NOTES defaults depthwise
        difference equivalents
    """,
    "rounding": """
        HELD LISTED REACH Rounded SEEN checked_drawn_in checked_held cut rounded_law share_outside spacing
        ways
    """,
    "sampling": """
        DRAWN_LIMIT DTYPES HELD_LIMIT PART PRODUCT_LIMIT Progress SHORTEST STREAMED_LIMIT WHOLE_COPIES
        check checked_seed draw streams summarize
    """,
    "schemes": """
        BLACK_2022 CUT_AT_TWO Call FAN_IN FAN_OUT GLOROT_2010 HE_2015 KERAS KLAMBAUER_2017 LARGEST
        LECUN_1998 LINEAR_DEFAULT MARTENS_2010 NARROW NGUYEN_2019 NONLINEARITIES PARAMETERS Parameter
        Params RADFORD_2019 RAFFEL_2020 SAXE_2014 SCHEMES SITZMANN_2020 SMALLEST Scheme Source TORCH
        TORCHTITAN Value YANG_2022 fan kept number proposals run scheme_of
    """,
    "signal": """
        Array BINS CloseUp HELD INPUTS Input MAX_BATCH MAX_DEPTH MAX_SEEDS MAX_WIDTH NOISE REACH SATURATED
        SignalTrace checked_bias checked_input checked_scale checked_seeds checked_sizes trace
    """,
    "structure": """
        TOLERANCE defects worked_in
    """,
    "summary": """
        CHUNK Counts DOT Summary Tally rounded rounded_to
    """,
    "table": """
        MAX_ROWS Rows read_table written written_table
    """,
}
#: Both by import and as an attribute of core, where core named the module; prints what is not there.
SCRIPT = """
import importlib, json, sys
import core
missing = []
for module, names in json.loads(sys.argv[1]).items():
    places = [importlib.import_module(f"core.{module}"), getattr(core, module, None)]
    for name in names:
        exec(f"from core.{module} import {name}")
        missing += [f"{module}.{name}" for place in places if place is not None and not hasattr(place, name)]
print(json.dumps(missing))
"""


def test_modules_of_version_0_1_have_all_that_they_had() -> None:
    """In an interpreter that has imported nothing else."""
    named = {module: names.split() for module, names in FORMER.items()}
    assert sum(map(len, named.values())) > 300
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(named)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == []
