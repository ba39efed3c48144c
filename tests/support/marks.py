"""Over what many tests run."""

import pytest

from core import ACTIVATIONS, DTYPES
from pages.text import LANGUAGES
from tests.support.cases import CASES, case_id

languages = pytest.mark.parametrize("language", LANGUAGES)
#: those whose words are typed in the tests
both_languages = pytest.mark.parametrize("language", ["en", "zh"])
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
cases = pytest.mark.parametrize("case", CASES, ids=case_id)
activations = pytest.mark.parametrize("key", ACTIVATIONS)
generator_stays = pytest.mark.usefixtures("global_generator_stays")
